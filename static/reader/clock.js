// Times of one case. Active = visible and not idle; gaps are settled when the next event arrives.

export class Clock {
  constructor(idleMs) {
    this.idleMs = idleMs;
    for (const name of ["keydown", "pointerdown", "pointermove", "wheel"])
      addEventListener(name, (event) => this.input(event), { capture: true, passive: true });
    document.addEventListener("visibilitychange", () =>
      document.hidden ? this.#close() : this.#open());
    this.start();
  }

  start() {
    this.active = this.visible = this.paused = 0;
    this.began = performance.now();
    this.shownAt = new Date().toISOString();
    this.firstAt = null;
    this.last = document.hidden ? null : this.began;
  }

  input({ type }) {
    if (type === "keydown" || type === "pointerdown") this.firstAt ??= new Date().toISOString();
    this.#close();
    this.#open();
  }

  // A break: time goes on, but nobody reads.
  pause() {
    this.#close();
    this.paused = performance.now();
  }

  resume() {
    if (this.paused && !document.hidden) this.visible += performance.now() - this.paused;
    this.paused = 0;
    this.#open();
  }

  #close() {
    if (this.last === null) return;
    const gap = performance.now() - this.last;
    this.visible += gap;
    this.active += Math.min(gap, this.idleMs);
    this.last = null;
  }

  #open() {
    if (!this.paused && !document.hidden) this.last = performance.now();
  }

  read() {
    this.#close();
    this.#open();
    const [active, visible] = [Math.round(this.active), Math.round(this.visible)];
    return { shown_at: this.shownAt, first_input_at: this.firstAt,
      committed_at: new Date().toISOString(), active_ms: active, visible_ms: visible,
      idle_ms: visible - active, wall_ms: Math.round(performance.now() - this.began) };
  }
}
