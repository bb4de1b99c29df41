"""One reader's area under the ROC curve: DeLong's test and Hanley and McNeil's check."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from metrics.errors import InsufficientData
from metrics.stats.intervals import check_level, critical
from metrics.stats.readings import numbers
from metrics.stats.result import Test
from metrics.stats.roc import (
    Bools,
    Floats,
    Placements,
    labelled,
    limits_without_variance,
    placements,
    require_both,
    share_otherwise,
)
from metrics.stats.turing.counts import Measured, reader_counts


@dataclass(frozen=True, kw_only=True)
class AreaTest(Test):
    """Hold an area (or a paired difference of areas) with DeLong's error and test.

    One score: estimate = area, tested against .5. Two scores: estimate = area_a - area_b.
    """

    se: float
    area_a: float
    se_a: float
    area_b: float | None = None
    se_b: float | None = None
    covariance: float | None = None


def auc(truth: ArrayLike, score: ArrayLike, *, level: float = 0.95) -> AreaTest:
    """Estimate one reader's area under the empirical ROC curve and test it against .5.

    The share of (positive, negative) pairs in order, ties one half, with the error, limits,
    errors raised and source (DeLong et al. 1988) of `delong` with one score.
    """
    return delong(truth, score, level=level)


def delong(
    truth: ArrayLike,
    score_a: ArrayLike,
    score_b: ArrayLike | None = None,
    *,
    level: float = 0.95,
) -> AreaTest:
    """Estimate an area, or compare two areas on the same images (DeLong et al. 1988).

    truth: (n,) 0/1; scores: (n,), higher = more positive, ties count one half; cases without a
    (both) score are dropped and counted. Limits are Wald, cut at 0 and 1; z is against .5 or
    against no difference. A perfect or constant reader, and two scores that order alike, have no
    estimated variance: limits then come from disjoint case pairs, z of one area from the Wilcoxon
    null variance, with a warning.
    Raises InsufficientData below two cases of either class.
    """
    check_level(level)
    if score_b is None:
        labels, values, missing = labelled(truth, score_a)
        return _one_area(labels, values, missing, level)
    first = numbers(score_a, "score_a", bounded=False)
    second = numbers(score_b, "score_b", bounded=False)
    if first.size != second.size:
        raise ValueError(f"{first.size} and {second.size} scores: give both for every case.")
    pair = np.column_stack([first, second])
    absent = np.isnan(pair).any(axis=1)
    labels, _, missing = labelled(truth, np.where(absent, np.nan, 0.0))
    return _two_areas(labels, pair[~absent], missing, level)


def _one_area(labels: Bools, values: Floats, missing: int, level: float) -> AreaTest:
    from scipy.stats import norm

    positive, negative = values[labels], values[~labels]
    n1, n0 = positive.size, negative.size
    require_both(n1, n0)
    place = placements(positive, negative)
    area, se = place.area, sqrt(place.variance)
    warnings: tuple[str, ...] = ()
    if se > 0:
        reach = critical(level) * se
        low, high, z = max(0.0, area - reach), min(1.0, area + reach), (area - 0.5) / se
    else:
        low, high = limits_without_variance(area, min(n1, n0), level)
        z = (area - 0.5) / sqrt((n1 + n0 + 1) / (12 * n1 * n0))
        warnings = (_no_variance(area, n1, n0),)
    return AreaTest(
        estimate=area,
        low=low,
        high=high,
        method="empirical AUC, DeLong",
        statistic=z,
        p=float(2 * norm.sf(abs(z))),
        se=se,
        area_a=area,
        se_a=se,
        warnings=warnings,
        **reader_counts(n1, n0, missing),
    )


def _two_areas(labels: Bools, pair: Floats, missing: int, level: float) -> AreaTest:
    from scipy.stats import norm

    n1, n0 = int(labels.sum()), int((~labels).sum())
    require_both(n1, n0)
    a, b = (placements(pair[labels, k], pair[~labels, k]) for k in (0, 1))
    shared = _covariance(a, b)
    difference, variance = a.area - b.area, a.variance + b.variance - 2 * shared
    # Rounding leaves a trace of variance where the curves are the same.
    se = sqrt(variance) if variance > 1e-14 else 0.0
    if se == 0.0 and abs(difference) > 1e-12:
        raise InsufficientData(
            f"Areas {a.area:.3f} and {b.area:.3f} differ without any variance between {n1} "
            f"positive and {n0} negative cases: no test exists. Collect graded ratings."
        )
    z = difference / se if se else 0.0
    reach = critical(level) * se if se else share_otherwise(min(n1, n0), level)
    return AreaTest(
        estimate=difference,
        low=difference - reach,
        high=difference + reach,
        method="difference of empirical AUC, paired DeLong",
        statistic=z,
        p=float(2 * norm.sf(abs(z))),
        se=se,
        area_a=a.area,
        se_a=sqrt(a.variance),
        area_b=b.area,
        se_b=sqrt(b.variance),
        covariance=shared,
        warnings=() if se else (_ordered_alike(min(n1, n0)),),
        **reader_counts(n1, n0, missing),
    )


def _ordered_alike(n_pairs: int) -> str:
    return (
        f"the two scores order these images alike: no variance; limits from {n_pairs} disjoint "
        f"pairs"
    )


def _covariance(a: Placements, b: Placements) -> float:
    """Give DeLong's covariance of two areas from the same cases."""
    s10 = np.cov(a.positive, b.positive)[0, 1] / a.positive.size
    s01 = np.cov(a.negative, b.negative)[0, 1] / a.negative.size
    return float(s10 + s01)


def _no_variance(area: float, n1: int, n0: int) -> str:
    return (
        f"area {area:g} on {n1} positive and {n0} negative cases has no estimated variance; "
        f"limits from {min(n1, n0)} disjoint pairs"
    )


def hanley_mcneil(truth: ArrayLike, score: ArrayLike, *, level: float = 0.95) -> Measured:
    """Estimate the area with the exponential approximation of its error, as a check.

    SE^2 = (A(1-A) + (n1-1)(Q1-A^2) + (n0-1)(Q2-A^2)) / (n1 n0), Q1 = A/(2-A), Q2 = 2A^2/(1+A)
    (Hanley & McNeil 1982). Raises InsufficientData below two cases of either class.
    """
    check_level(level)
    labels, values, missing = labelled(truth, score)
    n1, n0 = int(labels.sum()), int((~labels).sum())
    require_both(n1, n0)
    area = placements(values[labels], values[~labels]).area
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (n1 - 1) * (q1 - area**2) + (n0 - 1) * (q2 - area**2)
    se = sqrt(max(0.0, spread) / (n1 * n0))
    reach = critical(level) * se
    low, high = max(0.0, area - reach), min(1.0, area + reach)
    if se == 0.0:
        low, high = limits_without_variance(area, min(n1, n0), level)
    return Measured(
        estimate=area,
        low=low,
        high=high,
        method="empirical AUC, Hanley-McNeil error",
        se=se,
        warnings=() if se else (_no_variance(area, n1, n0),),
        **reader_counts(n1, n0, missing),
    )
