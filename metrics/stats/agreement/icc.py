"""Intraclass correlation of scores or times: readers as random, fixed, single or averaged."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, fdtri

from metrics.errors import InsufficientData
from metrics.stats.intervals import check_level
from metrics.stats.readings import numbers, rectangle
from metrics.stats.result import READERS_LIKE_THESE, Test


@dataclass(frozen=True)
class IccForm:
    """Hold one form of Shrout and Fleiss with its limits."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class IntraclassCorrelation(Test):
    """Hold ICC(2,1); `forms` has ICC(1,1), (2,1), (3,1) and their averages over k readers.

    `statistic` is F = MS(items) / MS(error) with `df`, the test of no difference between items.
    """

    forms: Mapping[str, IccForm]
    mean_square_items: float
    mean_square_readers: float
    mean_square_error: float
    df: tuple[int, int]


@dataclass(frozen=True)
class _Anova:
    """Hold the mean squares of n items by k readers, one score each."""

    n: int
    k: int
    items: float
    readers: float
    error: float

    @property
    def within(self) -> float:
        """Return the mean square within items, readers and error together."""
        df = self.n * (self.k - 1)
        return ((self.k - 1) * self.readers + (self.n - 1) * (self.k - 1) * self.error) / df


def icc(ratings: ArrayLike, *, level: float = 0.95) -> IntraclassCorrelation:
    """Return ICC(2,1): agreement of single scores by readers like these.

    `ratings` is items x readers of numbers; items with a missing score are left out and
    counted. ICC(2,1) = (MSB - MSE) / (MSB + (k - 1) MSE + k (MSJ - MSE) / n) from the two-way
    analysis of variance, limits by F with Satterthwaite's df (at least 1). Estimates may be
    negative. Raises InsufficientData for fewer than 2 complete items or readers, and when all
    scores are equal; ValueError for text.
    Sources: Shrout & Fleiss 1979, Psychol Bull 86:420; McGraw & Wong 1996, Psychol Meth 1:30.
    """
    check_level(level)
    scores, n_missing, left_out = _complete(ratings)
    table = _anova(scores)
    n, k = table.n, table.k
    forms = _forms(table, level)
    ratio = table.items / table.error if table.error > 0 else math.inf
    df = (n - 1, (n - 1) * (k - 1))
    notes: tuple[str, ...] = ()
    if left_out:
        notes = (f"{left_out} items with a missing score are left out",)
    if table.error == 0:
        notes += ("no residual spread: normal theory gives limits without width",)
    main = forms["ICC(2,1)"]
    return IntraclassCorrelation(
        estimate=main.estimate,
        low=main.low,
        high=main.high,
        method=f"ICC(2,1), two-way random, absolute agreement, F limits {level:.4g}",
        n_images=n,
        n_readers=k,
        n_readings=n * k,
        n_missing=n_missing,
        estimand=READERS_LIKE_THESE,
        warnings=notes,
        statistic=ratio,
        p=float(fdtrc(*df, ratio)) if math.isfinite(ratio) else 0.0,
        forms=forms,
        mean_square_items=table.items,
        mean_square_readers=table.readers,
        mean_square_error=table.error,
        df=df,
    )


def _complete(ratings: ArrayLike) -> tuple[NDArray[np.float64], int, int]:
    """Return complete rows, the number of empty cells and of rows left out."""
    table = rectangle(ratings)
    scores = numbers(table.ravel(), "ratings").reshape(table.shape)
    scores = scores[:, ~np.isnan(scores).all(axis=0)]
    whole = ~np.isnan(scores).any(axis=1)
    kept = scores[whole]
    if len(kept) < 2 or kept.shape[1] < 2:
        raise InsufficientData(
            f"{len(kept)} of {len(scores)} items have all {scores.shape[1]} scores; ICC needs 2 "
            f"items and 2 readers. Leave out the reader with most missing scores."
        )
    return kept, int(np.isnan(scores).sum()), int((~whole).sum())


def _anova(scores: NDArray[np.float64]) -> _Anova:
    n, k = scores.shape
    scale = float(np.ptp(scores))
    if scale == 0:
        raise InsufficientData(f"All {n * k} scores of {n} items are equal; ICC is 0/0.")
    centred = (scores - scores.mean()) / scale
    items, readers = centred.mean(axis=1), centred.mean(axis=0)
    residual = centred - items[:, None] - readers[None, :]

    def square(values: NDArray[np.float64], df: int) -> float:
        mean = float((values**2).sum()) / df
        return mean * scale**2 if mean > 1e-24 else 0.0  # anything smaller is rounding

    between = square(items * math.sqrt(k), n - 1)
    among = square(readers * math.sqrt(n), k - 1)
    error = square(residual, (n - 1) * (k - 1))
    if between == 0 and 0 in {among, error}:
        raise InsufficientData(f"The {n} items have the same mean score; ICC is 0/0.")
    return _Anova(n, k, between, among, error)


def _forms(table: _Anova, level: float) -> dict[str, IccForm]:
    n, k = table.n, table.k
    one = _one_way(table.items, table.within, (n - 1, n * (k - 1)), k, level)
    three = _one_way(table.items, table.error, (n - 1, (n - 1) * (k - 1)), k, level)
    single = {"1": one, "2": _two_way(table, level), "3": three}
    forms = {f"ICC({name},1)": form for name, form in single.items()}
    forms |= {f"ICC({name},k)": _averaged(form, k) for name, form in single.items()}
    return forms


def _one_way(items: float, error: float, df: tuple[int, int], k: int, level: float) -> IccForm:
    """Return (MSB - E) / (MSB + (k - 1) E) with limits from the ratio F = MSB / E."""
    if error == 0:
        return IccForm(1.0, 1.0, 1.0)
    ratio, tail = items / error, 0.5 + level / 2
    low = ratio / fdtri(*df, tail)
    high = ratio * fdtri(df[1], df[0], tail)
    estimate, low, high = ((f - 1) / (f + k - 1) for f in (ratio, low, high))
    return IccForm(float(estimate), float(low), float(high))


def _two_way(table: _Anova, level: float) -> IccForm:
    """Return ICC(2,1) with the limits of McGraw & Wong 1996, table 7."""
    n, k, b, j, e = table.n, table.k, table.items, table.readers, table.error
    rho = (b - e) / (b + (k - 1) * e + k * (j - e) / n)
    if rho >= 1:
        return IccForm(1.0, 1.0, 1.0)
    from_readers = k * rho / (n * (1 - rho)) * j
    from_error = (1 + k * rho * (n - 1) / (n * (1 - rho))) * e
    spread = from_readers**2 / (k - 1) + from_error**2 / ((n - 1) * (k - 1))
    df = max(1.0, (from_readers + from_error) ** 2 / spread) if spread > 0 else 1.0
    tail = 0.5 + level / 2
    below, above = fdtri(n - 1, df, tail), fdtri(df, n - 1, tail)
    rest = k * j + (k * n - k - n) * e
    low = n * (b - below * e) / (below * rest + n * b)
    high = n * (above * b - e) / (rest + n * above * b)
    return IccForm(rho, min(float(low), rho), max(float(high), rho))


def _averaged(form: IccForm, k: int) -> IccForm:
    """Return the form for means of k readers by Spearman & Brown; at -1/(k - 1) minus infinity."""

    def step(rho: float) -> float:
        spread = 1 + (k - 1) * rho
        return k * rho / spread if spread > 1e-12 else -math.inf

    return IccForm(step(form.estimate), step(form.low), step(form.high))
