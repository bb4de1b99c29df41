"""The same images judged twice: two arms from the same conditioning seeds, or two readers.

A table is [[both, only first], [only second, neither]]: rows are the first judgement,
columns the second, success first.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, chdtrc

from metrics.errors import InsufficientData
from metrics.stats.intervals import check_level
from metrics.stats.proportions.binomial import wilson_limits
from metrics.stats.readings import table_of
from metrics.stats.result import THIS_READER, Estimate, Test


@dataclass(frozen=True, kw_only=True)
class PairedDifference(Estimate):
    """Hold rate 1 minus rate 2 of paired judgements and the pairs that differ."""

    rate_1: float
    rate_2: float
    only_first: int
    only_second: int


def paired_difference(table: ArrayLike, *, level: float = 0.95) -> PairedDifference:
    """Return the difference (only first - only second) / n of paired rates.

    Interval of Newcombe's method 10: the two Wilson intervals combined with the correlation
    phi of the table, whose numerator is cut by n / 2 towards 0 when positive.
    low = d - sqrt(dl1^2 - 2 phi dl1 du2 + du2^2), high = d + sqrt(du1^2 - 2 phi du1 dl2 + dl2^2).
    Raises InsufficientData without pairs; ValueError for a table of another shape.
    Source: Newcombe 1998, Stat Med 17:2635.
    """
    both, first, second, neither, n = _check_pairs(table)
    check_level(level)
    x1, x2 = both + first, both + second
    p1, p2 = x1 / n, x2 / n
    l1, u1 = wilson_limits(x1, n, level)
    l2, u2 = wilson_limits(x2, n, level)
    phi = _corrected_phi(both, first, second, neither)
    delta = (first - second) / n
    low = delta - _combine(p1 - l1, u2 - p2, phi)
    high = delta + _combine(u1 - p1, p2 - l2, phi)
    return PairedDifference(
        estimate=delta,
        low=max(-1.0, low),
        high=min(1.0, high),
        method=f"paired newcombe {level:.4g}",
        n_images=n,
        n_readers=1,
        n_readings=2 * n,
        estimand=THIS_READER,
        rate_1=p1,
        rate_2=p2,
        only_first=first,
        only_second=second,
    )


def mcnemar(
    table: ArrayLike, method: str = "exact", *, continuity: bool = False, level: float = 0.95
) -> Test:
    """Test whether two paired rates are equal; the estimate is their difference.

    exact: two-sided binomial test of the discordant pairs against 1/2, `statistic` is the
    smaller discordant count. asymptotic: (|b - c| - k)^2 / (b + c), chi-square with 1 df, k = 1
    with continuity. Without discordant pairs p is 1. Interval as `paired_difference`.
    Raises InsufficientData without pairs; ValueError for another table or method.
    Source: McNemar 1947, Psychometrika 12:153.
    """
    if method not in {"exact", "asymptotic"}:
        raise ValueError(f"method {method!r} is unknown; choose exact or asymptotic.")
    gap = paired_difference(table, level=level)
    first, second = gap.only_first, gap.only_second
    discordant = first + second
    if method == "exact":
        statistic = float(min(first, second))
        p = min(1.0, 2 * float(bdtr(statistic, discordant, 0.5)))
    else:
        excess = max(abs(first - second) - int(continuity), 0)
        statistic = excess**2 / max(discordant, 1)
        p = float(chdtrc(1, statistic))
    return Test(
        gap.estimate,
        gap.low,
        gap.high,
        f"McNemar {method}{', continuity corrected' if continuity else ''}; {gap.method}",
        n_images=gap.n_images,
        n_readers=1,
        n_readings=gap.n_readings,
        estimand=THIS_READER,
        warnings=() if discordant else ("no discordant pair",),
        statistic=statistic,
        p=p,
    )


def _check_pairs(table: ArrayLike) -> tuple[int, int, int, int, int]:
    cells = table_of(table, "The table")
    if cells.shape != (2, 2) or not np.isfinite(cells).all() or _not_counts(cells):
        raise ValueError(
            f"The table has shape {cells.shape}; it must be 2 x 2 whole counts >= 0: "
            f"[[both, only first], [only second, neither]]."
        )
    n = int(cells.sum())
    if n == 0:
        raise InsufficientData("0 pairs; a paired difference needs at least 1.")
    both, first, second, neither = (int(cell) for cell in cells.ravel())
    return both, first, second, neither, n


def _not_counts(cells: NDArray[np.float64]) -> bool:
    return bool((cells < 0).any() or (cells != np.round(cells)).any())


def _corrected_phi(both: int, first: int, second: int, neither: int) -> float:
    """Return phi with Newcombe's correction; 0 where a margin is empty."""
    product = (both + first) * (second + neither) * (both + second) * (first + neither)
    if product == 0:
        return 0.0
    numerator: float = both * neither - first * second
    if numerator > 0:
        numerator = max(numerator - (both + first + second + neither) / 2, 0.0)
    return numerator / math.sqrt(product)


def _combine(one: float, other: float, phi: float) -> float:
    """Return the length of the difference of two steps with correlation phi."""
    return math.sqrt(max(one * one - 2 * phi * one * other + other * other, 0.0))
