// Start of a session: note what the screen is, draw the checks, set the true size.

const $ = (id) => document.getElementById(id);
const CARD_CM = 8.56; // ISO/IEC 7810 ID-1, every bank card
const KEY = "semblance.px_per_cm";
const GREY_LETTERS = "HCKS";

function fill(name, value) {
  const input = document.querySelector(`input[name="${name}"]`);
  if (input) input.value = value;
}

function measure() {
  fill("viewport", `${innerWidth}x${innerHeight}`);
  fill("dpr", devicePixelRatio.toFixed(3));
  fill("colour_depth", screen.colorDepth);
  const isTouch = matchMedia("(pointer: coarse)").matches;
  fill("touch", isTouch ? "on" : "");
  const least = $("too-small");
  least.hidden = Math.max(innerWidth, innerHeight) >= Number(least.dataset.min);
  if ($("no-touch")) $("no-touch").hidden = !isTouch;
}

function grey(context) {
  const level = (share) => `rgb(${[0, 0, 0].map(() => Math.round(255 * share)).join(" ")})`;
  const patch = (x, outer, inner) => {
    context.fillStyle = level(outer);
    context.fillRect(x, 0, 100, 150);
    context.fillStyle = level(inner);
    context.fillRect(x + 35, 60, 30, 30);
  };
  patch(0, 0, 0.05);
  patch(260, 1, 0.95);
  context.fillStyle = level(0.5);
  context.fillRect(100, 0, 160, 150);
  context.fillStyle = level(0.53);
  context.font = "600 44px sans-serif";
  context.textAlign = "center";
  context.fillText(GREY_LETTERS, 180, 92);
}

function colour(context) {
  const rows = [
    ["rgb(92 74 160)", "rgb(92 74 160)", "rgb(102 74 160)", "rgb(92 74 160)"],
    ["rgb(226 150 138)", "rgb(226 150 149)", "rgb(226 150 138)", "rgb(226 150 138)"],
  ];
  context.fillStyle = "#777";
  context.fillRect(0, 0, 360, 170);
  rows.forEach((row, y) => row.forEach((tint, x) => {
    context.fillStyle = tint;
    context.fillRect(20 + 85 * x, 15 + 75 * y, 70, 52);
    context.fillStyle = "#000";
    context.font = "12px sans-serif";
    context.fillText(String(x + 1), 24 + 85 * x, 28 + 75 * y);
  }));
}

function calibrate() {
  const slider = $("card-width"), show = (pxPerCm) => {
    $("card-bar").style.width = `${slider.value}px`;
    $("card-said").textContent = pxPerCm
      ? `Calibrated: ${pxPerCm.toFixed(1)} pixels per centimetre on this screen.`
      : "Not calibrated: images are shown at a fixed number of pixels.";
    fill("px_per_cm", pxPerCm ? pxPerCm.toFixed(3) : "");
  };
  const known = Number(localStorage.getItem(KEY));
  if (known > 0) slider.value = known * CARD_CM;
  show(known > 0 ? known : 0);
  slider.addEventListener("input", () => {
    localStorage.setItem(KEY, slider.value / CARD_CM);
    show(slider.value / CARD_CM);
  });
  $("card-forget").addEventListener("click", () => {
    localStorage.removeItem(KEY);
    show(0);
  });
}

measure();
addEventListener("resize", measure);
if ($("grey-check")) grey($("grey-check").getContext("2d"));
if ($("colour-check")) colour($("colour-check").getContext("2d"));
calibrate();
$("go").focus({ preventScroll: true }); // Enter starts, and the question stays in view
