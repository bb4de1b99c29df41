"""Percent agreement, Gwet's AC and Fleiss' kappa: one formula, three ideas of chance.

All take items x readers with missing ratings. The coefficient is (pa - pe) / (1 - pe); its
variance is Gwet's over items, which holds the readers fixed.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, stdtr

from metrics.errors import InsufficientData
from metrics.stats.agreement.ratings import Array, Ratings, Weights, read_ratings, weight_matrix
from metrics.stats.intervals import critical
from metrics.stats.proportions.binomial import exact_limits
from metrics.stats.result import THESE_READERS, Estimate, Test


@dataclass(frozen=True, kw_only=True)
class Agreement(Estimate):
    """Hold a coefficient with `observed` agreement, `expected` by chance and the prevalence."""

    se: float
    observed: float
    expected: float
    prevalence: Mapping[Hashable, float]


@dataclass(frozen=True, kw_only=True)
class FleissKappa(Test):
    """Hold Fleiss' kappa with its test against 0; fields as in Agreement."""

    se: float
    observed: float
    expected: float
    prevalence: Mapping[Hashable, float]


@dataclass(frozen=True)
class _Coefficient:
    """Hold the numbers that all coefficients share."""

    ratings: Ratings
    estimate: float
    low: float
    high: float
    se: float
    observed: float
    expected: float
    interval: str
    warnings: tuple[str, ...]


def percent_agreement(
    ratings: ArrayLike,
    weights: Weights = None,
    *,
    categories: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> Agreement:
    """Return the share of reader pairs that agree, averaged over items with 2 ratings or more.

    `ratings` is items x readers with NaN for missing; `weights` as in `gwet_ac`. t interval over
    items, cut to [0, 1]. It says nothing of agreement by chance: print it beside `gwet_ac`.
    Raises InsufficientData as `read_ratings`. Source: Gwet 2014, ch. 2.
    """
    table = read_ratings(ratings, categories)
    matrix = weight_matrix(table, weights)
    part = _coefficient(table, matrix, 0.0, np.zeros(len(table.codes)), level)
    return _agreement(part, f"percent agreement{_named(weights)}", level, floor=0.0)


def gwet_ac(
    ratings: ArrayLike,
    weights: Weights = None,
    *,
    categories: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> Agreement:
    """Return Gwet's AC1 (weights None) or AC2, the primary coefficient of agreement.

    pe = sum(w) / (q (q - 1)) sum_k pi_k (1 - pi_k) with pi_k the mean share of category k over
    items, q the categories of the scale (give `categories` if a level was never used).
    `weights`: None, linear, quadratic, ordinal, radical, ratio or a matrix. Items with one
    rating inform pi only. Interval: Gwet's variance over items, t with n - 1 degrees of freedom,
    cut at 1; if all items agree alike, exact limits of the observed agreement.
    Raises InsufficientData as `read_ratings`; ValueError for unknown weights.
    Source: Gwet 2008, Br J Math Stat Psychol 61:29; Gwet 2014, Handbook, ch. 5.
    """
    table = read_ratings(ratings, categories)
    matrix = weight_matrix(table, weights)
    q = len(table.categories)
    shares, mean = _shares(table)
    scale = float(matrix.sum()) / (q * (q - 1)) if q > 1 else 0.0
    expected = scale * float(mean @ (1 - mean))
    part = _coefficient(table, matrix, expected, scale * shares @ (1 - mean), level)
    name = "Gwet AC1" if weights is None else "Gwet AC2"
    return _agreement(part, f"{name}{_named(weights)}", level, floor=-1.0)


def fleiss_kappa(
    ratings: ArrayLike,
    weights: Weights = None,
    *,
    categories: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> FleissKappa:
    """Return Fleiss' kappa, extended to missing ratings, with the test of kappa = 0.

    pe = sum_kl w_kl pi_k pi_l. Interval as `gwet_ac`. `statistic`: without missing ratings or
    weights, z with the null variance of Fleiss, Nee & Landis; otherwise estimate / se against t
    with n - 1 degrees of freedom. Raises InsufficientData as `read_ratings`, and when all
    ratings fall in one category (kappa is 0/0; use gwet_ac).
    Source: Fleiss 1971, Psychol Bull 76:378; Fleiss, Nee & Landis 1979, Psychol Bull 86:974.
    """
    table = read_ratings(ratings, categories)
    require_variety(table, "Fleiss' kappa")
    matrix = weight_matrix(table, weights)
    shares, mean = _shares(table)
    expected = float(mean @ matrix @ mean)
    part = _coefficient(table, matrix, expected, shares @ matrix @ mean, level)
    null_se = _null_se(table) if weights is None else None
    statistic, p = _test(part, null_se)
    base = _agreement(part, f"Fleiss kappa{_named(weights)}", level, floor=-1.0)
    return FleissKappa(**vars(base), statistic=statistic, p=p)


def require_variety(ratings: Ratings, name: str) -> None:
    """Raise InsufficientData when every rating is the same, so that chance agreement is 1."""
    used = np.unique(ratings.codes[ratings.codes >= 0])
    if len(used) < 2:
        raise InsufficientData(
            f"All {ratings.n_readings} ratings of {len(ratings.codes)} items are "
            f"{ratings.categories[used[0]]!r}; {name} is 0/0. Report percent_agreement or gwet_ac."
        )


def _shares(ratings: Ratings) -> tuple[Array, Array]:
    """Return each item's share of each category, and their mean over items."""
    counts = ratings.counts()
    shares = counts / counts.sum(axis=1, keepdims=True)
    return shares, shares.mean(axis=0)


def _coefficient(
    ratings: Ratings, weights: Array, expected: float, expected_items: Array, level: float
) -> _Coefficient:
    """Return (pa - pe) / (1 - pe) with the linearised variance over all items."""
    if expected >= 1:
        raise InsufficientData("The weights count every pair of categories as agreement.")
    counts = ratings.counts()
    n, raters = len(counts), counts.sum(axis=1)
    paired = raters >= 2
    pairs = np.where(paired, raters * (raters - 1), 1.0)
    agreement = (counts * (counts @ weights - 1)).sum(axis=1) / pairs
    agreement[~paired] = 0.0
    scale = n / paired.sum()
    observed = float(agreement[paired].mean())
    value = (observed - expected) / (1 - expected)
    terms = scale * (agreement - expected * paired) / (1 - expected)
    terms = terms - 2 * (1 - value) * (expected_items - expected) / (1 - expected)
    se = math.sqrt(float(((terms - value) ** 2).sum()) / (n * (n - 1)))
    notes: tuple[str, ...] = ()
    if not paired.all():
        notes = (f"{int((~paired).sum())} of {n} items have a single rating",)
    if np.ptp(agreement[paired]) > 0:
        half = critical(level, n - 1) * se
        limits, how = (value - half, value + half), "variance over items, t"
        return _Coefficient(ratings, value, *limits, se, observed, expected, how, notes)
    # every item agrees alike: the variance over items says nothing
    bounds = exact_limits(min(max(observed, 0.0), 1.0), int(paired.sum()), level)
    low, high = ((bound - expected) / (1 - expected) for bound in bounds)
    how = "exact binomial over items"
    notes += (f"all {int(paired.sum())} items agree alike; limits from the exact binomial",)
    return _Coefficient(ratings, value, low, high, se, observed, expected, how, notes)


def _agreement(part: _Coefficient, name: str, level: float, *, floor: float) -> Agreement:
    return Agreement(
        estimate=part.estimate,
        low=min(part.estimate, max(floor, part.low)),
        high=max(part.estimate, min(1.0, part.high)),
        method=f"{name}, {part.interval} {level:.4g}",
        n_images=len(part.ratings.codes),
        n_readers=part.ratings.codes.shape[1],
        n_readings=part.ratings.n_readings,
        n_missing=part.ratings.n_missing,
        estimand=THESE_READERS,
        warnings=part.warnings,
        se=part.se,
        observed=part.observed,
        expected=part.expected,
        prevalence=part.ratings.prevalence(),
    )


def _named(weights: Weights) -> str:
    if weights is None:
        return ""
    return f" ({weights if isinstance(weights, str) else 'given'} weights)"


def _null_se(ratings: Ratings) -> float | None:
    """Return the standard error of kappa when it is 0, for complete ratings only."""
    if ratings.n_missing:
        return None
    n, m = ratings.codes.shape
    p = ratings.counts().sum(axis=0) / (n * m)
    spread = float(p @ (1 - p))
    excess = spread**2 - float((p * (1 - p) * (1 - 2 * p)).sum())
    return math.sqrt(2 * excess / (spread**2 * n * m * (m - 1)))


def _test(part: _Coefficient, null_se: float | None) -> tuple[float, float]:
    if null_se is not None and null_se > 0:
        z = part.estimate / null_se
        return z, float(2 * ndtr(-abs(z)))
    if part.se == 0:
        return 0.0, 1.0
    t = part.estimate / part.se
    return t, float(2 * stdtr(len(part.ratings.codes) - 1, -abs(t)))
