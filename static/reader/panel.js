// Around the image: question, criteria, levels, verdict so far, dialogs.

const $ = (id) => document.getElementById(id);
const WORDS = { passes: "passes", fails: "fails", not_judgeable: "not judgeable" };
const VERDICTS = { plausible: "Plausible", unseen: "Cannot judge: nothing judgeable", "": "" };

const labelOf = (dialog, value) =>
  document.querySelector(`#${dialog} [value="${value}"]`)?.parentElement.lastElementChild.textContent;
export const flagName = ({ kind }) => labelOf("ask-flag", kind);

export class Panel {
  constructor(config, act) {
    this.config = config;
    this.rows = [...document.querySelectorAll("#criteria li")];
    this.levels = [...document.querySelectorAll("#scale button")];
    this.picker = $("class-choice");
    for (const row of this.rows) {
      const [fail, unseen] = row.querySelectorAll("button");
      fail.onclick = () => act("mark", row.dataset.code, "fails");
      unseen.onclick = () => act("mark", row.dataset.code, "not_judgeable");
    }
    // The second click of a double one would answer a case that nobody has looked at.
    for (const level of this.levels)
      level.onclick = ({ detail }) => detail > 1 || act("level_chosen", +level.dataset.value);
    for (const button of document.querySelectorAll("[data-act]"))
      button.onclick = () => act(button.dataset.act);
    this.picker?.addEventListener("change", () => act("class_chosen", this.picker.value));
  }

  // Texts that change with the case.
  show(draft, reopened) {
    const { one } = draft, { part } = this.config;
    $("question").textContent = part.question.replace("{class_name}", one.class_name || "cell");
    $("class-note").textContent = draft.byCriteria ? one.note
      : one.class_name && `Labelled as: ${one.class_name}`;
    if ($("whole-note")) $("whole-note").textContent = one.note && `${one.class_name}: ${one.note}`;
    $("position").textContent = `${one.position} of ${one.total}` + (innerWidth > 384 ? " in your list" : "");
    $("done").max = one.total;
    $("done").value = one.position - 1;
    $("full-form").hidden = !one.full_form;
    $("reopened").hidden = !reopened;
    for (const row of this.rows) {
      const applies = one.criteria.includes(row.dataset.code);
      row.classList.toggle("off", !applies);
      for (const button of row.querySelectorAll("button")) button.disabled = !applies;
      const expected = one.expectations[row.dataset.code];
      row.querySelector(".hint").textContent = applies
        ? (expected ? `Expected: ${expected}` : row.dataset.help)
        : "Does not apply to this class";
    }
    this.update(draft);
    if (draft.kind === "identify") this.picker?.focus({ preventScroll: true });
  }

  // Texts that change with the answer.
  update(draft) {
    for (const row of this.rows) {
      const state = draft.state(row.dataset.code) || "";
      const [fail, unseen] = row.querySelectorAll("button");
      row.dataset.state = state;
      fail.setAttribute("aria-pressed", state === "fails");
      unseen.setAttribute("aria-pressed", state === "not_judgeable");
      row.querySelector(".mark").textContent = WORDS[state] || "";
    }
    for (const level of this.levels)
      level.setAttribute("aria-pressed", +level.dataset.value === draft.value);
    if (this.picker) {
      this.picker.parentElement.hidden = draft.byCriteria && !draft.asksClass;
      this.picker.value = draft.perceivedClass;
    }
    const { verdict, failing } = draft;
    $("verdict").dataset.verdict = draft.byCriteria ? verdict : "";
    $("verdict").textContent = !draft.byCriteria ? "" : verdict === "implausible"
      ? `Implausible: ${failing} ${failing === 1 ? "criterion fails" : "criteria fail"}`
      : VERDICTS[verdict];
    if (draft.unjudged && !$("verdict").textContent)
      $("verdict").textContent = `You said: cannot judge (${labelOf("ask-reason", draft.unjudged)})`;
    const flags = [...draft.flagged, ...draft.flags].map(flagName).join("; ");
    const extras = [draft.note && "note", flags && `flag: ${flags}`].filter(Boolean);
    $("extras").textContent = extras.length ? `With ${extras.join(", ")}` : "";
    for (const button of document.querySelectorAll('[data-act="plausible"]'))
      button.setAttribute("aria-pressed", verdict === "plausible");
  }

  // Without a case nothing is said of one.
  clear() {
    for (const button of document.querySelectorAll(".commit [aria-pressed]"))
      button.setAttribute("aria-pressed", false);
    $("extras").textContent = $("verdict").textContent = "";
  }

  pickClass() {
    if (!this.picker.parentElement.hidden) this.picker.focus();
  }

  caption(text) {
    $("caption").textContent = text;
  }

  cover(text) {
    $("cover").hidden = !text;
    $("cover").textContent = text;
  }

  say(text) {
    $("said").textContent = text;
  }

  status(text, mood) {
    $("status").textContent = text;
    $("status").dataset.mood = mood;
  }
}

export const count = (n) => (n === 1 ? "1 answer" : `${n} answers`);

export const isOpen = () => document.querySelector("dialog[open]") !== null;

// The form's fields when it was confirmed, else null. Digits choose, where shortcuts are on.
// `typed` keeps what is dismissed, to stand there when it is asked again.
export function ask(id, said = "", typed = {}, hasKeys = false) {
  const dialog = $(id), form = dialog.querySelector("form"), text = form.querySelector("textarea");
  form.reset();
  if (text) text.value = typed[text.name] ?? said;
  const { reason, note } = form.elements;
  form.oninput = () => note?.setCustomValidity(
    reason?.value === "other" && !note.value.trim() ? "Please say in a note what it is." : "");
  form.oninput();
  form.onkeydown = ({ target, code, ctrlKey, metaKey }) => {
    if (text && code === "Enter" && (ctrlKey || metaKey)) return form.requestSubmit(form.querySelector(".go"));
    const digit = hasKeys && target.type !== "textarea" && /^(?:Digit|Numpad)([1-9])$/.exec(code);
    const chosen = digit ? form.querySelectorAll("[type=radio]")[digit[1] - 1] : null;
    chosen?.focus();
    chosen?.click();
  };
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const given = Object.fromEntries(new FormData(form)), isOk = dialog.returnValue === "ok";
      if (text) typed[text.name] = isOk || text.value === said ? undefined : text.value;
      resolve(isOk ? given : null);
    }, { once: true });
  });
}
