"""Tests of equal modalities: random readers and cases, and each of them fixed."""

from dataclasses import dataclass
from itertools import combinations
from math import inf, sqrt

import numpy as np
from scipy.special import chdtrc, fdtrc

from metrics.stats.intervals import critical, upper_tail
from metrics.stats.mrmc.components import MeanSquares, VarianceComponents
from metrics.stats.mrmc.modality import ESTIMANDS, SAYS, Assumption
from metrics.stats.result import Test
from metrics.stats.roc import Floats, share_otherwise


@dataclass(frozen=True, kw_only=True)
class PairDifference:
    """Hold the difference first - second of two modalities; statistic is t (z if df is inf)."""

    first: str
    second: str
    difference: float
    se: float
    df: float
    low: float
    high: float
    statistic: float
    p: float


@dataclass(frozen=True, kw_only=True)
class ModalityTest(Test):
    """Hold the F test that all modalities are equal, and every pairwise difference.

    statistic is F on (df1, df); df inf means chi-square / df1. difference, se, low and high are
    of the first pair, `pairs[0]`; `estimate` repeats the difference.
    """

    df1: int
    df: float
    difference: float
    se: float
    pairs: tuple[PairDifference, ...]


@dataclass(frozen=True)
class Scale:
    """Hold the denominator of F and its degrees of freedom."""

    denominator: float
    df: float


def scales(
    squares: MeanSquares, parts: VarianceComponents, t: int, r: int
) -> dict[Assumption, Scale]:
    """Give the denominators of the three F tests (Hillis 2007; Hillis et al. 2011).

    Random both: MS(TR) + r max(cov2 - cov3, 0), Hillis df. Fixed readers: var - cov1 + (r - 1)
    (cov2 - cov3), not clamped because it is the variance of a contrast of these very readers.
    Fixed cases: MS(TR). One reader allows fixed readers only.
    """
    spread = parts.cov2 - parts.cov3
    fixed = Scale(max(0.0, parts.var_error - parts.cov1 + (r - 1) * spread), inf)
    if r == 1:
        return {"fixed_readers": fixed}
    ms, between = squares.modality_reader, (t - 1) * (r - 1)
    total = ms + r * max(spread, 0.0)
    df = between * (total / ms) ** 2 if ms > 1e-12 * total else inf
    return {
        "random_both": Scale(total, df),
        "fixed_readers": fixed,
        "fixed_cases": Scale(ms, float(between)),
    }


@dataclass(frozen=True)
class Compared:
    """Hold what a comparison of modalities needs beside its scale.

    n_units disjoint pairs (or cases) bound a difference that has no estimated variance.
    """

    table: Floats
    modalities: tuple[str, ...]
    ms_modality: float
    n_units: int
    level: float
    shared: dict[str, int]
    warnings: tuple[str, ...]


def compare(compared: Compared, assume: Assumption, scale: Scale) -> ModalityTest | None:
    """Test equality of modalities; None where they differ without any variance to judge it by.

    Modalities that agree exactly and without variance give F = 0, p = 1, and limits from units
    that all behaved alike: disjoint pairs (or cases), or readers where cases are fixed.
    """
    t, _ = compared.table.shape
    # Rounding in the table of estimates leaves mean squares of this size where all agree.
    is_flat = scale.denominator < 1e-15
    if is_flat and compared.ms_modality > 1e-15:
        return None
    statistic = 0.0 if is_flat else compared.ms_modality / scale.denominator
    if np.isinf(scale.df):
        p = float(chdtrc(t - 1, statistic * (t - 1)))
    else:
        p = float(fdtrc(t - 1, scale.df, statistic))
    n = compared.table.shape[1] if assume == "fixed_cases" else compared.n_units
    pairs = _pairs(compared, scale, n if is_flat else 0)
    first = pairs[0]
    note = f"the modalities agree without any variance: limits are bounds from {n} units"
    return ModalityTest(
        estimate=first.difference,
        low=first.low,
        high=first.high,
        method=f"Obuchowski-Rockette F, {SAYS[assume]}",
        statistic=statistic,
        p=p,
        df1=t - 1,
        df=scale.df,
        difference=first.difference,
        se=first.se,
        pairs=pairs,
        estimand=ESTIMANDS[assume],
        warnings=compared.warnings + ((note,) if is_flat else ()),
        **compared.shared,
    )


def _pairs(compared: Compared, scale: Scale, n_alike: int) -> tuple[PairDifference, ...]:
    """Compare each pair with the common error sqrt(2 denominator / r); n_alike units bound it
    where there is none, else n_alike is 0."""
    _, r = compared.table.shape
    means = compared.table.mean(axis=1)
    se = 0.0 if n_alike else sqrt(2 * scale.denominator / r)
    reach = critical(compared.level, scale.df) * se
    if n_alike:
        reach = share_otherwise(n_alike, compared.level)
    pairs = []
    for i, j in combinations(range(means.size), 2):
        difference = float(means[i] - means[j])
        statistic = difference / se if se else 0.0
        pairs.append(
            PairDifference(
                first=compared.modalities[i],
                second=compared.modalities[j],
                difference=difference,
                se=se,
                df=scale.df,
                low=difference - reach,
                high=difference + reach,
                statistic=statistic,
                p=2 * upper_tail(abs(statistic), scale.df),
            )
        )
    return tuple(pairs)
