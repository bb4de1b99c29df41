// Zoom and pan, by keys, mouse and fingers; loaded when the first of them is used.

const STEP = 1.25, TOP = 16;
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export function extend(stage) {
  const atFit = stage.paint.bind(stage);
  Object.assign(stage, {
    paint() {
      const { side, scale, pixels } = stage;
      const whole = Math.round(stage.display.native * scale), half = side / 2;
      const reach = Math.min(0.5, half / whole);
      stage.x = clamp(stage.x, reach, 1 - reach);
      stage.y = clamp(stage.y, reach, 1 - reach);
      if (stage.zoom === 1 || !pixels) return atFit();
      const size = Math.min(side, whole);
      const from = (share) => clamp(Math.round(share * whole - half), 0, whole - size);
      const view = { scale, x: from(stage.x), y: from(stage.y), width: size, height: size };
      if (size < side) stage.clear();
      stage.put(stage.enlarge(pixels, view), Math.floor((side - size) / 2), size);
    },

    zoomTo(zoom) {
      stage.zoom = clamp(zoom, Math.min(1, 1 / stage.fit), Math.max(TOP, 1 / stage.fit));
      stage.peak = Math.max(stage.peak, stage.zoom);
      stage.again();
    },

    zoomBy: (direction) => stage.zoomTo(stage.zoom * STEP ** direction),
    oneToOne: () => stage.zoomTo(1 / stage.fit),

    pan(dx, dy) {
      stage.x += dx / stage.zoom;
      stage.y += dy / stage.zoom;
      stage.again();
    },
  });
  gestures(stage);
}

// One finger or button pans a zoomed image (levels a film that is not), two fingers pinch.
function gestures(stage) {
  const held = new Map(), { canvas } = stage;
  const spread = () => {
    const [a, b] = [...held.values()];
    return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, event);
  };
  canvas.onpointermove = (event) => {
    const before = held.get(event.pointerId), width = canvas.clientWidth;
    if (!before) return;
    const wide = held.size === 2 && spread();
    held.set(event.pointerId, event);
    const dx = (event.clientX - before.clientX) / width;
    const dy = (event.clientY - before.clientY) / width;
    if (wide) stage.zoomTo((stage.zoom * spread()) / wide);
    else if (stage.zoom > 1) stage.pan(-dx, -dy);
    else stage.level?.(dy * 100, dx * 100);
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => held.delete(event.pointerId);
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // trackpads pinch so; scrolling stays with the page
    event.preventDefault();
    stage.zoomTo(stage.zoom * Math.exp(-event.deltaY / 100));
  }, { passive: false });
}
