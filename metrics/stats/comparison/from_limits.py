"""A difference of two rates from their own limits, whatever design those limits come from."""

import math
from collections.abc import Callable

from scipy.special import ndtri

from metrics.stats.intervals import logit_interval
from metrics.stats.proportions.binomial import exact_limits, wilson_limits
from metrics.stats.result import Estimate, Test

Limits = tuple[float, float]
LEAST_P = 1e-9


def mover(first: Estimate, second: Estimate) -> Test:
    """Return first minus second of two rates with 95 % limits, from their own limits, and its p.

    low = d - sqrt((p1 - l1)^2 + (u2 - p2)^2), high likewise: Newcombe's hybrid with any limits.
    p is 1 - level at which the limit meets 0, so that p < .05 exactly where the 95 % limits leave
    0 out; `statistic` is its normal deviate. Independent samples of images; readers that both
    share make it conservative. The rates come from `metrics.stats.proportions`.
    Source: Zou & Donner 2008, Stat Med 27:1693.
    """
    delta = first.estimate - second.estimate
    low, high = _limits(first, second, 0.95)
    p = _p_value(first, second)
    return Test(
        delta,
        max(-1.0, low),
        min(1.0, high),
        f"difference and p from the limits of both rates (MOVER): {first.method}",
        n_images=first.n_images + second.n_images,
        n_readers=max(first.n_readers, second.n_readers),
        n_readings=first.n_readings + second.n_readings,
        n_missing=first.n_missing + second.n_missing,
        estimand=first.estimand,
        warnings=first.warnings + second.warnings,
        statistic=math.copysign(-float(ndtri(p / 2)), delta) if p < 1 else 0.0,
        p=p,
    )


def _limits(first: Estimate, second: Estimate, level: float) -> Limits:
    delta = first.estimate - second.estimate
    (l1, u1), (l2, u2) = _limits_of(first)(level), _limits_of(second)(level)
    low = delta - math.hypot(first.estimate - l1, u2 - second.estimate)
    high = delta + math.hypot(u1 - first.estimate, second.estimate - l2)
    return low, high


def _limits_of(rate: Estimate) -> Callable[[float], Limits]:
    """Return the rate's limits as a function of the level, as its own method draws them."""
    p, se, df = rate.estimate, getattr(rate, "se", None), getattr(rate, "df", math.inf)
    if rate.method.startswith("wilson"):
        return lambda level: wilson_limits(round(p * rate.n_images), rate.n_images, level)
    if se and 0 < p < 1:
        return lambda level: logit_interval(p, se, df, level)
    images: float = getattr(rate, "n_clusters", getattr(rate, "n_effective", rate.n_images))
    return lambda level: exact_limits(p, images, level)


def _p_value(first: Estimate, second: Estimate) -> float:
    """Find where the limit next to 0 meets it; at least LEAST_P."""
    from scipy.optimize import brentq

    sign = first.estimate - second.estimate
    if sign == 0:
        return 1.0

    def beyond(p: float) -> float:
        low, high = _limits(first, second, 1 - p)
        return low if sign > 0 else -high

    if beyond(LEAST_P) > 0:
        return LEAST_P
    if beyond(1 - LEAST_P) < 0:  # exact limits are wider than the difference at any level
        return 1.0
    return float(brentq(beyond, LEAST_P, 1 - LEAST_P, xtol=1e-12))
