// What stops the reading: a dialog that cannot be waved away. Loaded when the server says so.
import { count } from "./panel.js";

// As on the other pages, by the reader's own clock.
const MOMENT = { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };

export function halt(dialog, { kept, message, opens_at: opens }) {
  const put = (name, text) => {
    const place = text && dialog.querySelector(name);
    if (place) place.textContent = text;
  };
  dialog.oncancel = (event) => event.preventDefault();
  dialog.dataset.kept = kept;
  put(".kept", count(kept));
  put(".message", message);
  put(".opens", opens && new Date(opens).toLocaleString("en-GB", MOMENT));
  if (dialog.open) return;
  document.querySelector(".halt[open]")?.close();
  dialog.showModal();
}
