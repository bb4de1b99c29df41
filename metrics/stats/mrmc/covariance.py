"""Estimates per modality and reader, and their covariances over cases.

Groups are the t * r cells in the order modality-major. All three methods take any pattern of
missing cells: they use the cases that two groups share.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from metrics.stats.mrmc.design import Design, Metric
from metrics.stats.roc import Bools, Floats, placements

Method = Literal["jackknife", "delong", "unbiased"]
METHODS: tuple[Method, ...] = ("jackknife", "delong", "unbiased")
_CHUNK = 1 << 20
_FEW_COUNTS = 1500  # groups x levels up to which their joint counts are the faster way


@dataclass(frozen=True)
class Components:
    """Hold, for g groups, each case's contribution to the group's estimate.

    area: cases of both kinds contribute placement values that average to the estimate within
    each kind; otherwise every case that counts contributes 1 (right call) or 0.
    values: (g, n), NaN where the group lacks the case; kinds: (k, n), a partition of the cases.
    n_cases: the cases with any reading that the metric counts.
    """

    estimates: Floats
    values: Floats
    kinds: Bools
    ratings: Floats
    is_area: bool
    n_cases: int


def contributions(design: Design, metric: Metric, positive_at: float) -> Components:
    """Split each modality x reader estimate of the metric into contributions of cases."""
    ratings = design.ratings.reshape(-1, design.positive.size)
    if metric == "auc":
        return _areas(ratings, design.positive)
    calls = np.where(np.isnan(ratings), np.nan, (ratings > positive_at) == design.positive)
    counted = {
        "accuracy": np.ones(design.positive.size, dtype=bool),
        "sensitivity": design.positive,
        "specificity": ~design.positive,
    }[metric]
    values, kept = calls[:, counted], ratings[:, counted]
    kinds = np.ones((1, values.shape[1]), dtype=bool)
    estimates = np.nanmean(values, axis=1)
    return Components(estimates, values, kinds, kept, is_area=False, n_cases=_ever_read(kept))


def _areas(ratings: Floats, positive: Bools) -> Components:
    values = np.full(ratings.shape, np.nan)
    for row, rating in zip(values, ratings, strict=True):
        read = ~np.isnan(rating)
        place = placements(rating[read & positive], rating[read & ~positive])
        row[read & positive], row[read & ~positive] = place.positive, place.negative
    kinds = np.array([positive, ~positive])
    estimates = np.nanmean(values[:, positive], axis=1)
    return Components(estimates, values, kinds, ratings, is_area=True, n_cases=_ever_read(ratings))


def _ever_read(ratings: Floats) -> int:
    """Count the cases that any group read."""
    return int((~np.isnan(ratings)).any(axis=0).sum())


def covariances(parts: Components, method: Method) -> Floats:
    """Estimate the (g, g) covariance matrix of the group estimates over cases."""
    return _METHODS[method](parts)


def _jackknife(parts: Components) -> Floats:
    """Leave out one case at a time: (n - 1) / n sum of squares about the mean (Efron 1982).

    n counts the cases with any reading that the metric counts (synthetic images for sensitivity).
    A case that a group lacks leaves its estimate as it is; the mean of the left-out estimates is
    then the estimate itself.
    """
    shift = np.zeros(parts.values.shape)
    for kind in parts.kinds:
        value = parts.values[:, kind]
        read = ~np.isnan(value)
        m = read.sum(axis=1)[:, None]
        moved = (parts.estimates[:, None] - value) / (m - 1)
        shift[:, kind] = np.where(read, moved, 0.0)
    n = parts.n_cases
    return np.asarray((n - 1) / n * (shift @ shift.T))


def _delong(parts: Components) -> Floats:
    """Sum structural components over shared cases (DeLong 1988; Zhou & Gatsonis 1996).

    Per kind: sum over the m shared cases of the products of deviations, times m / (m - 1),
    over the product of the groups' case counts. With nothing missing this is S10/n1 + S01/n0.
    """
    total = np.zeros((parts.estimates.size,) * 2)
    for kind in parts.kinds:
        value = parts.values[:, kind]
        read = (~np.isnan(value)).astype(float)
        n = read.sum(axis=1)
        deviation = np.where(read > 0, value - parts.estimates[:, None], 0.0)
        shared = read @ read.T
        scale = np.where(shared > 1, shared / np.maximum(shared - 1, 1), 0.0)
        total += scale * (deviation @ deviation.T) / np.outer(n, n)
    return total


def _unbiased(parts: Components) -> Floats:
    """Estimate E[ab] - E[a]E[b] without bias (Gallas, Pennello & Myers 2007; Gallas 2006).

    The product of expectations is the mean over pairs of terms that share no case: of all
    products, take away those with a shared positive, a shared negative, and put back both.
    """
    if not parts.is_area:
        return _unbiased_means(parts)
    sums, counts = [], []
    sizes = np.array([(~np.isnan(parts.values[:, kind])).sum(axis=1) for kind in parts.kinds])
    for k, kind in enumerate(parts.kinds):
        value = parts.values[:, kind]
        read = (~np.isnan(value)).astype(float)
        other = sizes[1 - k][:, None]
        scores = np.where(read > 0, value, 0.0) * other  # a case's summed pair scores
        sums.append(scores @ scores.T)
        counts.append(read @ read.T)
    pairs = np.outer(sizes[0] * sizes[1], sizes[0] * sizes[1])
    products = pairs * np.outer(parts.estimates, parts.estimates)
    disjoint = products - sums[0] - sums[1] + _pair_products(parts)
    n_disjoint = (
        pairs
        - counts[0] * np.outer(sizes[1], sizes[1])
        - counts[1] * np.outer(sizes[0], sizes[0])
        + counts[0] * counts[1]
    )
    return np.asarray(products / pairs - disjoint / n_disjoint)


def _unbiased_means(parts: Components) -> Floats:
    read = ~np.isnan(parts.values)
    value = np.where(read, parts.values, 0.0)
    n = read.sum(axis=1).astype(float)
    pairs = np.outer(n, n)
    products = pairs * np.outer(parts.estimates, parts.estimates)
    shared = read.astype(float) @ read.astype(float).T
    return np.asarray(products / pairs - (products - value @ value.T) / (pairs - shared))


def _pair_products(parts: Components) -> Floats:
    """Sum psi_a psi_b over the (positive, negative) pairs that groups a and b both scored.

    psi is 1, .5 or 0. Few rating levels: by joint counts of levels; many: pair by pair.
    """
    positive, negative = (parts.ratings[:, kind] for kind in parts.kinds)
    levels = np.unique(parts.ratings[~np.isnan(parts.ratings)])
    if levels.size * positive.shape[0] <= _FEW_COUNTS:
        return _products_of_levels(positive, negative, levels)
    return _products_of_pairs(positive, negative)


def _products_of_levels(positive: Floats, negative: Floats, levels: Floats) -> Floats:
    """Sum over levels: counts (g, k, g, k) of positives times psi x psi x counts of negatives."""
    joint = []
    for side in (positive, negative):
        has = (side[:, None, :] == levels[None, :, None]).astype(float)  # (g, k, n)
        joint.append(np.tensordot(has, has, axes=(2, 2)))
    psi = (levels[:, None] > levels[None, :]) + 0.5 * np.eye(levels.size)
    below = np.tensordot(np.tensordot(joint[1], psi, axes=(3, 1)), psi, axes=(1, 1))  # (g, g, k, k)
    return np.asarray((joint[0].transpose(0, 2, 3, 1) * below).sum(axis=(2, 3)))


def _products_of_pairs(positive: Floats, negative: Floats) -> Floats:
    """Go through blocks of at most 2^20 pairs, so that memory stays flat.

    Within a block the sums are multiples of .25 below 2^22 and so exact in single precision.
    """
    groups, n0 = negative.shape
    step = max(1, _CHUNK // max(1, n0 * groups))
    total = np.zeros((groups, groups))
    for start in range(0, positive.shape[1], step):
        block = positive[:, start : start + step, None]
        # Comparisons with NaN are false, so that a missing cell adds nothing.
        psi = (block > negative[:, None, :]).astype(np.float32)
        psi += 0.5 * (block == negative[:, None, :]).astype(np.float32)
        flat = psi.reshape(groups, -1)
        total += (flat @ flat.T).astype(float)
    return total


_METHODS: dict[Method, Callable[[Components], Floats]] = {
    "jackknife": _jackknife,
    "delong": _delong,
    "unbiased": _unbiased,
}
