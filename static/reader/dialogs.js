// Native dialogs: focus stays inside, Esc closes, shortcuts are off while one is open.

const $ = (id) => document.getElementById(id);

export const isOpen = () => document.querySelector("dialog[open]") !== null;

// Resolves to the form's fields when it was confirmed, to null when it was closed.
export function ask(id, fields = {}) {
  const dialog = $(id), form = dialog.querySelector("form");
  form.reset();
  for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const given = Object.fromEntries(new FormData(form));
      resolve(dialog.returnValue === "ok" ? given : null);
    }, { once: true });
  });
}

// One dialog for everything that stops the reading; it cannot be waved away.
export function halt({ title, text, link, label, fresh }) {
  const dialog = $("halt");
  dialog.oncancel = (event) => event.preventDefault();
  $("halt-title").textContent = title;
  $("halt-text").textContent = text;
  const anchor = $("halt-link");
  anchor.hidden = !link;
  anchor.textContent = label || "";
  if (link) anchor.href = link;
  anchor.target = fresh ? "_blank" : "";
  if (!dialog.open) dialog.showModal();
}

export const release = () => $("halt").open && $("halt").close();
