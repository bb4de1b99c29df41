// Lesion parts: the outline of the lesion on request, and the point where the defect is.

const $ = (id) => document.getElementById(id);
const STEP = 0.02, FINE = 0.004, TAP_PX = 6;
const clamp = (value) => Math.min(1, Math.max(0, value));
const percent = (share) => `${Math.round(100 * share)} %`;

// The draft that holds the point; panel, stage and actions learn to show and to set it.
export function extend(Draft, { config, panel, stage, actions, changed, current }) {
  const { native } = config.display, { outline: hasOutline, defect } = config.lesion;
  const [svg, outline, mark, cross] = ["marks", "outline", "mark", "crosshair"].map($);
  const remove = document.querySelector('[data-act="defect_gone"]');
  let aim = null; // where the crosshair is while it is moved
  let shown = null; // the draft on the screen

  class LesionDraft extends Draft {
    constructor(one, whole) {
      super(one, whole);
      this.defectAt = (!one.answer?.cannot_judge && one.answer?.defect_at) || null;
    }

    get fails() {
      return this.rules.some(({ code }) => this.state(code) === "fails");
    }

    get problem() {
      const isMissing = defect === "required" && this.verdict === "implausible" && !this.defectAt;
      return super.problem || (isMissing
        ? "Mark where the defect is: click on it, or use “Mark defect”." : "");
    }

    body() {
      return { ...super.body(), defect_at: this.fails ? this.defectAt : null };
    }
  }

  // A light line on a dark one shows on any image.
  function line(path, d) {
    path.setAttribute("d", d);
    path.previousElementSibling.setAttribute("d", d);
  }

  // The marks are drawn in pixels of the image; the view of the stage is their window.
  function place() {
    const size = stage.side / stage.scale, edge = (share) => share * native - size / 2;
    svg.setAttribute("viewBox", `${edge(stage.x)} ${edge(stage.y)} ${size} ${size}`);
    const unit = size / stage.side * stage.dpr; // one CSS pixel
    line(mark, shown?.defectAt ? ring(shown.defectAt, 9 * unit) : "");
    line(cross, aim ? lines(aim, size) : "");
  }

  const ring = ([x, y], r) =>
    `M${x * native - r} ${y * native}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
  const lines = ([x, y], size) =>
    `M${x * native - size} ${y * native}h${2 * size}M${x * native} ${y * native - size}v${2 * size}`;

  function put(point) {
    const draft = current();
    if (!draft) return;
    draft.defectAt = point && point.map((share) => Math.round(share * 10000) / 10000);
    changed();
    if (point && !draft.fails) panel.say("Now mark which criterion fails there.");
  }

  // A tap sets the point; a drag pans, a second finger pinches.
  let down = null;
  stage.canvas.addEventListener("pointerdown", (event) => {
    down = event.isPrimary && event.button === 0 ? event : null;
  });
  stage.canvas.addEventListener("pointerup", (event) => {
    const isTap = down?.pointerId === event.pointerId
      && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < TAP_PX;
    down = null;
    if (!isTap || defect === "off") return;
    const box = stage.canvas.getBoundingClientRect(), view = svg.viewBox.baseVal;
    const point = [view.x + ((event.clientX - box.x) / box.width) * view.width,
      view.y + ((event.clientY - box.y) / box.height) * view.height].map((at) => at / native);
    if (point.every((at) => at >= 0 && at <= 1)) put(point);
  });

  function move(dx, dy) {
    aim = [clamp(aim[0] + dx), clamp(aim[1] + dy)];
    if (stage.zoom > 1) [stage.x, stage.y] = aim;
    stage.again();
    panel.say(`Crosshair at ${percent(aim[0])} from the left, ${percent(aim[1])} from the top`);
  }

  function leave() {
    aim = null;
    place();
    panel.say("");
  }

  svg.onblur = () => aim && leave();
  svg.onkeydown = (event) => {
    const step = event.shiftKey ? FINE : STEP;
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step],
      ArrowDown: [0, step] }[event.code];
    const isEnd = ["Enter", "NumpadEnter", "Escape", "Delete"].includes(event.code);
    if (!aim || (!by && !isEnd)) return;
    event.preventDefault();
    event.stopPropagation(); // these keys are the crosshair's, whatever they do elsewhere
    if (by) return move(...by);
    const point = event.code === "Escape" ? current()?.defectAt : event.code === "Delete" ? null : aim;
    aim = null;
    svg.blur();
    put(point);
  };

  const shapes = new Map(); // assignment -> path, for the case in hand
  async function contour({ assignment, image }) {
    if (!shapes.has(assignment)) {
      const answer = await fetch(`${image.url}/outline`, { signal: AbortSignal.timeout(20000) });
      if (!answer.ok) throw new Error(answer.status);
      shapes.clear();
      shapes.set(assignment, path(new Uint8Array(await answer.arrayBuffer()), native));
    }
    return shapes.get(assignment);
  }

  function showOutline(shape) {
    line(outline, shape);
    document.querySelector('[data-act="outline"]')?.setAttribute("aria-pressed", shape !== "");
  }

  Object.assign(actions, {
    defect() {
      if (!current() || defect === "off") return;
      aim = current().defectAt || [0.5, 0.5];
      svg.focus();
      move(0, 0);
    },
    defect_gone: () => put(null),
    async outline() {
      const draft = current();
      if (!draft || !hasOutline) return;
      if (outline.getAttribute("d")) return showOutline("");
      try {
        const shape = await contour(draft.one);
        if (current() !== draft) return;
        showOutline(shape);
        if (!shape) panel.say("The mask of this image is empty.");
        draft.context.outline_opens = (draft.context.outline_opens ?? 0) + 1;
      } catch {
        panel.say("The outline needs the connection, which is away. Please try again.");
      }
    },
  });

  const { changed: told } = stage, show = panel.show.bind(panel), update = panel.update.bind(panel);
  stage.changed = (self) => {
    told(self);
    place();
  };
  panel.show = (draft, reopened) => {
    aim = null;
    showOutline("");
    show(draft, reopened);
  };
  panel.update = (draft) => {
    update(draft);
    shown = draft;
    if (remove) remove.hidden = !draft.defectAt;
    place();
  };
  return LesionDraft;
}

// The border between inside and outside as a path along the edges of pixels. bits: row by row.
export function path(bytes, side) {
  const inside = (x, y) => {
    if (x < 0 || y < 0 || x >= side || y >= side) return 0;
    const at = y * side + x;
    return (bytes[at >> 3] >> (7 - (at & 7))) & 1;
  };
  let d = "";
  for (let y = 0; y <= side; y++)
    for (let x = 0; x <= side; x++) {
      const here = inside(x, y);
      if (here !== inside(x, y - 1)) d += `M${x} ${y}h1`;
      if (here !== inside(x - 1, y)) d += `M${x} ${y}v1`;
    }
  return d;
}
