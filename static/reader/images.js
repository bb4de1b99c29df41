// Cases ahead, fetched and decoded; failures are evicted and tried again.

const TIMEOUT_MS = 20000, WAITS_MS = [300, 1000, 3000, 8000, 15000];

// RGBA bytes of a PNG, or raw grey values of a film.
export async function decode(image) {
  const answer = await fetch(image.url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(answer.status);
  const { width, height, bits } = image;
  if (image.media === "u16") {
    const data = new Uint16Array(await answer.arrayBuffer(), 16);
    if (data.length !== width * height) throw new Error("length");
    return { width, height, bits, channels: 1, data };
  }
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(await answer.blob(), options);
  if (bitmap.width !== width || bitmap.height !== height) throw new Error("size");
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, bits: 8, channels: 3, data };
}

const PATIENCE = 3;

export class Images {
  #entries = new Map();

  constructor(prepare, failed) {
    this.prepare = prepare;
    this.failed = failed;
  }

  // Keep these cases and no others.
  want(cases) {
    const wanted = new Map(cases.map((one) => [one.assignment, one]));
    for (const [id, entry] of this.#entries)
      if (!wanted.has(id)) {
        clearTimeout(entry.timer);
        this.#entries.delete(id);
      }
    for (const one of wanted.values()) if (!this.#entries.has(one.assignment)) this.#start(one, 0);
  }

  ready(assignment) {
    return this.#entries.get(assignment)?.pixels;
  }

  // Tried in vain more than once or twice.
  isFailing(assignment) {
    return this.#entries.get(assignment)?.tries >= PATIENCE;
  }

  retryNow() {
    for (const entry of this.#entries.values())
      if (entry.timer) {
        clearTimeout(entry.timer);
        this.#start(entry.one, 0);
      }
  }

  #start(one, tries) {
    const entry = { one, tries };
    this.#entries.set(one.assignment, entry);
    const isCurrent = () => this.#entries.get(one.assignment) === entry;
    decode(one.image)
      .then((pixels) => {
        if (!isCurrent()) return;
        this.prepare(pixels);
        entry.pixels = pixels;
        this.onready?.(one.assignment);
      })
      .catch((error) => {
        if (!isCurrent()) return;
        const wait = WAITS_MS[Math.min(tries, WAITS_MS.length - 1)];
        entry.timer = setTimeout(() => isCurrent() && this.#start(one, tries + 1), wait);
        entry.tries += 1;
        this.failed(error);
      });
  }
}
