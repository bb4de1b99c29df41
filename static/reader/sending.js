// Answers on their way: kept until confirmed, sent in order, and the truth about each.

const TIMEOUT_MS = 20000, PAUSE_MS = 15000, PATIENCE = 3;
const WAITS_MS = [500, 1000, 2000, 4000, 8000, 15000, 30000];

// What stops a reader for now or for good; an answer is kept meanwhile. Each has its dialog.
export const HALTS = ["paused", "resting", "held", "closed", "not_reading"];

// Unconfirmed answers, a storage item each, bound to user and study: safe from tabs and others.
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

  add(body) {
    const order = `${Date.now()}`.padStart(15, "0") + `${this.#count++}`.padStart(6, "0");
    const name = `${this.prefix}${order}.${body.key}`;
    const text = JSON.stringify(body);
    try {
      localStorage.setItem(name, text);
    } catch {
      this.isStored = false; // full or switched off
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

  // In the order of answering.
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

export class Server {
  #refreshing = false;
  #failed = {}; // address -> tries in a row that ended in a server error

  constructor(config, on) {
    Object.assign(this, { config, on, token: config.csrf });
  }

  async #ask(url, options = {}) {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(url, { ...options, signal, redirect: "error" });
    const was = this.isFailing, isFault = answer.status >= 500 || answer.status === 429;
    this.#failed[url] = isFault ? (this.#failed[url] ?? 0) + 1 : 0;
    if (this.isFailing !== was) this.on.changed();
    const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
    return { code: answer.status, news: isJson ? await answer.json() : {} };
  }

  get isFailing() {
    return Object.values(this.#failed).some((tries) => tries >= PATIENCE);
  }

  async send(body) {
    let code, news;
    try {
      const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token };
      const options = { method: "POST", headers, body: JSON.stringify(body) };
      ({ code, news } = await this.#ask(this.config.urls.submit, options));
    } catch {
      this.on.connected(false);
      return "retry";
    }
    if (code >= 500 || code === 429) return "retry";
    if (code === 200) {
      this.on.connected(true);
      this.on.stored(news, body);
      setTimeout(() => this.on.applied(news)); // once this answer has left the pending ones
      return "done";
    }
    return this.#refused(code, news, body);
  }

  async #refused(code, news, body) {
    if (code === 401) return this.#stop("signed_out");
    if (HALTS.includes(news.error)) return this.#stop(news.error, news);
    // A stale token, or somebody else's session: ask who is there.
    if ((code === 403 || code === 404) && !(await this.refresh())) return "wait";
    if (code === 403) return "retry";
    this.on.rejected(news.message || "the server did not accept it. Please answer the case again.", body);
    setTimeout(() => this.refresh());
    return "done";
  }

  #stop(why, news) {
    this.on.stopped(why, news);
    setTimeout(() => this.refresh(), PAUSE_MS);
    return "wait";
  }

  // True when this reader may go on.
  async refresh() {
    if (this.#refreshing) return false;
    this.#refreshing = true;
    try {
      const { code, news } = await this.#ask(this.config.urls.next);
      if (code === 401) return void this.#stop("signed_out");
      if (code !== 200) return void this.later();
      if (news.user !== this.config.user) return void this.#stop("other_person");
      this.token = news.csrf;
      this.on.connected(true);
      this.on.applied(news);
      return true;
    } catch {
      this.on.connected(false);
      return void this.later();
    } finally {
      this.#refreshing = false;
    }
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), 1500);
  }

  imageFailed(error) {
    if (error.name === "TypeError" || error.name === "TimeoutError") this.on.connected(false);
    this.later();
  }
}
