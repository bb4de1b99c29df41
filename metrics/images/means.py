"""A mean over images, with limits that hold for clustered images and for constant ones."""

import numpy as np
from numpy.typing import ArrayLike

from metrics.errors import InsufficientData
from metrics.images.features import Floats
from metrics.stats.bootstrap import percentile_limits, resample_weights
from metrics.stats.readings import label_codes
from metrics.stats.roc import limits_without_variance

Limits = tuple[float, float]
FEW = 20  # units below which percentile limits are too narrow


def mean_limits(
    values: Floats,
    clusters: ArrayLike | None,
    *,
    level: float,
    draws: int,
    seed: int,
    least: float = 0.0,
) -> tuple[Limits, str, tuple[str, ...]]:
    """Return percentile limits of the mean of `values` (n,), how they were made, and warnings.

    Clusters (a label per image, such as its patient) are drawn whole. Values in [least, 1] that
    do not vary get exact limits for their number; others are refused.
    Raises InsufficientData below 2 images or clusters. Source: Efron & Tibshirani 1993, ch. 13.
    """
    n = len(values)
    codes = np.arange(n) if clusters is None else label_codes(clusters, n)
    sizes = np.bincount(codes)
    unit = "images" if clusters is None else "clusters"
    if len(sizes) < 2:
        raise InsufficientData(
            f"{n} images in {len(sizes)} {unit}; a bootstrap needs at least 2. Add images."
        )
    sums = np.bincount(codes, weights=values)
    copies = np.concatenate(
        [
            (weights @ sums) / (weights @ sizes)
            for weights in resample_weights(len(sizes), draws, seed)
        ]
    )
    if np.ptp(copies) > 1e-12:
        low, high, notes = percentile_limits(copies, level)
        if len(sizes) < FEW:
            notes += (f"{len(sizes)} {unit}: bootstrap limits of so few are too narrow",)
        return (low, high), f"bootstrap over {unit} {level:.4g}, {draws} draws", notes
    mean = float(values.mean())
    if not least <= mean <= 1:
        raise InsufficientData(
            f"All {n} images have the value {mean:g}: no limits exist. Add images that differ."
        )
    note = f"all {len(sizes)} {unit} have the value {mean:g}: limits are exact bounds"
    return bounds(mean, len(sizes), level, least), "exact bounds", (note,)


def bounds(mean: float, n: int, level: float, least: float) -> Limits:
    """Return exact limits of the mean of values in [least, 1], of which all n are `mean`."""
    span = 1 - least
    low, high = limits_without_variance((mean - least) / span, n, level)
    return least + span * low, least + span * high
