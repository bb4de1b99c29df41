// Films: raw grey values with window, level and inversion. Loaded for parts of films only.
import { resample } from "./kernel.js";
import { Stage } from "./stage.js";

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export class FilmStage extends Stage {
  inverted = false;
  preset = 0;
  low = this.display.presets[0].window[0];
  high = this.display.presets[0].window[1];

  enlarge(pixels, view) {
    const out = new Uint16Array(view.width * view.height);
    return resample(pixels, view, out, 1, 2 ** pixels.bits - 1, this.nearest);
  }

  drawn(out, side, { bits }) {
    const table = this.#table(bits), image = new ImageData(side, side);
    const words = new Uint32Array(image.data.buffer);
    for (let i = 0; i < out.length; i++) words[i] = table[out[i]];
    return image;
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

  level(dCentre, dWidth) {
    const centre = clamp((this.low + this.high) / 2 + dCentre, 0, 100);
    const width = clamp(this.high - this.low + dWidth, 2, 150);
    this.low = centre - width / 2;
    this.high = centre + width / 2;
    this.again();
  }

  #choose(preset) {
    this.preset = preset;
    [this.low, this.high] = this.display.presets[preset].window;
  }

  nextPreset() {
    this.#choose((this.preset + 1) % this.display.presets.length);
    this.again();
  }

  invert() {
    if (!this.display.invert) return;
    this.inverted = !this.inverted;
    this.again();
  }

  reset() {
    this.#choose(0);
    this.inverted = false;
    super.reset();
  }

  state() {
    return { ...super.state(), window: [this.low, this.high], invert: this.inverted };
  }

  get tone() {
    const { label, window } = this.display.presets[this.preset];
    const isPreset = window[0] === this.low && window[1] === this.high;
    return [
      isPreset ? label : `window ${Math.round(this.low)} to ${Math.round(this.high)} %`,
      this.inverted && "inverted",
    ];
  }
}
