// In the dialog of flags: those that the case has, with what was written to them. Those of an earlier
// answer stand; those set now can be taken back.
import { flagName } from "./panel.js";

const $ = (id) => document.getElementById(id);
const words = (flag) => flagName(flag) + (flag.text && ` (${flag.text})`);

export function tell({ flagged, flags }, takeBack) {
  $("flagged").hidden = !flagged.length;
  $("flagged").textContent = `Flagged already: ${flagged.map(words).join("; ")}. What you choose now is added.`;
  $("flags-now").replaceChildren(...flags.map((flag) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `✕ Take back: ${words(flag)}`;
    button.onclick = () => {
      $("ask-flag").addEventListener("close", () => {
        flags.splice(flags.indexOf(flag), 1);
        takeBack();
      }, { once: true });
      $("ask-flag").close();
    };
    return button;
  }));
}
