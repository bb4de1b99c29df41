// The image in device pixels: size and kernel. zoom.js adds zoom and pan, film.js window and level.
import { resample } from "./kernel.js";

export class Stage {
  pixels = null;
  zoom = 1;
  peak = 1;
  x = 0.5; // centre of the view, as a share of the image
  y = 0.5;

  constructor(canvas, frame, display, changed) {
    Object.assign(this, { canvas, frame, display, changed, nearest: display.nearest });
    this.context = canvas.getContext("2d", { alpha: false });
    document.documentElement.style.setProperty("--surround", display.surround);
    new ResizeObserver(() => this.layout()).observe(frame);
    addEventListener("resize", () => this.layout());
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
    this.again();
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
    if (pixels.ready?.side !== side || pixels.ready.nearest !== nearest)
      pixels.ready = { side, nearest, out: this.whole(pixels, side) };
    return pixels.ready.out;
  }

  // The whole image, `side` device pixels wide.
  whole(pixels, side) {
    return this.enlarge(pixels, { scale: side / pixels.width, x: 0, y: 0, width: side, height: side });
  }

  enlarge(pixels, view) {
    const out = new Uint8ClampedArray(4 * view.width * view.height).fill(255);
    return resample(pixels, view, out, 4, 255, this.nearest);
  }

  // What enlarged values look like on a screen.
  drawn(out, side) {
    return new ImageData(out, side, side);
  }

  show(pixels) {
    this.pixels = pixels;
    this.zoom = this.peak = 1;
    this.x = this.y = 0.5;
    this.again();
  }

  blank() {
    this.pixels = null;
    this.clear();
  }

  clear() {
    this.context.fillStyle = this.display.surround;
    this.context.fillRect(0, 0, this.side, this.side);
  }

  paint() {
    if (this.pixels) this.put(this.prepare(this.pixels), 0, this.side);
    else this.clear();
  }

  put(out, at, size) {
    this.context.putImageData(this.drawn(out, size, this.pixels), at, at);
  }

  again() {
    this.paint();
    this.changed(this);
  }

  reset() {
    this.nearest = this.display.nearest;
    this.zoom = 1;
    this.again();
  }

  toggleKernel() {
    if (this.display.kernel_toggle) this.nearest = !this.nearest;
    this.again();
  }

  state() {
    return { zoom: this.peak, kernel: this.nearest ? "nearest" : "bicubic", dpr: this.dpr,
      scale: this.fit, calibrated: this.cm > 0 };
  }

  caption() {
    const { native, um_per_px } = this.display;
    return [
      `${native} × ${native} px`,
      this.nearest ? "nearest pixel" : "Catmull-Rom",
      `× ${(this.scale / this.dpr).toFixed(1)}`,
      ...(this.tone ?? []), // of a film
      this.cm && `${(this.side / this.dpr / this.cm).toFixed(1)} cm on screen`,
      um_per_px ? `${(um_per_px * native).toFixed(0)} µm across` : "no scale",
    ].filter(Boolean).join(" · ");
  }
}
