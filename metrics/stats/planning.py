"""How many images and readers: power and sample size before a study exists."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

import numpy as np

from metrics.stats.intervals import check_alpha, check_level, check_number, is_whole
from metrics.stats.mrmc import Power, VarianceComponents, power, power_single

# Accuracies of published readers who told synthetic from real, for the planner to show.
PUBLISHED_ACCURACY = {
    "blood cells": (0.52, 0.52),
    "melanoma": (0.665, 0.665),
    "radiographs": (0.70, 0.75),
}

mrmc_power = power
LEAST_DIFFERENCE = 1e-6  # of two rates; below it the images needed exceed any study


@dataclass(frozen=True, kw_only=True)
class SampleSize:
    """Hold a sample size: n whole units, `exact` where a formula gives a fraction."""

    n: int
    exact: float
    power: float
    alpha: float
    method: str


@dataclass(frozen=True, kw_only=True)
class AcceptanceRule:
    """Hold the 80 % rule at n images: accepted images needed and the chance to get them.

    point: proportion >= target. bound: exact one-sided lower limit > target; `bound_needs` is
    n + 1 where no count reaches it.
    """

    n: int
    target: float
    point_needs: int
    bound_needs: int
    true_rate: float
    point_passes: float
    bound_passes: float


def two_proportions_power(p1: float, p2: float, n: int, *, alpha: float = 0.05) -> float:
    """Give the power of the two-sided normal test of two rates with n images per arm.

    Phi((sqrt(n) |p1 - p2| - z sqrt(2 q (1 - q))) / sqrt(p1 (1 - p1) + p2 (1 - p2))), q the mean
    rate (Fleiss, Levin & Paik 2003, section 4.3; the far tail is left out). Raises ValueError for
    rates outside (0, 1), n below 1 or alpha outside (0, 1/2).
    """
    from scipy.stats import norm

    _check_rates(p1, p2)
    _check_true_rate(n, p1, alpha)
    q = (p1 + p2) / 2
    null = float(norm.isf(alpha / 2)) * sqrt(2 * q * (1 - q))
    spread = sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    return float(norm.cdf((sqrt(n) * abs(p1 - p2) - null) / spread))


def two_proportions_size(
    p1: float, p2: float, *, target: float = 0.80, alpha: float = 0.05
) -> SampleSize:
    """Give the images per arm at which `two_proportions_power` reaches the target.

    n = ((z sqrt(2 q (1 - q)) + z_target sqrt(p1 (1 - p1) + p2 (1 - p2))) / (p1 - p2))^2, rounded
    up; `exact` is the fraction. Source and errors as there; ValueError for equal rates.
    """
    from scipy.stats import norm

    _check_rates(p1, p2, target)
    check_alpha(alpha)
    if abs(p1 - p2) < LEAST_DIFFERENCE:
        raise ValueError(f"Rates {p1} and {p2} are one: no sample size detects no difference.")
    q = (p1 + p2) / 2
    null = float(norm.isf(alpha / 2)) * sqrt(2 * q * (1 - q))
    spread = float(norm.isf(1 - target)) * sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    exact = ((null + spread) / (p1 - p2)) ** 2
    return SampleSize(
        n=ceil(exact),
        exact=exact,
        power=two_proportions_power(p1, p2, ceil(exact), alpha=alpha),
        alpha=alpha,
        method="two proportions, normal test, images per arm",
    )


def binomial_power(
    n: int, true_rate: float, *, constant: float = 0.5, alpha: float = 0.05
) -> float:
    """Give the exact power of the two-sided binomial test against a constant, one reader.

    The test rejects by the doubled smaller tail, which for a constant of .5 is the exact test.
    Raises ValueError for n below 1 and for rates or alpha out of range. Source: Chernick & Liu
    2002, Am Stat 56:149.
    """
    from scipy.stats import binom

    _check_true_rate(n, true_rate, alpha)
    _check_rates(constant)
    k = np.arange(n + 1)
    tail = np.minimum(binom.cdf(k, n, constant), binom.sf(k - 1, n, constant))
    return float(binom.pmf(k[2 * tail <= alpha], n, true_rate).sum())


def binomial_size(
    true_rate: float, *, constant: float = 0.5, target: float = 0.80, alpha: float = 0.05
) -> SampleSize:
    """Give the images from which the exact binomial test keeps the target power.

    Exact power is a saw-tooth in n: it must stay at the target for the next 20 sizes. Raises
    ValueError as `binomial_power`, for a true rate equal to the constant and above 20,000 images.
    Source: Chernick & Liu 2002, Am Stat 56:149.
    """
    _check_rates(constant)
    if check_number(true_rate, "true_rate") == constant:
        raise ValueError(f"The true rate equals {constant}: no sample size detects it.")

    def reached(n: int) -> float:
        return binomial_power(n, true_rate, constant=constant, alpha=alpha)

    return _lasting(reached, target, alpha, "exact binomial test, one reader")


def equivalence_power(
    n: int,
    true_rate: float = 0.5,
    *,
    margin: float = 0.10,
    constant: float = 0.5,
    alpha: float = 0.05,
) -> float:
    """Give the exact chance that both one-sided binomial tests reject (turing.equivalence).

    The sum of P(X = k | true_rate) over the counts k of n images at which both reject. Raises
    ValueError for n below 1 and for a rate, alpha or margin out of range. Source: Schuirmann
    1987, J Pharmacokinet Biopharm 15:657.
    """
    from scipy.stats import binom

    _check_true_rate(n, true_rate, alpha)
    if not 0 < margin < min(constant, 1 - constant):
        raise ValueError(f"Margin {margin} around {constant} leaves (0, 1) or is not above 0.")
    k = np.arange(n + 1)
    above = binom.sf(k - 1, n, constant - margin) < alpha
    below = binom.cdf(k, n, constant + margin) < alpha
    return min(1.0, float(binom.pmf(k[above & below], n, true_rate).sum()))


def equivalence_size(
    true_rate: float = 0.5,
    *,
    margin: float = 0.10,
    constant: float = 0.5,
    target: float = 0.80,
    alpha: float = 0.05,
) -> SampleSize:
    """Give the images from which exact equivalence keeps the target chance to be shown.

    As `binomial_size`, on `equivalence_power`. Raises ValueError for a true rate outside the
    margin and above 20,000 images. Source: Schuirmann 1987, J Pharmacokinet Biopharm 15:657.
    """
    _check_rates(constant)
    check_number(margin, "margin")
    if abs(check_number(true_rate, "true_rate") - constant) >= margin:
        raise ValueError(f"A true rate of {true_rate} lies outside {constant} +- {margin}.")

    def reached(n: int) -> float:
        return equivalence_power(n, true_rate, margin=margin, constant=constant, alpha=alpha)

    return _lasting(reached, target, alpha, f"exact TOST, margin {margin:g}, one reader")


def acceptance_rule(
    n: int, true_rate: float = 0.90, *, target: float = 0.80, alpha: float = 0.05
) -> AcceptanceRule:
    """Give what the 80 % rule asks of n eligible images, and how often it is met.

    The bound rule asks for a Clopper-Pearson one-sided lower limit above the target, which is
    the exact test P(X >= k | target) < alpha. Raises ValueError for n below 1 and for rates or
    alpha out of range. Source: Clopper & Pearson 1934, Biometrika 26:404.
    """
    from scipy.stats import binom

    _check_true_rate(n, true_rate, alpha)
    _check_rates(target)
    k = np.arange(n + 1)
    passes = binom.sf(k - 1, n, target) < alpha
    bound_needs = int(k[passes][0]) if passes.any() else n + 1
    # 0.8 * 30 is 24.000000000000004 in binary.
    point_needs = ceil(target * n - 1e-9)
    return AcceptanceRule(
        n=n,
        target=target,
        point_needs=point_needs,
        bound_needs=bound_needs,
        true_rate=true_rate,
        point_passes=float(binom.sf(point_needs - 1, n, true_rate)),
        bound_passes=float(binom.sf(bound_needs - 1, n, true_rate)),
    )


def acceptance_size(
    true_rate: float, *, rule_target: float = 0.80, target: float = 0.80, alpha: float = 0.05
) -> SampleSize:
    """Give the images per class from which the bound rule keeps the target chance to be met.

    As `binomial_size`, on `acceptance_rule`. Raises ValueError for a true rate at or below the
    rule's target and above 20,000 images. Source: Clopper & Pearson 1934, Biometrika 26:404.
    """
    _check_rates(rule_target)
    if check_number(true_rate, "true_rate") <= rule_target:
        raise ValueError(f"A true rate of {true_rate} does not exceed {rule_target}.")

    def reached(n: int) -> float:
        return acceptance_rule(n, true_rate, target=rule_target, alpha=alpha).bound_passes

    return _lasting(reached, target, alpha, f"{rule_target:.0%} rule with exact lower limit")


def precision_size(rate: float, half_width: float, *, level: float = 0.95) -> SampleSize:
    """Give the images at which a Wilson interval about `rate` has the half width asked for.

    Solves sqrt(z^2 p (1 - p) / n + z^4 / (4 n^2)) / (1 + z^2 / n) = half_width for n. Raises
    ValueError for a rate, level or half width out of range. Source: Newcombe 1998, Stat Med
    17:857.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    _check_rates(rate)
    check_level(level)
    z2 = float(norm.isf((1 - level) / 2)) ** 2

    def excess(n: float) -> float:
        width = sqrt(z2 * rate * (1 - rate) / n + z2**2 / (4 * n**2)) / (1 + z2 / n)
        return width - half_width

    if not 0 < check_number(half_width, "half_width") < 0.5:
        raise ValueError(f"A half width of {half_width} must lie between 0 and .5.")
    exact = 1.0 if excess(1.0) <= 0 else float(brentq(excess, 1.0, 1e9))
    return SampleSize(
        n=ceil(exact), exact=exact, power=0.0, alpha=1 - level, method="Wilson half width"
    )


def latent_components(
    metric: Literal["auc", "rate"],
    mean: float,
    *,
    n_positive: int,
    n_negative: int = 0,
    reader_variance: float = 0.02,
    case_correlation: float = 0.30,
) -> VarianceComponents:
    """Give the single-modality components that a latent normal model implies, exactly.

    A rating is truth + reader + case + noise; case + noise has variance 1 with correlation
    `case_correlation` between readers, the reader's shift (of each truth class, for areas) has
    `reader_variance` (Roe & Metz 1997). Moments are orthant probabilities B(r) of a bivariate
    normal (Gallas 2006). metric "rate": n_positive cases judged yes/no with mean rate `mean`.
    Raises ValueError without cases and for a mean, variance or correlation out of range.
    """
    _check_rates(mean)
    if metric not in ("auc", "rate"):
        raise ValueError(f"metric {metric!r} is unknown; choose auc or rate.")
    if not (is_whole(n_positive, 1) and is_whole(n_negative, int(metric == "auc"))):
        raise ValueError(f"{n_positive} positive and {n_negative} negative cases: give 1 of each.")
    if not (reader_variance >= 0 and 0 <= case_correlation <= 1):
        raise ValueError(
            f"Reader variance {reader_variance} must be >= 0 and case correlation "
            f"{case_correlation} lie in [0, 1]."
        )
    kinds = 2 if metric == "auc" else 1
    total = kinds * (1 + reader_variance)
    reader = kinds * reader_variance

    def both(shared: float) -> float:
        return _orthant(mean, shared / total)

    apart, square = both(reader), mean**2
    if metric == "rate":
        error = (mean - apart) / n_positive
        cov2 = (both(case_correlation) - square) / n_positive
    else:
        n1, n0 = n_positive, n_negative
        one, none, pairs = n1 + n0 - 2, (n1 - 1) * (n0 - 1), n1 * n0
        error = (mean + one * both(reader + 1) + none * apart) / pairs - apart
        pooled = both(2 * case_correlation) + one * both(case_correlation) + none * square
        cov2 = pooled / pairs - square
    return VarianceComponents(
        var_reader=apart - square,
        var_modality_reader=0.0,
        var_error=error,
        cov1=0.0,
        cov2=cov2,
        cov3=0.0,
    )


def turing_power(
    metric: Literal["auc", "rate"],
    mean: float,
    *,
    n_readers: int,
    n_positive: int,
    n_negative: int = 0,
    reader_variance: float = 0.02,
    case_correlation: float = 0.30,
    margin: float | None = None,
) -> Power:
    """Give the chance that n_readers tell (margin None) or are shown equivalent to .5 (margin).

    Random readers and cases, single-modality test at alpha .05 on `latent_components`. For
    accuracy take metric "rate" with n_positive all the cases. Sources and errors as
    `latent_components` and `power_single`.
    """
    components = latent_components(
        metric,
        mean,
        n_positive=n_positive,
        n_negative=n_negative,
        reader_variance=reader_variance,
        case_correlation=case_correlation,
    )
    n_cases = n_positive + n_negative
    return power_single(
        components,
        n_readers=n_readers,
        n_cases=n_cases,
        effect=mean - 0.5,
        pilot_cases=n_cases,
        margin=margin,
    )


def _orthant(mean: float, correlation: float) -> float:
    """Give P(both positive) of two unit normals with P(positive) = mean each."""
    from scipy.stats import multivariate_normal, norm

    if correlation >= 1 - 1e-12:
        return mean
    h = float(norm.ppf(mean))
    covariance = [[1.0, correlation], [correlation, 1.0]]
    return float(multivariate_normal.cdf([h, h], mean=[0.0, 0.0], cov=covariance))


def _lasting(
    reached: Callable[[int], float], target: float, alpha: float, method: str, most: int = 20_000
) -> SampleSize:
    """Find the n from which exact power, a saw-tooth in n, stays at the target for 20 steps."""
    _check_rates(target)
    high = 10
    while min(reached(high + k) for k in range(20)) < target:
        high *= 2
        if high > most:
            raise ValueError(f"More than {most} images needed for power {target}: {method}.")
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if min(reached(middle + k) for k in range(20)) < target:
            low = middle
        else:
            high = middle
    return SampleSize(n=high, exact=float(high), power=reached(high), alpha=alpha, method=method)


def _check_rates(*rates: float) -> None:
    if not all(0 < check_number(rate, "rate") < 1 for rate in rates):
        raise ValueError(f"Rates {rates} must lie strictly between 0 and 1.")


def _check_true_rate(n: int, rate: float, alpha: float) -> None:
    """Raise ValueError unless n >= 1, the true rate lies in [0, 1] and alpha in (0, 1/2)."""
    check_alpha(alpha)
    if not is_whole(n, 1) or not 0 <= check_number(rate, "rate") <= 1:
        raise ValueError(
            f"{n} images at a true rate of {rate}: give a whole n >= 1 and a rate in [0, 1]."
        )
