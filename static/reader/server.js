// Talking to the server: one answer at a time, and the truth about what became of it.

const TIMEOUT_MS = 20000, PAUSE_MS = 15000;

export class Server {
  #refreshing = false;

  // on: {stored, rejected, applied, stopped, connected}
  constructor(config, on) {
    Object.assign(this, { config, on, token: config.csrf });
  }

  async #ask(url, options = {}) {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(url, { ...options, signal, redirect: "error" });
    const isJson = answer.headers.get("Content-Type")?.startsWith("application/json");
    return { code: answer.status, news: isJson ? await answer.json() : {} };
  }

  // Resolves to what Pending does next: "done", "retry" or "wait".
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
    if (["paused", "closed", "not_reading"].includes(news.error)) return this.#stop(news.error, news);
    // A stale token after signing in again, or somebody else's session: ask who is there.
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

  // Ask where we stand. True when this reader may go on.
  async refresh() {
    if (this.#refreshing) return false;
    this.#refreshing = true;
    try {
      const { code, news } = await this.#ask(this.config.urls.next);
      if (code === 401) return void this.#stop("signed_out");
      if (code !== 200) return void (await this.#later());
      if (news.user !== this.config.user) return void this.#stop("other_person");
      this.token = news.csrf;
      this.on.connected(true);
      this.on.applied(news);
      return true;
    } catch {
      this.on.connected(false);
      return void (await this.#later());
    } finally {
      this.#refreshing = false;
    }
  }

  async #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), 3000);
  }

  // An image that is refused (not merely late) means that the list has moved on.
  imageFailed(error) {
    if (error.name === "TypeError" || error.name === "TimeoutError") this.on.connected(false);
    this.#later();
  }
}
