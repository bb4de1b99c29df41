"""Two arms over classes: every class is a stratum with its own 2 x 2 table.

A table is [[a, b], [c, d]]: rows are arms, columns success and failure.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, gammaln, logsumexp, ndtr

from metrics.errors import InsufficientData
from metrics.stats.comparison.two_rates import difference
from metrics.stats.intervals import check_level, critical
from metrics.stats.readings import table_of
from metrics.stats.result import THIS_READER, Test

Tables = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CochranMantelHaenszel(Test):
    """Hold the common odds ratio with its test (chi-square, 1 df) and test of homogeneity.

    `homogeneity` is Breslow and Day's chi-square with Tarone's adjustment on `homogeneity_df`;
    all three are None where fewer than two strata inform or the odds ratio is 0 or infinite.
    """

    homogeneity: float | None
    homogeneity_df: int | None
    homogeneity_p: float | None
    n_strata: int


def cmh(
    tables: ArrayLike, continuity: bool = False, *, level: float = 0.95
) -> CochranMantelHaenszel:
    """Test two arms over strata; tables has shape (strata, 2, 2), counts.

    chi^2 = (|sum(a - E a)| - c)^2 / sum Var a with hypergeometric moments, c = 1/2 with
    continuity (0 when the sum is below 1/2). Odds ratio of Mantel & Haenszel with the interval
    of Robins, Breslow & Greenland; where every stratum leans fully one way (0 or infinite odds
    ratio) the finite limit is exact and conditional. Strata with an empty margin say nothing of
    the odds ratio and are left out with a warning. Raises InsufficientData when none informs.
    Sources: Mantel & Haenszel 1959, JNCI 22:719; Robins et al. 1986, Biometrics 42:311;
    Tarone 1985, Biometrika 72:91.
    """
    counts = _check_tables(tables)
    check_level(level)
    rows, columns = counts.sum(2), counts.sum(1)
    informs = (rows > 0).all(1) & (columns > 0).all(1)
    kept = counts[informs]
    if not len(kept):
        raise InsufficientData(
            f"None of {len(counts)} strata has both arms and both outcomes; the odds ratio needs "
            f"one at least. Report the rates of each arm with interval()."
        )
    statistic = _cmh_chi2(kept, continuity)
    ratio, low, high = _odds_ratio(kept, level)
    homogeneity, df, p = _breslow_day(kept, ratio)
    left_out = int((~informs).sum())
    return CochranMantelHaenszel(
        estimate=ratio,
        low=low,
        high=high,
        method=f"Cochran-Mantel-Haenszel{', continuity corrected' if continuity else ''} "
        f"{level:.4g}",
        n_images=int(counts.sum()),
        n_readers=1,
        n_readings=int(counts.sum()),
        estimand=THIS_READER,
        warnings=(f"{left_out} of {len(counts)} strata do not inform and are left out",)
        if left_out
        else (),
        statistic=statistic,
        p=float(chdtrc(1, statistic)),
        homogeneity=homogeneity,
        homogeneity_df=df,
        homogeneity_p=p,
        n_strata=len(kept),
    )


@dataclass(frozen=True, kw_only=True)
class StratifiedDifference(Test):
    """Hold the common difference of rates; `statistic` is a normal z under equal rates."""

    se: float
    n_strata: int


def risk_difference_mh(tables: ArrayLike, *, level: float = 0.95) -> StratifiedDifference:
    """Return the Mantel-Haenszel difference of rates over strata, arm 1 minus arm 2.

    Weights w = n1 n2 / (n1 + n2); variance sum w^2 (p1 q1 / n1 + p2 q2 / n2) / (sum w)^2; Wald
    limits cut to [-1, 1]. When no stratum has spread that variance is 0: the limits then combine
    the strata's Newcombe limits (MOVER) and the p-value is that of `cmh`. Strata without one of
    the arms are left out. Raises InsufficientData when no stratum has both arms.
    Sources: Greenland & Robins 1985, Biometrics 41:55; Zou & Donner 2008, Stat Med 27:1693.
    """
    counts = _check_tables(tables)
    both = (counts.sum(2) > 0).all(1)
    kept = counts[both]
    if not len(kept):
        raise InsufficientData(
            f"None of {len(counts)} strata has images of both arms; the difference needs one."
        )
    n1, n2 = kept.sum(2).T
    p1, p2 = kept[:, 0, 0] / n1, kept[:, 1, 0] / n2
    weight = n1 * n2 / (n1 + n2)
    weight = weight / weight.sum()
    delta = float(weight @ (p1 - p2))
    se = math.sqrt(float((weight**2 * (p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)).sum()))
    notes: tuple[str, ...] = ()
    if not both.all():
        notes = (f"{int((~both).sum())} strata lack an arm and are left out",)
    if se > 0:
        z, half = delta / se, critical(level) * se
        low, high, how = delta - half, delta + half, "Wald"
    else:
        z = _signed_root(kept, delta)
        low, high = _mover(kept, weight, delta, level)
        how = "MOVER of Newcombe limits"
        notes += ("no stratum has spread: limits and p-value do not rest on the variance",)
    return StratifiedDifference(
        estimate=delta,
        low=max(-1.0, low),
        high=min(1.0, high),
        method=f"Mantel-Haenszel difference, {how} {level:.4g}",
        n_images=int(kept.sum()),
        n_readers=1,
        n_readings=int(kept.sum()),
        estimand=THIS_READER,
        warnings=notes,
        statistic=z,
        p=float(2 * ndtr(-abs(z))),
        se=se,
        n_strata=len(kept),
    )


def _check_tables(tables: ArrayLike) -> Tables:
    """Return counts as floats of shape (strata, 2, 2). Raises ValueError for anything else."""
    counts = table_of(tables, "tables")
    if counts.ndim != 3 or counts.shape[1:] != (2, 2) or not len(counts):
        raise ValueError(f"tables has shape {counts.shape}; it must be (strata, 2, 2).")
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts != np.round(counts)).any():
        raise ValueError("tables must hold whole counts >= 0; give counts, not rates.")
    return counts


def _cmh_chi2(tables: Tables, continuity: bool) -> float:
    """Return the chi-square of Mantel & Haenszel; 0 when every stratum has one image."""
    total, rows, columns = tables.sum((1, 2)), tables.sum(2), tables.sum(1)
    excess = abs(float((tables[:, 0, 0] - rows[:, 0] * columns[:, 0] / total).sum()))
    variance = rows.prod(1) * columns.prod(1) / (total**2 * (total - 1))
    if continuity and excess >= 0.5:
        excess -= 0.5
    return excess**2 / float(variance.sum())


def _signed_root(tables: Tables, delta: float) -> float:
    """Return the signed root of the CMH chi-square, 0 where no stratum informs."""
    informs = (tables.sum(2) > 0).all(1) & (tables.sum(1) > 0).all(1)
    kept = tables[informs]
    return math.copysign(math.sqrt(_cmh_chi2(kept, False)), delta) if len(kept) else 0.0


def _mover(
    tables: Tables, weight: NDArray[np.float64], delta: float, level: float
) -> tuple[float, float]:
    """Combine the Newcombe limits of the strata: sqrt of the weighted squared distances."""
    parts = [
        difference(int(a), int(a + b), int(c), int(c + d), level=level) for (a, b), (c, d) in tables
    ]
    down = np.array([part.estimate - part.low for part in parts])
    up = np.array([part.high - part.estimate for part in parts])
    return delta - float(np.linalg.norm(weight * down)), delta + float(np.linalg.norm(weight * up))


def _odds_ratio(tables: Tables, level: float) -> tuple[float, float, float]:
    """Return the Mantel-Haenszel odds ratio with its limits."""
    total = tables.sum((1, 2))
    agree = float((tables[:, 0, 0] * tables[:, 1, 1] / total).sum())
    oppose = float((tables[:, 0, 1] * tables[:, 1, 0] / total).sum())
    if oppose == 0:
        return math.inf, _exact_limit(tables, level), math.inf
    if agree == 0:
        return 0.0, 0.0, 1 / _exact_limit(tables[:, :, ::-1], level)
    half = critical(level) * math.sqrt(_log_ratio_variance(tables))
    ratio = agree / oppose
    return ratio, ratio * math.exp(-half), ratio * math.exp(half)


def _log_ratio_variance(tables: Tables) -> float:
    """Return the variance of the log Mantel-Haenszel odds ratio of Robins et al. 1986, eq. 3."""
    total = tables.sum((1, 2))
    along, across = (
        tables[:, 0, 0] * tables[:, 1, 1] / total,
        tables[:, 0, 1] * tables[:, 1, 0] / total,
    )
    p = (tables[:, 0, 0] + tables[:, 1, 1]) / total
    r, s = along.sum(), across.sum()
    mixed = (p * across + (1 - p) * along).sum() / (2 * r * s)
    return float((p * along).sum() / (2 * r * r) + mixed + ((1 - p) * across).sum() / (2 * s * s))


def _exact_limit(tables: Tables, level: float) -> float:
    """Return the exact conditional lower limit when each stratum has its largest possible a.

    Given the margins, P(all at their largest | ratio) = prod_k w_k(max) / sum_s w_k(s) with
    w_k(s) = C(r1, s) C(r2, c1 - s) ratio^s; the limit makes it (1 - level) / 2.
    """
    from scipy.optimize import brentq

    supports = [_log_weights(table) for table in tables]

    def excess(log_ratio: float) -> float:
        total = 0.0
        for counts, weights in supports:
            terms = weights + counts * log_ratio
            total += terms[-1] - logsumexp(terms)
        return float(total - math.log((1 - level) / 2))

    return math.exp(brentq(excess, -60.0, 60.0))


def _log_weights(table: Tables) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the possible counts of the first cell and their log hypergeometric weights."""
    (r1, r2), c1 = table.sum(1), table.sum(0)[0]
    counts = np.arange(max(0.0, c1 - r2), min(r1, c1) + 1)
    weights = -(
        gammaln(counts + 1)
        + gammaln(r1 - counts + 1)
        + gammaln(c1 - counts + 1)
        + gammaln(r2 - c1 + counts + 1)
    )
    return counts, weights


def _breslow_day(tables: Tables, ratio: float) -> tuple[float | None, int | None, float | None]:
    """Return Breslow-Day-Tarone's chi-square, df and p, or None three times (see the class)."""
    if len(tables) < 2 or ratio in {0.0, math.inf}:
        return None, None, None
    rows, columns = tables[:, 0].sum(1), tables[:, :, 0].sum(1)
    rest = tables.sum((1, 2)) - rows - columns
    # the expected count e solves (1 - ratio) e^2 + b e - ratio * rows * columns = 0
    b = ratio * (rows + columns) + rest
    root = np.sqrt(b * b + 4 * (1 - ratio) * ratio * rows * columns)
    # two forms of one root: the first divides by 0 at ratio 1, the second cancels for b < 0
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(
            b < 0, (root - b) / (2 * (1 - ratio)), 2 * ratio * rows * columns / (root + b)
        )
    cells = [expected, rows - expected, columns - expected, rest + expected]
    variance = 1 / sum(1 / cell for cell in cells)
    gaps = tables[:, 0, 0] - expected
    statistic = float((gaps**2 / variance).sum() - gaps.sum() ** 2 / variance.sum())
    df = len(tables) - 1
    return max(statistic, 0.0), df, float(chdtrc(df, max(statistic, 0.0)))
