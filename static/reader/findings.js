// Several findings asked of one image: present, absent or not judgeable, each said before the commit.

const WORDS = { present: "present", absent: "absent", not_judgeable: "not judgeable" };

// The draft that holds findings too; panel and actions learn to show and to set them.
export function extend(Draft, { config, panel, actions, changed, current }) {
  const codes = config.findings.map(({ code }) => code);
  const list = document.getElementById("findings"), rows = [...list.children];
  const alone = config.part.kind === "identify";
  let taken = alone; // whether digits go to the findings; beside criteria a key gives them over

  class WithFindings extends Draft {
    findings = new Map();

    constructor(one, whole) {
      super(one, whole);
      if (one.answer && !one.answer.cannot_judge)
        this.findings = new Map(Object.entries(one.answer.findings));
      taken = alone;
    }

    // The first finding called present leaves the others absent, in words on the screen, so that
    // "something" and "nothing" cost the same keys.
    mark(code, state) {
      const said = this.findings.get(code);
      if (state === "present") {
        this.findings.set(code, said === state ? "absent" : state);
        this.restAbsent();
      } else if (said === state) this.findings.delete(code);
      else this.findings.set(code, state);
    }

    restAbsent() {
      for (const code of codes) if (!this.findings.has(code)) this.findings.set(code, "absent");
    }

    count(state) {
      return [...this.findings.values()].filter((said) => said === state).length;
    }

    get problem() {
      const open = codes.length - this.findings.size;
      const left = open && `${open} of ${codes.length} findings are open: mark what is present, or say that the rest is absent.`;
      return (alone ? "" : super.problem) || left || "";
    }

    body() {
      return { ...super.body(), findings: Object.fromEntries(this.findings) };
    }
  }

  function render(draft) {
    list.toggleAttribute("data-digits", taken);
    document.getElementById("criteria")?.toggleAttribute("data-off", taken);
    for (const row of rows) {
      const state = draft.findings.get(row.dataset.code) || "";
      const [present, unseen] = row.querySelectorAll("button");
      row.dataset.state = state;
      present.setAttribute("aria-pressed", state === "present");
      unseen.setAttribute("aria-pressed", state === "not_judgeable");
      row.querySelector(".mark").textContent = WORDS[state] || "";
    }
    if (!alone) return;
    const said = Object.keys(WORDS).filter((state) => draft.count(state));
    document.getElementById("verdict").textContent =
      said.map((state) => `${draft.count(state)} ${WORDS[state]}`).join(", ");
  }

  const set = (act) => {
    const draft = current();
    if (!draft) return;
    act(draft);
    changed();
  };
  const { digit } = actions, update = panel.update.bind(panel);
  panel.update = (draft) => {
    update(draft);
    render(draft);
  };
  Object.assign(actions, {
    absent: () => set((draft) => draft.restAbsent()),
    findings: () => alone || set(() => {
      taken = !taken;
      (taken ? list : document.getElementById("criteria")).scrollIntoView({ block: "nearest" });
    }),
    digit(number, isShifted) {
      if (!taken) return digit(number, isShifted);
      const code = codes[number - 1];
      if (code) set((draft) => draft.mark(code, isShifted ? "not_judgeable" : "present"));
    },
  });
  for (const row of rows) {
    const [present, unseen] = row.querySelectorAll("button");
    present.onclick = () => set((draft) => draft.mark(row.dataset.code, "present"));
    unseen.onclick = () => set((draft) => draft.mark(row.dataset.code, "not_judgeable"));
  }
  return WithFindings;
}
