"""Kernel inception distance: an unbiased distance of two sets of features, for small sets too."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from metrics.images.features import Floats, refuse_constant, require_images, two_sets
from metrics.images.neighbours import blocks
from metrics.images.result import Extractor, Measure
from metrics.stats.intervals import check_level, critical

LEAST = 3


@dataclass(frozen=True, kw_only=True)
class Kid(Measure):
    """Hold the unbiased squared MMD with its jackknife error; negative values are not clipped."""

    se: float


def kid(
    real: ArrayLike,
    generated: ArrayLike,
    *,
    level: float = 0.95,
    extractor: Extractor | None = None,
) -> Kid:
    """Return the unbiased squared maximum mean discrepancy with the kernel (x.y / d + 1)^3.

    real: (n, d); generated: (m, d), of the same extractor.
    KID = sum_{i != j} k(x_i, x_j) / n(n - 1) + sum_{i != j} k(y_i, y_j) / m(m - 1)
    - 2 sum k(x_i, y_j) / nm. It is 0 on average for equal laws at any N, and so falls below 0
    half of the time; it is not clipped. The error is the jackknife over the images of both sets
    (a bootstrap repeats images and so biases the estimate); on average it does not under-state
    (Efron & Stein 1981). Limits are Wald. Memory is bounded: the kernel is summed in blocks.
    Raises InsufficientData below 3 images of either kind, or where all of a kind are the same;
    ValueError for malformed features.
    Sources: Bińkowski et al. 2018, arXiv 1801.01401, section 4; Gretton et al. 2012, JMLR 13:723,
    eq. 3.
    """
    check_level(level)
    x, y = two_sets(real, generated)
    for features, name in ((x, "real"), (y, "generated")):
        require_images(features, name, LEAST, "KID with its error")
        refuse_constant(features, name)
    within_x, within_y = _others(x), _others(y)
    across_x, across_y = _across(x, y)
    n, m = len(x), len(y)
    sums = float(within_x.sum()), float(within_y.sum()), float(across_x.sum())
    estimate = _mmd(sums, n, m)
    # Without image i its row and its column leave the sum within, its row the sum across.
    left_x = _mmd((sums[0] - 2 * within_x, sums[1], sums[2] - across_x), n - 1, m)
    left_y = _mmd((sums[0], sums[1] - 2 * within_y, sums[2] - across_y), n, m - 1)
    se = sqrt(_jackknife(left_x) + _jackknife(left_y))
    reach = critical(level) * se
    return Kid(
        estimate=float(estimate),
        low=float(estimate) - reach,
        high=float(estimate) + reach,
        method=(
            f"KID, unbiased, (x.y / {x.shape[1]} + 1)^3, {n} real and {m} generated images; "
            f"jackknife {level:.4g}"
        ),
        counts={"real": n, "generated": m},
        warnings=() if n == m else (f"{n} real and {m} generated images",),
        extractor=extractor,
        se=se,
    )


def _mmd(sums: tuple[Floats | float, Floats | float, Floats | float], n: int, m: int) -> Floats:
    """Return the statistic from the sums within x, within y and across."""
    return np.asarray(sums[0] / (n * (n - 1)) + sums[1] / (m * (m - 1)) - 2 * sums[2] / (n * m))


def _jackknife(left_out: Floats) -> float:
    """Return (n - 1) / n times the sum of squares of the n leave-one-out values."""
    return float((len(left_out) - 1) * left_out.var())


def _others(x: Floats) -> Floats:
    """Sum each image's kernel with all others of its set: (n,)."""
    sums = np.empty(len(x))
    for rows in blocks(len(x), len(x)):
        sums[rows] = _kernel(x[rows], x).sum(axis=1)
    return np.asarray(sums - _own(x))


def _across(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Sum each image's kernel with all images of the other set: (n,) and (m,)."""
    rows_sum, columns_sum = np.empty(len(x)), np.zeros(len(y))
    for rows in blocks(len(x), len(y)):
        values = _kernel(x[rows], y)
        rows_sum[rows] = values.sum(axis=1)
        columns_sum += values.sum(axis=0)
    return rows_sum, columns_sum


def _kernel(x: Floats, y: Floats) -> Floats:
    return np.asarray((x @ y.T / x.shape[1] + 1.0) ** 3)


def _own(x: Floats) -> Floats:
    """Return the kernel of each image with itself: (n,)."""
    return np.asarray(((x * x).sum(axis=1) / x.shape[1] + 1.0) ** 3)
