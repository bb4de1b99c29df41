"""Krippendorff's alpha with missing ratings, on four scales."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from metrics.errors import InsufficientData
from metrics.stats.agreement.ratings import Array, Ratings, read_ratings
from metrics.stats.agreement.subject_variance import require_variety
from metrics.stats.bootstrap import DRAWS, SEED, percentile_limits, resample_weights
from metrics.stats.proportions.binomial import exact_limits
from metrics.stats.result import THESE_READERS, Estimate


@dataclass(frozen=True, kw_only=True)
class KrippendorffAlpha(Estimate):
    """Hold alpha = 1 - observed / expected disagreement, and the bootstrap behind its interval.

    `se` is the standard deviation of the bootstrap samples.
    """

    se: float
    observed_disagreement: float
    expected_disagreement: float
    prevalence: Mapping[Hashable, float]
    draws: int
    seed: int


def krippendorff_alpha(
    ratings: ArrayLike,
    metric: str = "nominal",
    *,
    categories: Sequence[Hashable] | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> KrippendorffAlpha:
    """Return Krippendorff's alpha of ratings (items x readers, NaN for missing).

    With n_uc the ratings c of item u, m_u its ratings (items with one rating are left out),
    n_c = sum_u n_uc and n = sum_c n_c: observed = sum_u sum_ck n_uc n_uk d_ck / (m_u - 1) / n,
    expected = sum_ck n_c n_k d_ck / (n (n - 1)). `metric` d: nominal 0 or 1, interval (c - k)^2,
    ratio ((c - k) / (c + k))^2, ordinal (sum_{g=c..k} n_g - (n_c + n_k) / 2)^2, which is the
    squared difference of mid-ranks and not Gwet's ordinal weight. Percentile bootstrap over
    items; when all items agree alike, limits from the exact binomial, cut to [-1, 1].
    Raises InsufficientData as `read_ratings`, and when all pairable ratings are equal (0/0);
    ValueError for an unknown metric or labels without numbers on interval and ratio scales.
    Source: Krippendorff 2011, Computing Krippendorff's alpha-reliability.
    """
    if metric not in _METRICS:
        raise ValueError(f"metric {metric!r} is unknown; choose one of {', '.join(_METRICS)}.")
    table = read_ratings(ratings, categories)
    counts, alone = _pairable(table, metric)
    values = table.positions
    observed, expected = _disagreements(counts, np.ones(len(counts)), values, _METRICS[metric])
    estimate = 1 - observed / expected
    samples = np.array(
        [
            _alpha(counts, row, values, _METRICS[metric])
            for block in resample_weights(len(counts), draws, seed)
            for row in block
        ]
    )
    if np.nanstd(samples) > 1e-12:
        low, high, notes = percentile_limits(samples, level)
    else:
        low, high, notes = _no_spread(counts, values, _METRICS[metric], level)
    if alone:
        notes += (f"{alone} items with a single rating are left out",)
    return KrippendorffAlpha(
        estimate=estimate,
        low=min(low, estimate),
        high=max(high, estimate),
        method=f"Krippendorff alpha ({metric}), bootstrap over items {level:.4g}, "
        f"{draws} draws, seed {seed}",
        n_images=len(counts),
        n_readers=table.codes.shape[1],
        n_readings=int(counts.sum()),
        n_missing=table.n_missing,
        estimand=THESE_READERS,
        warnings=notes,
        se=float(np.nanstd(samples)),
        observed_disagreement=observed,
        expected_disagreement=expected,
        prevalence=table.prevalence(),
        draws=draws,
        seed=seed,
    )


def _pairable(table: Ratings, metric: str) -> tuple[Array, int]:
    """Return the counts of items with 2 ratings or more, and how many items have one."""
    labels = table.categories
    if metric in {"interval", "ratio"} and any(isinstance(label, str) for label in labels):
        raise ValueError(f"The {metric} metric needs numbers; the ratings are {labels[:5]}.")
    if metric == "ratio" and table.positions.min() < 0:
        raise ValueError("The ratio metric needs ratings >= 0.")
    require_variety(table, "Krippendorff's alpha")
    counts = table.counts()
    kept = counts[counts.sum(axis=1) >= 2]
    if (kept.sum(axis=0) > 0).sum() < 2:
        raise InsufficientData(
            f"All ratings of the {len(kept)} items with 2 ratings or more are equal; alpha is 0/0."
        )
    return kept, len(counts) - len(kept)


def _nominal(values: Array, totals: Array) -> Array:
    return 1 - np.eye(len(values))


def _interval(values: Array, totals: Array) -> Array:
    return (values[:, None] - values[None, :]) ** 2


def _ratio(values: Array, totals: Array) -> Array:
    total = values[:, None] + values[None, :]
    return np.divide(_interval(values, totals), total**2, out=np.zeros_like(total), where=total > 0)


def _ordinal(values: Array, totals: Array) -> Array:
    return _interval(np.cumsum(totals) - totals / 2, totals)


Metric = Callable[[Array, Array], Array]
_METRICS: dict[str, Metric] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
    "ratio": _ratio,
}


def _disagreements(
    counts: Array, times: Array, values: Array, metric: Metric
) -> tuple[float, float]:
    """Return observed and expected disagreement when item u is drawn times[u] times."""
    totals = times @ counts
    n = totals.sum()
    distance = metric(values, totals)
    within = ((counts @ distance) * counts).sum(axis=1) / (counts.sum(axis=1) - 1)
    observed = float(times @ within) / n
    expected = float(totals @ distance @ totals) / (n * (n - 1))
    return float(observed), float(expected)


def _alpha(counts: Array, times: Array, values: Array, metric: Metric) -> float:
    """Return alpha of a resample; NaN when its ratings are all equal."""
    observed, expected = _disagreements(counts, times, values, metric)
    return 1 - observed / expected if expected > 0 else np.nan


def _no_spread(
    counts: Array, values: Array, metric: Metric, level: float
) -> tuple[float, float, tuple[str, ...]]:
    """Return limits when all items agree alike: exact limits of agreement, chance-corrected."""
    widest = float(metric(values, counts.sum(axis=0)).max())
    observed, expected = _disagreements(counts, np.ones(len(counts)), values, metric)
    bounds = exact_limits(1 - observed / widest, len(counts), level)
    low, high = (1 - (1 - bound) * widest / expected for bound in bounds)
    note = f"all {len(counts)} items agree alike; limits from the exact binomial"
    return max(-1.0, low), min(1.0, high), (note,)
