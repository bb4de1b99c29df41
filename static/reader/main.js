// The reading screen.
import { Clock } from "./clock.js";
import { Draft } from "./draft.js";
import { Images } from "./images.js";
import { Keys } from "./keys.js";
import { Panel, ask, count, isOpen } from "./panel.js";
import { HALTS, Pending, Server } from "./sending.js";
import { Stage } from "./stage.js";

const config = JSON.parse(document.getElementById("reader-config").textContent);
const page = document.documentElement;
if (!config.display.allow_touch && matchMedia("(pointer: coarse)").matches)
  location.replace(config.urls.tablet);
const SILENT = "The server does not answer; it is asked again and again.";
const done = new Set(); // answered on this page, whether confirmed or not
const drafts = new Map();
let queue = [], past = [], current = null, draft = null, reopened = false, painted = false;
let flags = null; // the module, once a case has one
let state = "reading", offline = false, resting = false, sinceBreak = 0, activeSinceBreak = 0;

const panel = new Panel(config, (name, ...rest) => actions[name]?.(...rest));
const clock = new Clock(config.idle_ms);
const isFilm = config.display.presets.length > 0;
const { FilmStage: View = Stage } = isFilm ? await import("./film.js") : {};
const stage = new View(document.getElementById("image"), document.getElementById("frame"),
  config.display, (self) => panel.caption(self.caption()));
stage.layout();
stage.canvas.addEventListener("pointerenter", () => look());
const images = new Images((pixels) => stage.prepare(pixels), (error) => {
  server.imageFailed(error);
  if (current && !painted) paint();
});
const pending = new Pending(config.storage_prefix, (body) => server.send(body), showStatus);
const server = new Server(config, { stored, rejected, applied, stopped, connected, changed: faulty });
images.onready = (id) => id === current?.assignment && !painted && paint();

function applied(news) {
  state = news.state;
  const waiting = new Map(pending.all.map((body) => [body.assignment, body]));
  if (news.past) past = news.past.filter((one) => !waiting.has(one.assignment));
  for (const one of news.cases) {
    const body = waiting.get(one.assignment);
    if (body && !past.some((old) => old.assignment === one.assignment))
      past.push(answered(one, body));
  }
  queue = news.cases.filter((one) => !waiting.has(one.assignment) && !done.has(one.assignment));
  trim();
  if (HALTS.includes(state)) return stopped(state, news);
  if (reopened || practice?.holding) return want();
  if (current && queue[0]?.assignment === current.assignment) return want();
  if (current) panel.say("That case was answered in another window; its answer stands.");
  forward(news);
}

function forward(news) {
  if (resting) return;
  if (queue.length) return show(queue[0], false);
  current = draft = null;
  painted = false;
  page.dataset.empty = "";
  panel.clear();
  stage.blank();
  panel.cover("");
  if (pending.size || state === "reading") return waitForNews();
  stopped(state, news);
}

function waitForNews() {
  const kept = pending.size;
  panel.cover(offline
    ? `No connection. ${count(kept)} kept on this device, to be sent when it returns. You may close this page.`
    : server.isFailing ? SILENT
    : "Loading the next case …");
  if (!kept) server.later();
}

const trim = () => past.splice(0, Math.max(0, past.length - config.revise_window));

// Of the past only the last is fetched.
function want() {
  const near = past.filter((one, i) => i === past.length - 1 || images.ready(one.assignment));
  images.want([...(current ? [current] : []), ...queue, ...near]);
}

function answered(one, body) {
  const flags = [...(one.answer?.flags || []), ...body.answer.flags];
  const answer = { ...body.answer, flags, revision: body.base_revision + 1 };
  return { ...one, base_revision: answer.revision, answer };
}

function show(one, isRevision) {
  if (current && !reopened && draft) drafts.set(current.assignment, draft);
  current = one;
  delete page.dataset.empty;
  reopened = isRevision;
  painted = false;
  draft = (!isRevision && drafts.get(one.assignment)) || new Kind(one, config);
  panel.show(draft, reopened);
  if (scrollY) scrollTo(0, 0); // at 400 % zoom the page scrolls: the image first
  panel.cover("");
  want();
  paint();
}

function paint() {
  const pixels = images.ready(current.assignment);
  if (!pixels) {
    stage.blank();
    panel.cover(offline ? "No connection; the image will follow."
      : images.isFailing(current.assignment) ? SILENT
      : "Loading the image …");
    return;
  }
  panel.cover("");
  stage.show(pixels);
  const id = current.assignment;
  // On the screen after the next frame: now answer keys live.
  requestAnimationFrame(() => setTimeout(() => {
    if (current?.assignment !== id || painted) return;
    painted = true;
    clock.start();
    page.dataset.painted = id;
  }));
}

// crypto.randomUUID is missing on plain http; a blob's address ends in one.
const uuid = () => {
  const url = URL.createObjectURL(new Blob());
  URL.revokeObjectURL(url);
  return url.slice(-36);
};

function commit(extra = {}) {
  if (!painted || !current) return;
  if (!extra.cannot_judge && draft.problem) return panel.say(draft.problem);
  const one = current, answer = { ...draft.body(), ...extra }, timing = clock.read();
  if (answer.cannot_judge) Object.assign(answer, { criteria: {}, value: null, perceived_class: "", gestalt: "" });
  const body = { assignment: one.assignment, key: uuid(), base_revision: one.base_revision,
    session: config.session, answer, timing, context: { ...stage.state(), ...draft.context } };
  pending.add(body);
  done.add(one.assignment);
  drafts.delete(one.assignment);
  if (practice) {
    queue.shift();
    painted = false;
    practice.hold(offline);
    return void pending.flush();
  }
  keys.spend();
  past = [...past.filter((old) => old.assignment !== one.assignment), answered(one, body)];
  past.sort((a, b) => a.position - b.position);
  trim();
  if (!reopened) queue.shift();
  reopened = false;
  draft = current = null;
  panel.say("");
  sinceBreak += 1;
  activeSinceBreak += timing.active_ms;
  const isDue = sinceBreak >= config.break_every || activeSinceBreak >= config.break_ms;
  if (isDue && queue.length) rest();
  else forward();
  setTimeout(() => pending.flush());
}

async function rest() {
  resting = true;
  clock.pause();
  stage.blank();
  document.getElementById("break-count").textContent = sinceBreak;
  await ask("take-break");
  clock.resume();
  resting = false;
  sinceBreak = activeSinceBreak = 0;
  if (current) paint();
  else forward();
}

function stored(news, body) {
  if (practice?.tell(news.feedback)) next();
  if (news.status !== "superseded") return;
  panel.say("That case was answered in another window; its answer stands.");
  const mine = past.find((one) => one.assignment === body.assignment);
  if (mine) Object.assign(mine, { answer: news.answer, base_revision: news.revision });
}

function next() {
  current = draft = null;
  forward();
}

function rejected(message, body) {
  if (practice?.tell("")) next();
  done.delete(body.assignment);
  past = past.filter((one) => one.assignment !== body.assignment);
  panel.say(`One answer was not stored: ${message}`);
}

async function stopped(why, news = {}) {
  const dialog = document.getElementById(`halt-${why}`);
  if (!dialog) return;
  page.dataset.halted = why;
  const halts = await load(() => import("./halts.js"));
  if (!halts) server.later();
  else if (page.dataset.halted === why) halts.halt(dialog, { ...news, kept: pending.size });
}

// A module that not every reading needs; without a connection there is none.
async function load(module) {
  try {
    return await module();
  } catch {
    panel.say("This needs the connection, which is away. Please try again.");
  }
}

// Zoom or pan, once there is zoom.
async function look(name, ...rest) {
  const found = stage.zoomTo || (await load(() => import("./zoom.js")));
  if (found && !stage.zoomTo) found.extend(stage);
  if (found) stage[name]?.(...rest);
}

function connected(isOnline) {
  const isNews = offline === isOnline || page.dataset.halted;
  offline = !isOnline;
  practice?.connected(isOnline);
  if (isNews && isOnline) {
    delete page.dataset.halted;
    document.querySelector(".halt[open]")?.close();
    images.retryNow();
  }
  if (isNews && !current) waitForNews();
  if (isOnline) setTimeout(() => pending.flush());
  showStatus();
}

// The server answers with errors, or does so no more.
function faulty() {
  showStatus();
  if (!current && queue.length === 0 && !resting && !page.dataset.halted) waitForNews();
}

function showStatus() {
  const kept = pending.size;
  if (!pending.isStored)
    panel.status(`This browser stores nothing: keep the page open until ${count(kept)} are sent`, "bad");
  else if (offline) panel.status(`Offline: ${count(kept)} kept here`, "warn");
  else if (server.isFailing)
    panel.status(`The server does not answer: ${count(kept)} kept here`, "warn");
  else panel.status(kept ? `Sending ${count(kept)}` : "All answers stored", kept ? "busy" : "ok");
  page.dataset.pending = kept;
}

function changed() {
  panel.update(draft);
  panel.say("");
}

const whenPainted = (act) => (...rest) => {
  if (painted && draft) act(...rest);
  else if (!current) panel.say("There is no case here now.");
};

// Of the case in hand; null, too, when another one has come meanwhile.
async function askOf(id, said) {
  const mine = draft, given = await ask(id, said, mine.typed, config.shortcuts);
  if (mine !== draft) return null;
  if (!given && (mine.typed.note ?? mine.typed.text))
    panel.say("Not kept yet: it stands there when you open this again.");
  return given;
}

const actions = {
  plausible: whenPainted(() => {
    if (!draft.byCriteria) return;
    draft.passRest();
    changed();
  }),
  mark: whenPainted((code, mark) => {
    draft.toggle(code, mark);
    changed();
    if (draft.state(code) === "fails" && draft.asksClass && draft.rules.find((r) => r.code === code).opens)
      panel.pickClass();
  }),
  digit: whenPainted((number, isShifted) => {
    if (draft.byCriteria) {
      const row = panel.rows[number - 1];
      if (row) actions.mark(row.dataset.code, isShifted ? "not_judgeable" : "fails");
    } else if (panel.levels[number - 1]) actions.level_chosen(number);
  }),
  level_chosen: whenPainted((value) => {
    draft.value = value;
    panel.update(draft);
    commit();
  }),
  class_chosen: whenPainted((code) => {
    draft.perceivedClass = code;
    changed();
  }),
  commit: () => (practice?.holding ? practice.end() && next() : commit()),
  reopen() {
    if (practice) return panel.say("Practice answers stay as they are.");
    const at = reopened ? past.findIndex((one) => one.assignment === current.assignment) : past.length;
    if (at > 0) show(past[at - 1], true);
    else panel.say("No earlier case can be reopened.");
  },
  back() {
    if (!reopened) return false;
    current = draft = null;
    reopened = false;
    return forward();
  },
  cannot_judge: whenPainted(async () => {
    const given = await askOf("ask-reason", draft.note);
    if (!given) return;
    draft.note = given.note;
    commit({ cannot_judge: given.reason, note: given.note });
  }),
  note: whenPainted(async () => {
    const given = await askOf("ask-note", draft.note);
    if (!given) return;
    draft.note = given.note;
    changed();
  }),
  flag: whenPainted(async () => {
    const mine = draft;
    const tell = () => flags?.tell(mine, () => {
      changed();
      panel.say("The flag is taken back.");
    });
    // The dialog opens at once, or what is typed into it would go to the case.
    if (flags) tell();
    else if (mine.flags.length || mine.flagged.length)
      load(() => import("./flags.js")).then((found) => (flags = found) && mine === draft && tell());
    const given = await askOf("ask-flag");
    if (!given) return;
    draft.flags.push(given);
    changed();
  }),
  gallery: whenPainted(async () => {
    const found = config.gallery && (await load(() => import("./gallery.js")));
    if (found && draft && !isOpen()) found.open(stage, draft, config.shortcuts && config.keys.gallery);
  }),
  break: () => void rest(),
  help: () => void ask("help"),
  zoom_in: () => void look("zoomBy", 1),
  zoom_out: () => void look("zoomBy", -1),
  fit: () => stage.zoomTo?.(1),
  one_to_one: () => void look("oneToOne"),
  pan: (x, y) => (stage.zoom > 1 ? stage.pan(x * 0.1, y * 0.1) : false),
  level: (x, y) => stage.level?.(-y * 2, x * 2),
  preset: () => stage.nextPreset?.(),
  invert: () => stage.invert?.(),
  reset: () => stage.reset(),
  kernel: () => stage.toggleKernel(),
};

let Kind = Draft;
const tools = { config, panel, stage, actions, changed, current: () => painted && draft };
if (config.findings?.length) Kind = (await import("./findings.js")).extend(Kind, tools);
if (config.lesion) Kind = (await import("./lesion.js")).extend(Kind, tools);
if (config.gestalt) Kind = (await import("./gestalt.js")).extend(Kind, tools);
const practice = config.calibration ? new (await import("./practice.js")).Practice() : null;
const keys = new Keys(config, (name, ...rest) => (isOpen() ? false : actions[name]?.(...rest)));
addEventListener("keydown", (event) => event.code === "Escape" && !isOpen() && actions.back());
for (const name of ["focus", "visibilitychange"])
  addEventListener(name, () => page.dataset.halted && !document.hidden && server.refresh());
addEventListener("beforeunload", (event) => !pending.isStored && pending.size && event.preventDefault());

showStatus();
page.dataset.ready = "";
applied(config);
pending.flush();
