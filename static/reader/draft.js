// The answer in the making. The verdict here is a preview; the server derives the one that counts.

export class Draft {
  criteria = new Map();
  value = null;
  perceivedClass = "";
  note = "";
  flags = []; // set now, beside those
  unjudged = ""; // why an earlier answer was that it cannot be judged
  flagged = []; // set with an earlier answer, which stand
  typed = {}; // in dialogs that were left without keeping it
  context = {}; // what was looked at beside the image

  constructor(one, config) {
    this.one = one;
    this.kind = config.part.kind;
    this.rules = config.criteria.filter(({ code }) => one.criteria.includes(code));
    const said = one.answer;
    if (said) {
      this.criteria = new Map(Object.entries(said.criteria));
      Object.assign(this, { unjudged: said.cannot_judge, value: said.value, perceivedClass: said.perceived_class, note: said.note,
        flagged: said.flags });
    } else
      for (const { code, preset } of this.rules) if (preset) this.criteria.set(code, "not_judgeable");
  }

  get byCriteria() {
    return this.kind === "plausibility" || this.kind === "lesion";
  }

  state(code) {
    return this.criteria.get(code);
  }

  toggle(code, state) {
    if (!this.rules.some((rule) => rule.code === code)) return;
    if (this.criteria.get(code) === state) this.criteria.delete(code);
    else this.criteria.set(code, state);
    if (!this.asksClass && this.byCriteria) this.perceivedClass = "";
  }

  // No criterion fails; in a full form those that are open pass.
  passRest() {
    for (const { code, counts } of this.rules) {
      const said = this.criteria.get(code);
      if (!said || (!this.one.full_form && counts && said === "fails"))
        this.criteria.set(code, "passes");
    }
  }

  #counting(state) {
    return this.rules.filter((r) => r.counts && this.criteria.get(r.code) === state);
  }

  get open() {
    return this.rules.filter((r) => !this.criteria.has(r.code));
  }

  get asksClass() {
    return this.rules.some((r) => r.opens && this.criteria.get(r.code) === "fails");
  }

  // "plausible", "implausible", "unseen" or "" while open.
  get verdict() {
    if (this.#counting("fails").length) return "implausible";
    if (this.open.some((r) => r.counts)) return "";
    return this.#counting("passes").length ? "plausible" : "unseen";
  }

  get failing() {
    return this.#counting("fails").length;
  }

  // What keeps it from being committed, or "".
  get problem() {
    if (this.kind === "identify") return this.perceivedClass ? "" : "Choose a class first.";
    if (!this.byCriteria) return this.value ? "" : "Choose a level first.";
    if (this.one.full_form && this.open.length)
      return `This case asks for every criterion: ${this.open.length} still open.`;
    return this.verdict ? "" : "Say plausible, or mark what fails.";
  }

  body() {
    return { criteria: Object.fromEntries(this.criteria), value: this.value,
      perceived_class: this.perceivedClass, note: this.note, flags: this.flags, cannot_judge: "" };
  }
}
