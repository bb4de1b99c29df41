"""The fixed upscaling kernel of the reading screen, in the exact arithmetic of the browser.

Catmull-Rom (Keys 1981, a = -1/2), separable, in IEEE doubles. The client's static/reader/kernel.js
does the same operations in the same order, so both give the same bytes: weights from the formulas
below, the four taps added from left to right, rows first, then columns, no rounding in between,
one floor(x + .5) at the end, clamped to 0..255. Edges repeat the outermost pixel.
"""

import math

import numpy as np

from review.blinding.errors import BlindingError


def tap_weights(t: float) -> tuple[float, float, float, float]:
    """Return the weights of the pixels at -1, 0, 1, 2 for a sample `t` in [0, 1) behind 0."""
    return (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )


def upscale_catmull_rom(pixels: np.ndarray, scale: int) -> np.ndarray:
    """Upscale by an integer factor.

    pixels: (h, w, c) uint8. Returns (h * scale, w * scale, c) uint8. Output sample i lies at
    (i + .5) / scale - .5 of the input.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or scale < 1:
        raise BlindingError(
            f"upscaling takes (h, w, c) uint8 and a scale of at least 1, not {pixels.dtype} "
            f"{pixels.shape} and {scale}"
        )
    rows = _stretch(pixels.astype(np.float64), scale, axis=1)
    both = _stretch(rows, scale, axis=0)
    return np.clip(np.floor(both + 0.5), 0, 255).astype(np.uint8)


def _stretch(values: np.ndarray, scale: int, axis: int) -> np.ndarray:
    """Interpolate along one axis; values: float64 (h, w, c)."""
    size = values.shape[axis]
    places = [(i + 0.5) / scale - 0.5 for i in range(size * scale)]
    first = np.array([math.floor(place) for place in places])
    weights = np.array([tap_weights(place - math.floor(place)) for place in places])
    shape = [1, 1, 1]
    shape[axis] = size * scale
    total = np.zeros(1)
    for tap in range(4):
        index = np.clip(first + tap - 1, 0, size - 1)
        term = np.take(values, index, axis=axis) * weights[:, tap].reshape(shape)
        total = term if tap == 0 else total + term
    return total
