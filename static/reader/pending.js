// Answers that the server has not confirmed yet. One storage item each, bound to user and study:
// two tabs never overwrite one another, and another person on this browser never sees or sends them.

const WAITS_MS = [500, 1000, 2000, 4000, 8000, 15000, 30000];

export class Pending {
  #memory = new Map();
  #busy = false;
  #tries = 0;
  #timer = 0;
  #count = 0;
  isStored = true;

  // send(body) resolves to "done", "retry" or "wait" (until wake() is called).
  constructor(prefix, send, changed) {
    Object.assign(this, { prefix, send, changed });
    addEventListener("online", () => this.wake());
    addEventListener("storage", (event) => event.key?.startsWith(prefix) && changed());
  }

  // Keep an answer before anything else happens.
  add(body) {
    const order = `${Date.now()}`.padStart(15, "0") + `${this.#count++}`.padStart(6, "0");
    const name = `${this.prefix}${order}.${body.key}`;
    const text = JSON.stringify(body);
    try {
      localStorage.setItem(name, text);
    } catch {
      this.isStored = false; // storage full or switched off: the page says so and holds on
      this.#memory.set(name, text);
    }
    this.changed();
  }

  #names() {
    const names = [...this.#memory.keys()];
    for (let i = 0; i < localStorage.length; i++) {
      const name = localStorage.key(i);
      if (name.startsWith(this.prefix)) names.push(name);
    }
    return names.sort();
  }

  #read(name) {
    const text = this.#memory.get(name) ?? localStorage.getItem(name);
    return text && JSON.parse(text);
  }

  get all() {
    return this.#names().map((name) => this.#read(name)).filter(Boolean);
  }

  get size() {
    return this.#names().length;
  }

  wake() {
    this.#tries = 0;
    this.flush();
  }

  // Send in the order of answering, one at a time.
  async flush() {
    if (this.#busy) return;
    this.#busy = true;
    clearTimeout(this.#timer);
    let outcome = "done";
    for (let name = this.#names()[0]; name && outcome === "done"; name = this.#names()[0]) {
      const body = this.#read(name);
      if (!body) continue;
      outcome = await this.send(body);
      if (outcome !== "done") break;
      this.#tries = 0;
      this.#memory.delete(name);
      localStorage.removeItem(name);
      this.changed();
    }
    this.#busy = false;
    if (outcome !== "retry") return;
    const wait = WAITS_MS[Math.min(this.#tries++, WAITS_MS.length - 1)];
    this.#timer = setTimeout(() => this.flush(), wait);
  }
}
