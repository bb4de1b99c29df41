// Key -> action. Letters go by place and can be remapped; signs by print, as places differ by country.

const SIGNS = { "+": "zoom_in", "-": "zoom_out", "=": "fit", ".": "one_to_one", "?": "help" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const BOUNCE_MS = 200;
const REPEATABLE = ["pan", "level", "zoom_in", "zoom_out"];

export class Keys {
  constructor(config, run) {
    this.byCode = new Map(Object.entries(config.keys).map(([action, code]) => [code, action]));
    this.enabled = config.shortcuts;
    this.run = run;
    addEventListener("keydown", (event) => this.#down(event));
    addEventListener("pointerdown", () => (this.byTab = false));
  }

  // The key in hand has answered a case: a bounce of it must not answer the next, which nobody has
  // seen. (The key for "next" alone answers nothing.)
  spend() {
    this.spent = this.pressed;
    this.at = performance.now();
  }

  #action(event) {
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    if (digit) return ["digit", Number(digit[1]) || 10, event.shiftKey];
    if (ARROWS[event.code]) return [event.shiftKey ? "level" : "pan", ...ARROWS[event.code]];
    const code = event.code === "NumpadEnter" ? "Enter" : event.code;
    const named = this.byCode.get(code);
    if (named && !event.shiftKey) return [named];
    return SIGNS[event.key] ? [SIGNS[event.key]] : null;
  }

  #down(event) {
    if (event.code === "Tab") this.byTab = true;
    // A list of classes takes letters, arrows and Space; the other keys act as they do elsewhere.
    const { target } = event, inList = target.id === "class-choice"
      && (/Enter|^Backspace|^Delete/.test(event.code) || SIGNS[event.key]);
    const typing = !inList && target.closest?.("dialog, input, textarea, select");
    if (!this.enabled || typing || event.ctrlKey || event.altKey || event.metaKey) return;
    const presses = event.code === "Enter" || event.code === "Space";
    // Reached by Tab, a control keeps Enter and Space; after a click they go to the case. The
    // browser's :focus-visible cannot tell: the key itself switches it on.
    if (presses && target.matches?.(this.byTab ? "button, a, summary" : "summary")) return;
    const action = this.#action(event);
    if (!action || (event.repeat && !REPEATABLE.includes(action[0]))) return;
    if (event.code === this.spent && performance.now() - this.at < BOUNCE_MS) return;
    this.pressed = action[0] === "commit" ? "" : event.code;
    if (this.run(...action) !== false) event.preventDefault();
    this.pressed = "";
  }
}
