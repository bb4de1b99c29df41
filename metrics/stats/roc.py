"""Empirical ROC: placement values, the area under the curve, and its limits without variance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData
from metrics.stats.readings import numbers

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Placements:
    """Hold one reader's placement values: where each case lies among those of the other class.

    positive: (n1,), share of negatives below each positive, ties half; negative: (n0,), share
    of positives above each negative. Both average to the area (DeLong et al. 1988, eq. 4).
    """

    positive: Floats
    negative: Floats

    @property
    def area(self) -> float:
        """Give the empirical area under the ROC curve, ties counted one half."""
        return float(self.positive.mean())

    @property
    def variance(self) -> float:
        """Give DeLong's variance of the area: S10 / n1 + S01 / n0."""
        return float(
            self.positive.var(ddof=1) / self.positive.size
            + self.negative.var(ddof=1) / self.negative.size
        )


@dataclass(frozen=True)
class Curve:
    """Hold an empirical ROC curve from (0, 0) to (1, 1), one point per distinct rating."""

    false_positive: Floats
    true_positive: Floats
    thresholds: Floats


def placements(positive: Floats, negative: Floats) -> Placements:
    """Compute placement values by midranks in O(n log n) (Sun & Xu 2014, IEEE SPL 21:1389).

    positive: (n1,) and negative: (n0,) ratings without NaN.
    """
    from scipy.stats import rankdata

    n1, n0 = positive.size, negative.size
    joint = rankdata(np.concatenate([positive, negative]))
    return Placements(
        positive=(joint[:n1] - rankdata(positive)) / n0,
        negative=1.0 - (joint[n1:] - rankdata(negative)) / n1,
    )


def curve(truth: ArrayLike, score: ArrayLike) -> Curve:
    """Trace the empirical ROC curve of scores (higher = more positive); missing scores dropped.

    Raises InsufficientData without at least one positive and one negative scored case.
    """
    labels, values, _ = labelled(truth, score)
    positive, negative = np.sort(values[labels]), np.sort(values[~labels])
    require_both(positive.size, negative.size, least=1)
    cuts = np.unique(values)[::-1]
    above = [1.0 - np.searchsorted(part, cuts, side="left") / part.size
             for part in (negative, positive)]  # fmt: skip
    return Curve(
        false_positive=np.concatenate([[0.0], above[0]]),
        true_positive=np.concatenate([[0.0], above[1]]),
        thresholds=np.concatenate([[np.inf], cuts]),
    )


def labelled(truth: ArrayLike, score: ArrayLike) -> tuple[Bools, Floats, int]:
    """Return (is positive, score, number missing) of the cases that have a score.

    truth: (n,) of 0/1 or booleans; score: (n,), NaN where the reader gave none.
    Raises ValueError when lengths differ or truth holds anything else.
    """
    labels, values = numbers(truth, "truth"), numbers(score, "score", bounded=False)
    if labels.size != values.size:
        raise ValueError(f"{labels.size} truths and {values.size} scores: give one score per case.")
    if not np.isin(labels, (0.0, 1.0)).all():
        raise ValueError("Truth must be 0 (negative) or 1 (positive) for every case.")
    present = ~np.isnan(values)
    return labels[present] == 1.0, values[present], int((~present).sum())


def require_both(n_positive: int, n_negative: int, least: int = 2) -> None:
    """Raise InsufficientData unless both classes have at least `least` scored cases."""
    if min(n_positive, n_negative) < least:
        raise InsufficientData(
            f"{n_positive} positive and {n_negative} negative cases were scored; this needs at "
            f"least {least} of each. Add cases of the missing class."
        )


def share_otherwise(n: int, level: float) -> float:
    """Bound the share that behaves otherwise where n independent units all behave alike.

    1 - (alpha / 2)^(1 / n), the exact binomial limit of 0 of n (Clopper & Pearson 1934).
    """
    return 1.0 - ((1.0 - level) / 2.0) ** (1.0 / n)


def limits_without_variance(area: float, n_pairs: int, level: float) -> tuple[float, float]:
    """Bound an area whose estimated variance is zero (perfect, reversed or constant ratings).

    n_pairs = min(n1, n0) disjoint case pairs are independent and all behaved alike, so the chance
    of any other behaviour is at most 1 - (alpha / 2)**(1 / n_pairs) (exact binomial, 0 of n).
    An area of 1 is bounded below by one minus this, an area of 0 above by it, and a tied area of
    .5 is bounded on both sides by half of it (each pair that is not tied moves it by .5 at most).
    """
    reach = share_otherwise(n_pairs, level) * max(area, 1.0 - area)
    return max(0.0, area - reach), min(1.0, area + reach)


def tail_without_variance(area: float, constant: float, n_pairs: int) -> float:
    """Give the one-sided p-value against a constant that belongs to `limits_without_variance`."""
    if area == constant:
        return 1.0
    share = min(1.0, abs(constant - area) / max(area, 1.0 - area))
    return float((1.0 - share) ** n_pairs)
