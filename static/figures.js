// Draw every .figure from its JSON block, in the page's colours. Reports carry this file inline.
const dark = matchMedia("(prefers-color-scheme: dark)");
const NARROW = 560; // CSS pixels: below, long labels go on several lines
const LINE = 16; // signs on a line of a label
const LINE_PX = 15;
const [BLUE, PALE_BLUE] = ["#0072B2", "#3A94D0"]; // the first is too dark for thin lines on black

function colours() {
  const css = getComputedStyle(document.documentElement);
  return { ink: css.getPropertyValue("--ink").trim(), line: css.getPropertyValue("--line").trim() };
}

function onLines(text, most) {
  const lines = [];
  for (const word of String(text).split(" ")) {
    const last = lines.length - 1;
    if (last >= 0 && `${lines[last]} ${word}`.length <= most) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines.join("<br>");
}

function labelsOf(data, axis, letter) {
  if (axis.ticktext) return axis.ticktext;
  if (axis.type !== "category") return [];
  return [...new Set(data.flatMap((trace) => trace[letter] || []))];
}

// Labels of categories on several lines: `text` is what stands at each place.
function broken(data, axis, letter, most) {
  const labels = labelsOf(data, axis, letter);
  if (!labels.length) return axis;
  const ticks = { tickmode: "array", tickvals: axis.tickvals || labels, tickfont: { size: 11 } };
  return { ...axis, ...ticks, ticktext: labels.map((label) => onLines(label, most)) };
}

function titled(axis, most) {
  const title = axis.title && { ...axis.title, text: onLines(axis.title.text, most), font: { size: 12 } };
  return title ? { ...axis, title } : axis;
}

// A title keeps off the labels, however long they are.
function apart(axis) {
  return axis.title ? { ...axis, title: { ...axis.title, standoff: 10 } } : axis;
}

function linesIn(text) {
  return String(text).split("<br>").length;
}

function narrowed(data, layout) {
  const isMap = data.some((trace) => trace.type === "heatmap");
  const yaxis = broken(data, layout.yaxis || {}, "y", LINE);
  const room = labelsOf(data, layout.xaxis || {}, "x").length > 7 ? 60 : 24; // one line, or two
  let xaxis = titled(broken(data, layout.xaxis || {}, "x", room), 30);
  const rows = yaxis.ticktext || [];
  const tallest = Math.max(1, ...rows.map(linesIn));
  let height = Math.max(layout.height || 360, 150 + rows.length * (tallest * LINE_PX + 8));
  const traces = data.map((trace) => (trace.name ? { ...trace, name: onLines(trace.name, 34) } : trace));
  const below = layout.legend && layout.legend.y < 0;
  const legend = below ? { ...layout.legend, y: layout.legend.y - 0.1 } : layout.legend;
  if (!isMap)
    return { data: traces, layout: { ...layout, legend, height, yaxis: titled(yaxis, 34), xaxis } };
  // every column keeps its label, upright; the scale goes, as each cell says its share
  const columns = (xaxis.ticktext || []).flatMap((label) => label.split("<br>"));
  height += 7 * Math.max(0, ...columns.map((label) => label.length)) - 40;
  xaxis = { ...xaxis, tickangle: -90 };
  const shown = traces.map((trace) => ({ ...trace, showscale: false, textfont: { size: 10 } }));
  return { data: shown, layout: { ...layout, height, yaxis: { ...yaxis, title: undefined }, xaxis } };
}

// The columns of a heat map side by side on a wide page: labels level where words fit.
function widened(data, layout, width) {
  if (!data.some((trace) => trace.type === "heatmap")) return { data, layout };
  const labels = labelsOf(data, layout.xaxis, "x");
  const most = (width - 260) / labels.length / 7; // signs that fit under a column
  const isLevel = labels.every((label) => label.split(" ").every((word) => word.length <= most));
  const xaxis = broken(data, layout.xaxis, "x", isLevel ? most : 24);
  const height = layout.height + (isLevel ? 0 : 90);
  return { data, layout: { ...layout, height, xaxis: { ...xaxis, tickangle: isLevel ? 0 : -90 } } };
}

function draw(holder) {
  const block = document.getElementById(`${holder.id}-data`);
  if (!block) return;
  const spec = JSON.parse(dark.matches ? block.textContent.replaceAll(BLUE, PALE_BLUE) : block.textContent);
  const width = holder.clientWidth;
  const narrow = width < NARROW;
  const fit = narrow ? narrowed : widened;
  const { data, layout } = fit(spec.data, spec.layout || {}, width);
  const { ink, line } = colours();
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  const merged = {
    ...layout,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, family: "system-ui, sans-serif", size: 13, ...(layout.font || {}) },
    margin: { l: 60, r: 20, t: 30, b: 50, ...(layout.margin || {}), ...(narrow ? { l: 20, r: 12 } : {}) },
    autosize: true,
  };
  for (const key of Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name)))
    merged[key] = { ...axis, ...layout[key] };
  merged.xaxis = apart({ ...axis, ...(layout.xaxis || {}) });
  merged.yaxis = apart({ ...axis, ...(layout.yaxis || {}) });
  const config = {
    responsive: true,
    displaylogo: false,
    toImageButtonOptions: { format: "svg", filename: holder.id },
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
  };
  Plotly.react(holder, data, merged, config);
}

function drawAll(root = document) {
  for (const holder of root.querySelectorAll(".figure[id]")) draw(holder);
}

document.addEventListener("DOMContentLoaded", () => drawAll());
// Not afterSwap: its target is the element that outerHTML has just taken away.
document.addEventListener("htmx:load", (event) => event.detail.elt !== document.body && drawAll(event.detail.elt));
dark.addEventListener("change", () => drawAll());
