"""What the drawing rules of a marrow cell look like from outside: numbers per criterion.

Image in, (32, 32, 3) in 0..1. Colours are read as optical density against the glass of the same
image, as a morphologist judges stain against the background.
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
DARK = 0.12


def cell_features(image: Floats) -> dict[str, Floats]:
    """Measure a cell; returns criterion -> feature vector."""
    density = _optical_density(image)
    red = density[..., 0]  # nuclei and dark granules absorb red, eosin and red cells do not
    body = ndimage.gaussian_filter(np.clip(density, 0, None).sum(axis=2), 0.6)
    radii = outline(soft_step(body, 0.11, 0.02))  # the palest cytoplasm, a neutrophil's, has .21
    cell = within(radii, SIZE)
    inner = within(np.maximum(radii - 1.2, 0), SIZE)
    dark = cell * soft_step(red, 0.66, 0.07)
    clear = inner * (1 - soft_step(red, 0.52, 0.05))
    grain, whole = fine(density, 1.0), cell.sum() + EPS
    bend = np.abs(np.diff(radii, n=2, append=radii[:2]))
    nuclear_edge = 4 * dark * (1 - dark / (cell + EPS))
    shape = shape_of(dark)
    return {
        "size": np.array([np.sqrt(whole), radii.mean()]),
        "nucleus": np.concatenate(
            [shape[:4], lobes_of(dark), [float(mean_in(steepness(red), nuclear_edge))]]
        ),
        "nc_ratio": np.array([np.log((dark.sum() + 1) / whole)]),
        "cytoplasm": np.concatenate(
            [mean_in(density, clear), [radii.std(), bend.mean(), clear.sum() / whole]]
        ),
        "chromatin": np.concatenate(
            [
                mean_in(density, dark),
                spread_in(density, dark)[:2],
                np.log(spread_in(grain, dark)[:2] + 0.02),
            ]
        ),
        "inclusions": np.concatenate(
            [np.log(spread_in(grain, clear) + 0.02), [_top(red, clear), _top(-red, inner)]]
        ),
        "granules": np.concatenate(
            [
                np.log(spread_in(grain, inner) + 0.02),
                mean_in(density, clear * soft_step(grain[..., 2], 0.02, 0.02)),
                mean_in(density, inner),
            ]
        ),
    }


def _optical_density(image: Floats) -> Floats:
    brightness = image.min(axis=2)
    glass = image[brightness >= np.quantile(brightness, 0.7)].mean(axis=0)
    # The eye does not tell black from nearly black: DARK keeps the logarithm from doing so.
    return np.asarray(np.clip(-np.log((image + DARK) / (glass + DARK)), -0.5, 3))


def _top(values: Floats, weight: Floats) -> float:
    """Return a high quantile of `values` where `weight` is more than one half."""
    chosen = values[weight > 0.5]
    return float(np.quantile(chosen, 0.97)) if chosen.size else 0.0
