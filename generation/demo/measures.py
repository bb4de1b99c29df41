"""Small measurements on pixels that the oracle's features are made of."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]
EPS = 1e-6


def soft_step(values: Floats, middle: float, width: float) -> Floats:
    """Return a smooth 0..1 membership of `values` above `middle`."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip((values - middle) / width, -40, 40))))


def mean_in(values: Floats, weight: Floats) -> Floats:
    """Average `values`, (h, w) or (h, w, c), under `weight` (h, w); 0 where nothing weighs."""
    total = weight.sum()
    if total < EPS:
        return np.zeros(values.shape[2:])
    spread = weight if values.ndim == 2 else weight[..., None]
    return np.asarray((values * spread).sum(axis=(0, 1)) / total)


def spread_in(values: Floats, weight: Floats) -> Floats:
    """Return the standard deviation of `values` under `weight`."""
    centred = values - mean_in(values, weight)
    return np.asarray(np.sqrt(mean_in(centred * centred, weight)))


def fine(values: Floats, scale: float) -> Floats:
    """Return what a Gaussian blur of `scale` pixels takes away."""
    sigma = (scale, scale) + (0,) * (values.ndim - 2)
    return np.asarray(values - ndimage.gaussian_filter(values, sigma))


def steepness(values: Floats) -> Floats:
    """Return the length of the gradient of (h, w)."""
    dy, dx = np.gradient(values)
    return np.asarray(np.hypot(dy, dx))


def outline(inside: Floats, *, angles: int = 32) -> Floats:
    """Walk outwards from the middle until `inside` falls below one half; (angles,) in pixels."""
    size = inside.shape[0]
    reach = np.arange(0, size / 2, 0.25)
    theta = np.arange(angles) * 2 * np.pi / angles
    middle = (size - 1) / 2
    rows = middle + np.sin(theta)[:, None] * reach
    columns = middle + np.cos(theta)[:, None] * reach
    along = ndimage.map_coordinates(inside, [rows, columns], order=1, mode="nearest")
    outside = along < 0.5
    first = np.where(outside.any(axis=1), outside.argmax(axis=1), len(reach) - 1)
    return np.asarray(reach[first])


def within(radii: Floats, size: int) -> Floats:
    """Turn an outline back into a soft mask (size, size)."""
    middle = (size - 1) / 2
    y, x = np.mgrid[:size, :size] - middle
    theta = np.mod(np.arctan2(y, x), 2 * np.pi) * len(radii) / (2 * np.pi)
    wrapped = np.append(radii, radii[0])
    border = np.interp(theta, np.arange(len(wrapped)), wrapped)
    return np.asarray(np.clip(border - np.hypot(y, x) + 0.5, 0, 1))


def shape_of(mask: Floats) -> Floats:
    """Describe a soft mask: sqrt area, compactness, elongation, perimeter, off-centre; (5,).

    compactness is 2 pi Rg^2 / area: 1 for a disc, larger for parted or lobed bodies.
    """
    size = mask.shape[0]
    area = mask.sum() + EPS
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    cy, cx = (mask * y).sum() / area, (mask * x).sum() / area
    dy, dx = y - cy, x - cx
    yy, xx = (mask * dy * dy).sum() / area, (mask * dx * dx).sum() / area
    xy = (mask * dy * dx).sum() / area
    gap = np.hypot(yy - xx, 2 * xy)
    perimeter = steepness(mask).sum() / np.sqrt(area)
    return np.array(
        [
            np.sqrt(area),
            2 * np.pi * (yy + xx) / area,
            gap / (yy + xx + EPS),
            perimeter,
            np.hypot(cy, cx),
        ]
    )


def lobes_of(mask: Floats) -> Floats:
    """Return the strength of 1 to 5 lobes around the middle of gravity of a soft mask; (5,)."""
    size = mask.shape[0]
    area = mask.sum() + EPS
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    dy, dx = y - (mask * y).sum() / area, x - (mask * x).sum() / area
    theta, weight = np.arctan2(dy, dx), mask * np.hypot(dy, dx)
    waves = [np.abs((weight * np.exp(1j * k * theta)).sum()) for k in range(1, 6)]
    return np.array(waves) / (weight.sum() + EPS)
