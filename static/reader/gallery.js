// The reference gallery: real images from outside the study, beside the case. Loaded on demand.
import { decode } from "./images.js";

const dialog = document.getElementById("gallery");
const [large, grid, said, title] = [".large", ".refs", ".about", "h2"].map((s) => dialog.querySelector(s));
const lists = new Map(); // asked class -> its references
const pixels = new Map(); // address -> decoding, of the last asked class
let shownClass, stage;

// How often and how long it was open is noted in `context`, which goes with the answer.
export async function open(own, { one, context }, key) {
  stage = own;
  const began = performance.now(), { gallery_opens: opens = 0, gallery_ms: ms = 0 } = context;
  dialog.showModal();
  dialog.querySelector(".shut").onclick = () => dialog.close();
  dialog.onkeydown = (event) => keyDown(event, key);
  void fill(one);
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  context.gallery_opens = opens + 1;
  context.gallery_ms = Math.round(ms + performance.now() - began);
}

async function fill(one) {
  const name = one.class_name;
  title.textContent = name ? `Real images of ${name}` : "Real images of every class";
  grid.replaceChildren();
  large.hidden = true;
  said.textContent = "Loading …";
  try {
    if (!lists.has(name)) lists.set(name, await ask(`${one.image.url}/gallery`));
    if (name !== shownClass) pixels.clear();
    shownClass = name;
    show(lists.get(name));
  } catch {
    said.textContent = "The references need the connection, which is away. Close this and try again.";
  }
}

async function ask(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(20000) });
  if (!answer.ok) throw new Error(answer.status);
  return (await answer.json()).classes;
}

function show(classes) {
  const all = classes.flatMap(({ images }) => images);
  said.textContent = all.length
    ? "From outside this study: none of them is a case. Labels of real images can be wrong too."
    : "This study has no real images of this class to spare, so there is no reference.";
  for (const { name, images } of classes) {
    if (classes.length > 1) grid.append(Object.assign(document.createElement("h3"), { textContent: name }));
    images.forEach((image, i) => grid.append(reference(image, `${name}, ${i + 1} of ${images.length}`)));
  }
  buttons()[0]?.focus();
}

const buttons = () => [...grid.querySelectorAll("button")];

function reference(image, label) {
  const button = document.createElement("button"), canvas = document.createElement("canvas");
  button.type = "button";
  button.tabIndex = -1;
  button.setAttribute("aria-label", label);
  button.append(canvas);
  button.onfocus = () => enlarge(button, image, label);
  button.onclick = () => button.focus(); // Safari gives no focus on a click
  void draw(canvas, image);
  return button;
}

async function enlarge(button, image, label) {
  for (const other of buttons()) other.tabIndex = other === button ? 0 : -1;
  large.setAttribute("aria-label", label);
  large.hidden = false;
  button.scrollIntoView({ block: "nearest" });
  await draw(large, image, () => button.tabIndex === 0);
}

async function draw(canvas, image, isWanted = () => true) {
  if (!pixels.has(image.url)) pixels.set(image.url, decode(image));
  try {
    const found = await pixels.get(image.url);
    if (isWanted()) paint(canvas, found);
  } catch {
    pixels.delete(image.url);
    said.textContent = "Some references did not arrive; open the gallery again to fetch them.";
  }
}

// The kernel and the window of the case; what must shrink is first drawn at its own size.
function paint(canvas, found) {
  const wanted = Math.round(canvas.clientWidth * devicePixelRatio), side = Math.max(wanted, found.width);
  const whole = new OffscreenCanvas(side, side);
  whole.getContext("2d").putImageData(stage.drawn(stage.whole(found, side), side, found), 0, 0);
  canvas.width = canvas.height = wanted;
  const context = canvas.getContext("2d", { alpha: false });
  context.imageSmoothingQuality = "high";
  context.drawImage(whole, 0, 0, wanted, wanted);
}

// Arrows walk: across to the neighbour, up and down to the one in the same column.
function keyDown(event, key) {
  if (event.code === key) return dialog.close();
  const all = buttons(), at = all.indexOf(document.activeElement);
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.code];
  if (at < 0 || !step) return;
  event.preventDefault();
  const here = all[at], isRow = event.code === "ArrowLeft" || event.code === "ArrowRight";
  for (let i = at + step; all[i]; i += step) {
    const { offsetLeft, offsetTop } = all[i];
    if (isRow || (offsetTop !== here.offsetTop && offsetLeft === here.offsetLeft)) return all[i].focus();
  }
}
