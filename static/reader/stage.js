// The image in device pixels: zoom, pan, window and level.
import { resample } from "./kernel.js";

const ZOOM_STEP = 1.25, ZOOM_TOP = 16;
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export class Stage {
  pixels = null;
  nearest = false;
  inverted = false;
  preset = 0;
  zoom = 1;
  peak = 1;
  x = 0.5; // centre of the view, as a share of the image
  y = 0.5;

  constructor(canvas, frame, display, changed) {
    Object.assign(this, { canvas, frame, display, changed });
    this.context = canvas.getContext("2d", { alpha: false });
    this.#fullWindow();
    document.documentElement.style.setProperty("--surround", display.surround);
    new ResizeObserver(() => this.layout()).observe(frame);
    addEventListener("resize", () => this.layout());
    this.layout();
    this.#gestures();
  }

  // The asked size in device pixels, held by what the screen has room for.
  layout() {
    const dpr = devicePixelRatio, { native, scale, width_cm } = this.display;
    const room = Math.min(this.frame.clientWidth, this.frame.clientHeight) * dpr;
    this.cm = width_cm && Number(localStorage.getItem("semblance.px_per_cm")); // 0 = not calibrated
    let side = this.cm ? width_cm * this.cm * dpr : native * Math.round(scale * dpr);
    if (side > room) side = room >= 4 * native ? native * Math.floor(room / native) : room;
    side = Math.max(32, Math.floor(side));
    if (side === this.side && dpr === this.dpr) return;
    this.side = this.canvas.width = this.canvas.height = side;
    this.dpr = dpr;
    this.canvas.style.width = this.canvas.style.height = `${side / dpr}px`;
    if (this.pixels) this.paint();
    this.changed(this);
  }

  get fit() {
    return this.side / this.display.native;
  }

  get scale() {
    return this.fit * this.zoom;
  }

  // Ahead of time: the whole image at fit.
  prepare(pixels) {
    const { side, nearest } = this;
    if (pixels.ready?.side === side && pixels.ready.nearest === nearest) return pixels.ready.out;
    const view = { scale: this.fit, x: 0, y: 0, width: side, height: side };
    pixels.ready = { side, nearest, out: this.#enlarge(pixels, view) };
    return pixels.ready.out;
  }

  #enlarge(pixels, view) {
    const film = pixels.channels === 1, size = view.width * view.height;
    const out = film ? new Uint16Array(size) : new Uint8ClampedArray(4 * size).fill(255);
    return resample(pixels, view, out, film ? 1 : 4, 2 ** pixels.bits - 1, this.nearest);
  }

  show(pixels) {
    this.pixels = pixels;
    this.zoom = this.peak = 1;
    this.x = this.y = 0.5;
    this.paint();
  }

  blank() {
    this.pixels = null;
    this.#clear();
  }

  #clear() {
    this.context.fillStyle = this.display.surround;
    this.context.fillRect(0, 0, this.side, this.side);
  }

  paint() {
    const { side, scale, pixels } = this;
    if (!pixels) return this.blank();
    if (this.zoom === 1) return this.#put(this.prepare(pixels), 0, 0, side, side);
    const whole = Math.round(this.display.native * scale), half = side / 2;
    const reach = Math.min(0.5, half / whole);
    this.x = clamp(this.x, reach, 1 - reach);
    this.y = clamp(this.y, reach, 1 - reach);
    const size = Math.min(side, whole), at = Math.floor((side - size) / 2);
    const from = (share) => clamp(Math.round(share * whole - half), 0, whole - size);
    const view = { scale, x: from(this.x), y: from(this.y), width: size, height: size };
    if (size < side) this.#clear();
    this.#put(this.#enlarge(pixels, view), at, at, size, size);
  }

  #put(out, x, y, width, height) {
    let image;
    if (this.pixels.channels === 1) {
      const table = this.#table(this.pixels.bits);
      image = new ImageData(width, height);
      const words = new Uint32Array(image.data.buffer);
      for (let i = 0; i < out.length; i++) words[i] = table[out[i]];
    } else image = new ImageData(out, width, height);
    this.context.putImageData(image, x, y);
  }

  // Grey value -> packed RGBA, for the window in percent of the shown range.
  #table(bits) {
    const key = `${bits} ${this.low} ${this.high} ${this.inverted}`;
    if (this.tableKey === key) return this.lut;
    const top = 2 ** bits - 1, low = (this.low / 100) * top, high = (this.high / 100) * top;
    this.lut = new Uint32Array(top + 1);
    for (let v = 0; v <= top; v++) {
      const level = clamp(Math.floor((255 * (v - low)) / (high - low) + 0.5), 0, 255);
      const grey = this.inverted ? 255 - level : level;
      this.lut[v] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
    }
    this.tableKey = key;
    return this.lut;
  }

  #fullWindow() {
    [this.low, this.high] = this.display.presets[0]?.window ?? [0, 100];
  }

  #again() {
    this.paint();
    this.changed(this);
  }

  zoomTo(zoom) {
    this.zoom = clamp(zoom, Math.min(1, 1 / this.fit), Math.max(ZOOM_TOP, 1 / this.fit));
    this.peak = Math.max(this.peak, this.zoom);
    this.#again();
  }

  zoomBy = (direction) => this.zoomTo(this.zoom * ZOOM_STEP ** direction);
  oneToOne = () => this.zoomTo(1 / this.fit);

  pan(dx, dy) {
    this.x += dx / this.zoom;
    this.y += dy / this.zoom;
    this.#again();
  }

  get isFilm() {
    return this.display.presets.length > 0;
  }

  level(dCentre, dWidth) {
    if (!this.isFilm) return;
    const centre = clamp((this.low + this.high) / 2 + dCentre, 0, 100);
    const width = clamp(this.high - this.low + dWidth, 2, 150);
    this.low = centre - width / 2;
    this.high = centre + width / 2;
    this.#again();
  }

  nextPreset() {
    if (!this.isFilm) return;
    this.preset = (this.preset + 1) % this.display.presets.length;
    [this.low, this.high] = this.display.presets[this.preset].window;
    this.#again();
  }

  invert() {
    if (!this.display.invert) return;
    this.inverted = !this.inverted;
    this.#again();
  }

  reset() {
    this.preset = 0;
    this.inverted = this.nearest = false;
    this.#fullWindow();
    this.zoomTo(1);
  }

  toggleKernel() {
    if (!this.display.kernel_toggle) return;
    this.nearest = !this.nearest;
    this.#again();
  }

  state() {
    const film = this.isFilm ? { window: [this.low, this.high], invert: this.inverted } : {};
    return { zoom: this.peak, kernel: this.nearest ? "nearest" : "bicubic", dpr: this.dpr,
      scale: this.fit, calibrated: this.cm > 0, ...film };
  }

  caption() {
    const { native, um_per_px, presets } = this.display, { label, window } = presets[this.preset] ?? {};
    const isPreset = window?.[0] === this.low && window[1] === this.high;
    return [
      `${native} × ${native} px`,
      this.nearest ? "nearest pixel" : "Catmull-Rom",
      `× ${(this.scale / this.dpr).toFixed(1)}`,
      isPreset ? label : label && `window ${Math.round(this.low)} to ${Math.round(this.high)} %`,
      this.inverted && "inverted",
      this.cm && `${(this.side / this.dpr / this.cm).toFixed(1)} cm on screen`,
      um_per_px ? `${(um_per_px * native).toFixed(0)} µm across` : "no scale",
    ].filter(Boolean).join(" · ");
  }

  // One finger or button pans a zoomed image (levels a film that is not), two fingers pinch.
  #gestures() {
    const held = new Map(), { canvas } = this;
    const spread = () => {
      const [a, b] = [...held.values()];
      return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    };
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      held.set(event.pointerId, event);
    };
    canvas.onpointermove = (event) => {
      const before = held.get(event.pointerId), width = canvas.clientWidth;
      if (!before) return;
      const wide = held.size === 2 && spread();
      held.set(event.pointerId, event);
      const dx = (event.clientX - before.clientX) / width;
      const dy = (event.clientY - before.clientY) / width;
      if (wide) this.zoomTo((this.zoom * spread()) / wide);
      else if (this.zoom > 1) this.pan(-dx, -dy);
      else this.level(dy * 100, dx * 100);
    };
    canvas.onpointerup = canvas.onpointercancel = (event) => held.delete(event.pointerId);
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return; // trackpads pinch so; scrolling stays with the page
      event.preventDefault();
      this.zoomTo(this.zoom * Math.exp(-event.deltaY / 100));
    }, { passive: false });
  }
}
