"""A rate against a constant, and two independent rates against each other."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from metrics.stats.intervals import check_level, check_number, critical
from metrics.stats.proportions.binomial import check_counts, interval, wilson_limits
from metrics.stats.result import THIS_READER, Test


@dataclass(frozen=True, kw_only=True)
class Difference(Test):
    """Hold rate 1 minus rate 2. `p` is Fisher's exact test, `statistic` the pooled score z.

    `p_score` is the two-sided p-value of that z (the square of z is Pearson's chi-square).
    """

    rate_1: float
    rate_2: float
    p_score: float


def difference(
    x1: int, n1: int, x2: int, n2: int, method: str = "newcombe", *, level: float = 0.95
) -> Difference:
    """Return x1/n1 - x2/n2 of two independent samples of images, with an interval.

    `method` is newcombe (hybrid of the two Wilson intervals: with d the difference, l and u the
    limits, low = d - sqrt((p1 - l1)^2 + (u2 - p2)^2), high likewise) or agresti-caffo.
    Raises InsufficientData when n1 or n2 is 0; ValueError for impossible counts.
    Sources: Newcombe 1998, Stat Med 17:873, method 10; Agresti & Caffo 2000, Am Stat 54:280.
    """
    x1, n1 = check_counts(x1, n1)
    x2, n2 = check_counts(x2, n2)
    check_level(level)
    if method not in {"newcombe", "agresti-caffo"}:
        raise ValueError(f"method {method!r} is unknown; choose newcombe or agresti-caffo.")
    limits = newcombe_limits if method == "newcombe" else _agresti_caffo
    low, high = limits((x1, n1), (x2, n2), level)
    z = _score_z(x1, n1, x2, n2)
    delta = x1 / n1 - x2 / n2
    return Difference(
        estimate=delta,
        low=max(-1.0, min(low, delta)),
        high=min(1.0, max(high, delta)),
        method=f"{method} {level:.4g}; Fisher exact p",
        n_images=n1 + n2,
        n_readers=1,
        n_readings=n1 + n2,
        estimand=THIS_READER,
        statistic=z,
        p=_fisher(x1, n1, x2, n2),
        rate_1=x1 / n1,
        rate_2=x2 / n2,
        p_score=float(chdtrc(1, z * z)),
    )


def binomial_test(x: int, n: int, p0: float, *, level: float = 0.95) -> Test:
    """Test a rate against the constant p0: exact two-sided binomial test, Clopper-Pearson limits.

    The two-sided p sums the probabilities of all counts no likelier than x. `statistic` is x.
    Chance is a constant and never a second sample. Raises as `interval`; ValueError when p0 lies
    outside [0, 1]. Source: Clopper & Pearson 1934; Conover 1971.
    """
    from scipy.stats import binomtest

    if not 0 <= check_number(p0, "p0") <= 1:
        raise ValueError(f"p0 is {p0}; the constant must lie in [0, 1], for example 0.5.")
    rate = interval(x, n, "clopper-pearson", level)
    return Test(
        rate.estimate,
        rate.low,
        rate.high,
        f"exact binomial against {p0:.6g}; {rate.method}",
        n_images=rate.n_images,
        n_readers=1,
        n_readings=rate.n_readings,
        estimand=THIS_READER,
        statistic=float(x),
        p=float(binomtest(int(x), int(n), p0).pvalue),
    )


def newcombe_limits(
    first: tuple[int, int], second: tuple[int, int], level: float
) -> tuple[float, float]:
    """Return the limits of x1/n1 - x2/n2 as `difference` draws them, not cut at -1 and 1."""
    (x1, n1), (x2, n2) = first, second
    p1, p2 = x1 / n1, x2 / n2
    l1, u1 = wilson_limits(x1, n1, level)
    l2, u2 = wilson_limits(x2, n2, level)
    low = p1 - p2 - math.hypot(p1 - l1, u2 - p2)
    high = p1 - p2 + math.hypot(u1 - p1, p2 - l2)
    return low, high


def _agresti_caffo(
    first: tuple[int, int], second: tuple[int, int], level: float
) -> tuple[float, float]:
    (x1, n1), (x2, n2) = first, second
    p1, p2 = (x1 + 1) / (n1 + 2), (x2 + 1) / (n2 + 2)
    half = critical(level) * math.sqrt(p1 * (1 - p1) / (n1 + 2) + p2 * (1 - p2) / (n2 + 2))
    return p1 - p2 - half, p1 - p2 + half


def _score_z(x1: int, n1: int, x2: int, n2: int) -> float:
    """Return the z of equal rates under the pooled rate; 0 when all or none succeed."""
    pooled = (x1 + x2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    return float((x1 / n1 - x2 / n2) / np.sqrt(variance)) if variance else 0.0


def _fisher(x1: int, n1: int, x2: int, n2: int) -> float:
    from scipy.stats import fisher_exact

    return float(fisher_exact([[x1, n1 - x1], [x2, n2 - x2]])[1])
