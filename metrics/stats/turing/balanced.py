"""One reader's balanced accuracy: the accuracy with as many real as synthetic images.

A reader without skill calls a share s of either kind synthetic. Accuracy is then
pi s + (1 - pi)(1 - s), pi the share of synthetic images: one half for any s only when pi is.
The mean of sensitivity and specificity is one half for any s and any pi.
"""

from collections.abc import Callable

from numpy.typing import ArrayLike

from metrics.stats.comparison import difference
from metrics.stats.comparison.two_rates import newcombe_limits
from metrics.stats.intervals import check_alpha, check_number
from metrics.stats.result import Test
from metrics.stats.turing.counts import reader_counts
from metrics.stats.turing.performance import ReaderPerformance, reader_performance
from metrics.stats.turing.verdicts import Equivalence

CHANCE = 0.5
LEAST_P = 1e-9
NAME = "balanced accuracy"

Limits = tuple[float, float]


def is_even(n_positive: int, n_negative: int) -> bool:
    """Say whether accuracy may be held against one half: counts differ by sqrt(n) at most.

    Up to there the exact binomial test keeps its level whatever the reader leans to (at .05 at
    most .047 from 20 to 1,000 images, by enumeration); with twice as many of one kind it rejects
    always for a reader who gives one answer only.
    """
    return (n_positive - n_negative) ** 2 <= n_positive + n_negative


def balanced_accuracy(
    truth: ArrayLike, rating: ArrayLike, positive_at: float = 0.5, *, level: float = 0.95
) -> Test:
    """Estimate (sensitivity + specificity) / 2 and test it against one half.

    Arguments and errors as `reader_performance`. With d = hits/n1 - alarms/n0, the estimate is
    (1 + d) / 2 and its limits those of Newcombe for d, halved likewise; p is Fisher's exact test
    of d = 0 and `statistic` the pooled score z.
    Source: Newcombe 1998, Stat Med 17:873, method 10.
    """
    found = reader_performance(truth, rating, positive_at)
    d = difference(found.hits, found.n_positive, found.false_alarms, found.n_negative, level=level)
    return Test(
        (1 + d.estimate) / 2,
        (1 + d.low) / 2,
        (1 + d.high) / 2,
        f"{NAME}, {d.method}",
        statistic=d.statistic,
        p=d.p,
        **reader_counts(found.n_positive, found.n_negative, found.n_missing),
    )


def balanced_equivalence(
    truth: ArrayLike,
    rating: ArrayLike,
    margin: float = 0.10,
    positive_at: float = 0.5,
    *,
    alpha: float = 0.05,
) -> Equivalence:
    """Test by two one-sided tests whether the balanced accuracy lies within one half +- margin.

    Each p is the one-sided level at which Newcombe's limit meets the margin, so that both reject
    at alpha exactly where the 1 - 2 alpha limits lie within it. Arguments as
    `balanced_accuracy`; margin on the scale of the accuracy, between 0 and one half.
    Source: Schuirmann 1987, J Pharmacokinet Biopharm 15:657, on Newcombe 1998.
    """
    check_alpha(alpha)
    if not 0 < check_number(margin, "margin") < CHANCE:
        raise ValueError(f"Margin {margin} around {CHANCE} leaves (0, 1); choose a smaller one.")
    found = reader_performance(truth, rating, positive_at)
    limits = _limits_of(found)
    estimate = (1 + found.hits / found.n_positive - found.false_alarms / found.n_negative) / 2
    p_lower = _beyond(limits, estimate, CHANCE - margin)
    p_upper = 1 - _beyond(limits, estimate, CHANCE + margin)
    low, high = limits(1 - 2 * alpha)
    return Equivalence(
        estimate=estimate,
        low=low,
        high=high,
        method="TOST from Newcombe limits",
        statistic=estimate,
        p=max(p_lower, p_upper),
        constant=CHANCE,
        margin=margin,
        alpha=alpha,
        p_lower=p_lower,
        p_upper=p_upper,
        **reader_counts(found.n_positive, found.n_negative, found.n_missing),
    )


def _limits_of(found: ReaderPerformance) -> Callable[[float], Limits]:
    """Return the limits of the balanced accuracy as a function of their level."""
    hits, alarms = (found.hits, found.n_positive), (found.false_alarms, found.n_negative)

    def limits(level: float) -> Limits:
        low, high = newcombe_limits(hits, alarms, level)
        return (1 + low) / 2, (1 + high) / 2

    return limits


def _beyond(limits: Callable[[float], Limits], estimate: float, bound: float) -> float:
    """Return the one-sided p of "not above bound": where the limit next to it meets it."""
    from scipy.optimize import brentq

    is_above = estimate > bound

    def gap(p: float) -> float:
        low, high = limits(1 - 2 * p)
        return low - bound if is_above else bound - high

    if estimate == bound:
        p = 0.5
    elif gap(LEAST_P) > 0:
        p = LEAST_P
    elif gap(0.5 - LEAST_P) < 0:
        p = 0.5
    else:
        p = float(brentq(gap, LEAST_P, 0.5 - LEAST_P, xtol=1e-12))
    return p if is_above else 1 - p
