"""What the drawing rules of a skin lesion look like from outside: numbers per criterion.

Image in, (32, 32, 3) in 0..1; colours are read against the skin around.
"""

import numpy as np
from scipy import ndimage

from generation.demo.measures import (
    EPS,
    Floats,
    fine,
    lobes_of,
    mean_in,
    outline,
    shape_of,
    soft_step,
    spread_in,
    steepness,
    within,
)

SIZE = 32
DARK = 0.12  # the eye does not tell black from nearly black


def lesion_features(image: Floats) -> dict[str, Floats]:
    """Measure a lesion; returns criterion -> feature vector."""
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    rim = (np.hypot(y, x) > 0.40 * SIZE).astype(np.float64)
    skin = np.median(image[rim > 0], axis=0)
    density = np.clip(-np.log((image + DARK) / (skin + DARK)), -1, 3)
    body = ndimage.gaussian_filter(np.abs(density).sum(axis=2), 0.6)
    radii = outline(soft_step(body, 0.36, 0.05))
    lesion, halo = within(radii, SIZE), within(radii + 2, SIZE)
    skin_around = rim * (1 - halo)
    grain, coarse = fine(density, 1.0), fine(density, 3.0)
    bend = np.abs(np.diff(radii, n=2, append=radii[:2]))
    shape = shape_of(lesion)
    border = halo - within(np.maximum(radii - 2, 0), SIZE)
    return {
        "architecture": np.concatenate(
            [
                shape[:4],
                lobes_of(lesion)[:3],
                [radii.std(), bend.mean(), float(mean_in(steepness(density.sum(axis=2)), border))],
            ]
        ),
        "colour": np.concatenate(
            [mean_in(density, lesion), spread_in(density, lesion), _imbalance(density, lesion)]
        ),
        "structures": np.concatenate(
            [
                np.log(spread_in(grain, lesion) + 0.02),
                np.log(spread_in(coarse, lesion) + 0.02),
                _skew(grain, lesion),
            ]
        ),
        "vessels_surface": np.concatenate(
            [
                _quantiles(density[..., 2] - density[..., 0], lesion),
                _quantiles(density[..., 1] - density[..., 0], lesion),
                _quantiles(-density.sum(axis=2), lesion),
            ]
        ),
        "skin_image": np.concatenate(
            [skin, [np.log(_robust(fine(image.mean(axis=2), 1.0), skin_around) + 0.002)]]
        ),
    }


def _imbalance(density: Floats, mask: Floats) -> Floats:
    """Return how far each colour's middle of gravity lies from the lesion's; (1,)."""
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    heavy = mask * np.clip(density.sum(axis=2), 0, None)
    dy = (heavy * y).sum() / (heavy.sum() + EPS) - (mask * y).sum() / (mask.sum() + EPS)
    dx = (heavy * x).sum() / (heavy.sum() + EPS) - (mask * x).sum() / (mask.sum() + EPS)
    return np.array([np.hypot(dy, dx)])


def _skew(values: Floats, mask: Floats) -> Floats:
    spread = spread_in(values, mask) + 0.01
    return np.asarray(mean_in(values**3, mask) / spread**3)[:2]


def _quantiles(values: Floats, mask: Floats) -> Floats:
    chosen = values[mask > 0.5]
    return np.asarray(np.quantile(chosen, [0.1, 0.9])) if chosen.size else np.zeros(2)


def _robust(values: Floats, mask: Floats) -> float:
    """Return the median size of `values` in the mask: a hair does not count, noise does."""
    chosen = np.abs(values[mask > 0.5])
    return float(np.median(chosen)) if chosen.size else 0.0
