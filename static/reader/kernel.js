// Catmull-Rom upscaling, step by step as in review/blinding/kernel.py, for any scale and window.

function taps(size, scale, from, count, nearest) {
  const index = new Int32Array(4 * count), weight = new Float64Array(4 * count);
  for (let i = 0; i < count; i++) {
    const place = (from + i + 0.5) / scale - 0.5;
    const first = nearest ? Math.floor(place + 0.5) : Math.floor(place);
    const t = place - first, w = weight, o = 4 * i;
    if (nearest) w[o + 1] = 1;
    else {
      w[o] = ((-0.5 * t + 1) * t - 0.5) * t;
      w[o + 1] = (1.5 * t - 2.5) * t * t + 1;
      w[o + 2] = ((-1.5 * t + 2) * t + 0.5) * t;
      w[o + 3] = (0.5 * t - 0.5) * t * t;
    }
    for (let k = 0; k < 4; k++) index[o + k] = Math.min(size - 1, Math.max(0, first + k - 1));
  }
  return { index, weight };
}

// view: {scale, x, y, width, height} in enlarged pixels; out gets values `stride` apart, 0..top.
export function resample(source, view, out, stride, top, nearest = false) {
  const { width, height, channels, data } = source, step = data.length / (width * height);
  const across = taps(width, view.scale, view.x, view.width, nearest);
  const down = taps(height, view.scale, view.y, view.height, nearest);
  const low = down.index[0], high = down.index[down.index.length - 1];
  const line = view.width * channels, rows = new Float64Array((high - low + 1) * line);
  for (let y = low, to = 0; y <= high; y++) {
    const row = y * width;
    for (let i = 0; i < 4 * view.width; i += 4) {
      const a = (row + across.index[i]) * step, b = (row + across.index[i + 1]) * step;
      const c = (row + across.index[i + 2]) * step, d = (row + across.index[i + 3]) * step;
      const p = across.weight[i], q = across.weight[i + 1];
      const r = across.weight[i + 2], s = across.weight[i + 3];
      for (let k = 0; k < channels; k++)
        rows[to++] = data[a + k] * p + data[b + k] * q + data[c + k] * r + data[d + k] * s;
    }
  }
  for (let y = 0, to = 0; y < view.height; y++) {
    const o = 4 * y, w = down.weight, n = down.index;
    const a = (n[o] - low) * line, b = (n[o + 1] - low) * line;
    const c = (n[o + 2] - low) * line, d = (n[o + 3] - low) * line;
    const p = w[o], q = w[o + 1], r = w[o + 2], s = w[o + 3];
    for (let x = 0; x < line; to += stride)
      for (let k = 0; k < channels; k++, x++) {
        const sum = rows[a + x] * p + rows[b + x] * q + rows[c + x] * r + rows[d + x] * s;
        const value = Math.floor(sum + 0.5);
        out[to + k] = value < 0 ? 0 : value > top ? top : value;
      }
  }
  return out;
}
