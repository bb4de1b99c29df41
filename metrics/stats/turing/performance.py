"""One reader's calls: accuracy, sensitivity, specificity, d' and criterion."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from metrics.errors import InsufficientData
from metrics.stats.intervals import critical
from metrics.stats.proportions.binomial import wilson_limits
from metrics.stats.result import READERS_LIKE_THESE, Estimate
from metrics.stats.roc import labelled, require_both
from metrics.stats.turing.counts import CountFields, Measured, reader_counts

Correction = Literal["log-linear", "none"]


@dataclass(frozen=True, kw_only=True)
class ReaderPerformance(Estimate):
    """Hold one reader's performance; the headline estimate is the accuracy."""

    accuracy: Measured
    sensitivity: Measured
    specificity: Measured
    d_prime: Measured
    criterion: Measured
    hits: int
    n_positive: int
    false_alarms: int
    n_negative: int

    @property
    def c(self) -> Measured:
        """Give the criterion by its usual letter: above 0, the reader leans to "real"."""
        return self.criterion


@dataclass(frozen=True)
class _Calls:
    hits: int
    n1: int
    alarms: int
    n0: int


def reader_performance(
    truth: ArrayLike,
    rating: ArrayLike,
    positive_at: float = 0.5,
    *,
    level: float = 0.95,
    correction: Correction = "log-linear",
) -> ReaderPerformance:
    """Describe one reader: accuracy, sensitivity, specificity, d' and criterion c.

    truth: (n,) 0 real, 1 synthetic; rating: (n,), NaN = missing, > positive_at calls synthetic.
    Rates carry Wilson limits. d' = z(H) - z(F), c = -(z(H) + z(F)) / 2 with H = (hits + .5) /
    (n1 + 1), F likewise (log-linear, Hautus 1995); errors by Gourevitch & Galanter (1967).
    Raises InsufficientData without one image of each kind, or uncorrected at a rate of 0 or 1.
    """
    labels, values, missing = labelled(truth, rating)
    n1, n0 = int(labels.sum()), int((~labels).sum())
    require_both(n1, n0, least=1)
    said = values > positive_at
    calls = _Calls(int(said[labels].sum()), n1, int(said[~labels].sum()), n0)
    counts = reader_counts(n1, n0, missing)
    right = calls.hits + n0 - calls.alarms
    accuracy = _rate(right, n1 + n0, counts, level)
    d_prime, criterion = _detection(calls, counts, level, correction)
    return ReaderPerformance(
        estimate=accuracy.estimate,
        low=accuracy.low,
        high=accuracy.high,
        method=f"accuracy with Wilson limits; d' and c with {correction} correction",
        accuracy=accuracy,
        sensitivity=_rate(calls.hits, n1, counts, level),
        specificity=_rate(n0 - calls.alarms, n0, counts, level),
        d_prime=d_prime,
        criterion=criterion,
        hits=calls.hits,
        n_positive=n1,
        false_alarms=calls.alarms,
        n_negative=n0,
        **counts,
    )


def _rate(successes: int, n: int, counts: CountFields, level: float) -> Measured:
    """Give a proportion of this reader's calls with Wilson limits and its Wald error."""
    rate = successes / n
    low, high = wilson_limits(successes, n, level)
    return Measured(
        estimate=rate,
        low=low,
        high=high,
        method="Wilson score",
        se=sqrt(rate * (1 - rate) / n),
        n_images=n,
        n_readers=1,
        n_readings=n,
        n_missing=counts["n_missing"],
        estimand=counts["estimand"],
    )


def _detection(
    calls: _Calls, counts: CountFields, level: float, correction: Correction
) -> tuple[Measured, Measured]:
    """Give d' and criterion with Gourevitch-Galanter errors."""
    from scipy.stats import norm

    add = 0.5 if correction == "log-linear" else 0.0
    hit_rate = (calls.hits + add) / (calls.n1 + 2 * add)
    alarm_rate = (calls.alarms + add) / (calls.n0 + 2 * add)
    rates = np.array([hit_rate, alarm_rate])
    if rates.min() <= 0.0 or rates.max() >= 1.0:
        raise InsufficientData(
            f"{calls.hits} of {calls.n1} hits and {calls.alarms} of {calls.n0} false alarms: "
            f"d' is infinite without correction. Use correction='log-linear'."
        )
    z = norm.ppf(rates)
    variance = rates * (1 - rates) / (np.array([calls.n1, calls.n0]) * norm.pdf(z) ** 2)
    error, reach = sqrt(float(variance.sum())), critical(level)

    def wrap(value: float, se: float) -> Measured:
        return Measured(
            estimate=value,
            low=value - reach * se,
            high=value + reach * se,
            method=f"signal detection, {correction} correction, Gourevitch-Galanter error",
            se=se,
            **counts,
        )

    return wrap(float(z[0] - z[1]), error), wrap(float(-z.sum() / 2), error / 2)


def over_readers(
    values: Sequence[float], n_images: int, *, n_missing: int = 0, level: float = 0.95
) -> Measured:
    """Average a per-reader index such as d' over readers, with t limits on r - 1 df.

    Speaks of readers like these on these images, each of which every reader was asked but for
    `n_missing` readings. Raises InsufficientData below two readers.
    """
    array = np.asarray(values, dtype=float)
    if array.size < 2:
        raise InsufficientData(
            f"{array.size} reader: a mean over readers needs at least 2. Invite another reader."
        )
    mean, se = float(array.mean()), float(array.std(ddof=1) / sqrt(array.size))
    reach = critical(level, array.size - 1) * se
    few = ("2 readers: 1 degree of freedom, read the interval with care",)
    return Measured(
        estimate=mean,
        low=mean - reach,
        high=mean + reach,
        method="mean over readers, t limits",
        se=se,
        n_images=n_images,
        n_readers=array.size,
        n_readings=n_images * array.size - n_missing,
        n_missing=n_missing,
        estimand=READERS_LIKE_THESE,
        warnings=few if array.size == 2 else (),
    )
