// The overall verdict, asked once the criteria are said: one key each, which goes on to the next case.

// The draft that holds it too; panel and actions learn to show and to set it.
export function extend(Draft, { panel, actions, changed, current }) {
  const buttons = [...document.getElementById("gestalt").querySelectorAll("button")];

  class WithGestalt extends Draft {
    constructor(one, whole) {
      super(one, whole);
      this.gestalt = one.answer?.gestalt || "";
    }

    // Of what cannot be judged it is not asked.
    get isDue() {
      return !super.problem && this.verdict !== "unseen";
    }

    get problem() {
      return super.problem || (this.isDue && !this.gestalt ? "Now say what it is all in all." : "");
    }

    body() {
      return { ...super.body(), gestalt: this.isDue ? this.gestalt : "" };
    }
  }

  const update = panel.update.bind(panel);
  panel.update = (draft) => {
    update(draft);
    for (const button of buttons) {
      button.setAttribute("aria-pressed", button.value === draft.gestalt);
      button.setAttribute("aria-disabled", !draft.isDue);
    }
  };
  const say = (value) => () => {
    const draft = current();
    if (!draft) return;
    if (draft.verdict === "unseen") return panel.say("Nothing could be judged, so this is not asked: Next goes on.");
    if (draft.isDue) {
      draft.gestalt = value;
      changed();
    }
    actions.commit();
  };
  actions.overall_yes = say("plausible");
  actions.overall_no = say("implausible");
  return WithGestalt;
}
