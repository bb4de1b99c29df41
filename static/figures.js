// Draw every .figure from its JSON block, in the page's colours.
const dark = matchMedia("(prefers-color-scheme: dark)");

function colours() {
  const css = getComputedStyle(document.documentElement);
  return { ink: css.getPropertyValue("--ink").trim(), line: css.getPropertyValue("--line").trim() };
}

function draw(holder) {
  const block = document.getElementById(`${holder.id}-data`);
  if (!block) return;
  const { data, layout = {} } = JSON.parse(block.textContent);
  const { ink, line } = colours();
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  const merged = {
    ...layout,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: ink, family: "system-ui, sans-serif", size: 13, ...(layout.font || {}) },
    margin: { l: 60, r: 20, t: 30, b: 50, ...(layout.margin || {}) },
    autosize: true,
  };
  for (const key of Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name)))
    merged[key] = { ...axis, ...layout[key] };
  merged.xaxis = { ...axis, ...(layout.xaxis || {}) };
  merged.yaxis = { ...axis, ...(layout.yaxis || {}) };
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
document.addEventListener("htmx:afterSwap", (event) => drawAll(event.detail.target));
dark.addEventListener("change", () => drawAll());
