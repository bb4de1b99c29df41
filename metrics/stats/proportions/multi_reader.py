"""A rate over several readers of the same images: readers and images are both samples."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metrics.errors import InsufficientData
from metrics.stats.intervals import check_level, logit_interval
from metrics.stats.proportions.binomial import exact_limits, interval
from metrics.stats.readings import binary, case_by_reader
from metrics.stats.result import READERS_LIKE_THESE, THIS_READER, Estimate

Grid = NDArray[np.float64]
ROUNDING = 1e-20  # far below the smallest variance that counts of readings can give


@dataclass(frozen=True, kw_only=True)
class MultiReaderRate(Estimate):
    """Hold a rate over random readers and random images with its variance components.

    `mean_square_reader` is MS(R); `cov2` the mean covariance of two readers' rates before it is
    cut at 0; `se_u_statistic` the unbiased standard error of the mean over readings. Both
    standard errors are on the rate scale. `df` is infinite where no reader variance is in it.
    """

    se: float
    df: float
    mean_square_reader: float
    cov2: float
    se_u_statistic: float
    reader_rates: Mapping[Hashable, float]


@dataclass(frozen=True)
class _Spread:
    """Hold the variance of a mean over readers by Obuchowski & Rockette, one modality."""

    mean_square: float
    cov2: float
    se: float
    df: float


def multi_reader_rate(readings: pd.DataFrame, *, level: float = 0.95) -> MultiReaderRate:
    """Return the mean over readers of their rates, for readers and images like these.

    `readings` has columns reader, case and value (0, 1 or missing), one row per reading.
    For r readers SE^2 = (MS(R) + r max(Cov2, 0)) / r with MS(R) the variance of their rates and
    Cov2 the mean covariance of two readers' rates from the cases that both read; Hillis'
    df = (MS(R) + r max(Cov2, 0))^2 / (MS(R)^2 / (r - 1)); t limits on the logit scale.
    One reader: Wilson's interval. Where the variance is 0 (all readings equal, or readers that
    cancel out) the limits are Clopper-Pearson's for the number of images. `n_missing` counts the
    cells of the reader by case grid without a value. Raises InsufficientData without values or
    with several readers on one image; ValueError for missing columns, a reader who read a case
    twice or values other than 0 and 1.
    Sources: Hillis 2007, Stat Med 26:596; Gallas, Pennello & Myers 2007, JOSA A 24:B70.
    """
    check_level(level)
    grid = case_by_reader(readings)
    cells = binary(grid.to_numpy().ravel(), "value").reshape(grid.shape)
    observed = ~np.isnan(cells)
    values = cells[observed.any(axis=1)][:, observed.any(axis=0)]
    _check_size(grid, values)
    rates = np.nanmean(values, axis=0)
    rate = float(rates.mean())
    spread = _spread(values, rates)
    low, high, method, notes = _limits(values, rate, spread, level)
    if len(rates) < grid.shape[1]:
        notes += (f"{grid.shape[1] - len(rates)} readers without a value are left out",)
    readers = grid.columns[observed.any(axis=0)]
    return MultiReaderRate(
        estimate=rate,
        low=low,
        high=high,
        method=method,
        n_images=len(values),
        n_readers=len(rates),
        n_readings=int(observed.sum()),
        n_missing=int((~observed).sum()),
        estimand=READERS_LIKE_THESE if len(rates) > 1 else THIS_READER,
        warnings=notes,
        se=spread.se,
        df=spread.df,
        mean_square_reader=spread.mean_square,
        cov2=spread.cov2,
        se_u_statistic=_u_statistic_se(values),
        reader_rates=dict(zip(readers, rates.tolist(), strict=True)),
    )


def _check_size(grid: pd.DataFrame, values: Grid) -> None:
    n_images, n_readers = values.shape
    if not values.size:
        raise InsufficientData(
            f"{grid.shape[1]} readers gave 0 values on {len(grid)} images; a rate needs one."
        )
    if n_readers > 1 and n_images < 2:
        raise InsufficientData(
            f"{n_readers} readers read {n_images} image; the spread between images needs 2."
        )


def _spread(values: Grid, rates: Grid) -> _Spread:
    """Return the components; with one reader its binomial variance and infinite df."""
    n_images, r = values.shape
    if r == 1:
        rate = float(rates[0])
        return _Spread(0.0, 0.0, math.sqrt(rate * (1 - rate) / n_images), math.inf)
    mean_square = float(rates.var(ddof=1))
    covariances = _covariances(values, rates)
    cov2 = float(covariances[~np.eye(r, dtype=bool)].mean())
    total = mean_square + r * max(cov2, 0.0)
    if total < ROUNDING:
        return _Spread(0.0, cov2, 0.0, math.inf)
    df = total**2 / (mean_square**2 / (r - 1)) if mean_square > 0 else math.inf
    return _Spread(mean_square, cov2, math.sqrt(total / r), df)


def _covariances(values: Grid, rates: Grid) -> Grid:
    """Return the readers' covariance matrix of their rates, unbiased, from shared cases.

    With c shared cases of n_j and n_k read, the products of deviations from the readers' own
    rates sum to c (1 - 1/n_j - 1/n_k + c/(n_j n_k)) covariances in expectation; for complete
    grids this is the usual n - 1. Readers who share no case have covariance 0.
    """
    observed = (~np.isnan(values)).astype(float)
    deviations = np.where(observed > 0, values - rates, 0.0)
    shared, n = observed.T @ observed, observed.sum(axis=0)
    product = np.outer(n, n)
    degrees = shared * (1 - 1 / n[:, None] - 1 / n[None, :] + shared / product)
    sums = deviations.T @ deviations
    per_case = np.divide(sums, degrees, out=np.zeros_like(sums), where=degrees > 1e-9)
    return per_case * shared / product


def _limits(
    values: Grid, rate: float, spread: _Spread, level: float
) -> tuple[float, float, str, tuple[str, ...]]:
    """Return low, high, the method's name and the warnings."""
    n_images, r = values.shape
    if r == 1:
        wilson = interval(int(np.nansum(values)), n_images, level=level)
        note = "1 reader: the interval says nothing about other readers"
        return wilson.low, wilson.high, wilson.method, (note,)
    notes: tuple[str, ...] = ()
    if r == 2:
        notes = ("2 readers: the spread between readers rests on a single difference",)
    if spread.se == 0:
        low, high = exact_limits(rate, n_images, level)
        notes += (f"no spread between readings; limits as for {n_images} images of one reader",)
        return low, high, f"clopper-pearson {level:.4g} on images", notes
    low, high = logit_interval(rate, spread.se, spread.df, level)
    name = f"random readers and images, Obuchowski-Rockette with Hillis df, logit-t {level:.4g}"
    return low, high, name, notes


def _u_statistic_se(values: Grid) -> float:
    """Return the U-statistic standard error of the mean over all readings, cut at 0.

    Var = mean^2 - M4, with M4 the mean product of two readings that share neither reader nor
    case, an unbiased estimate of the squared rate. With one reader the pairs share the reader.
    Source: Gallas, Pennello & Myers 2007, JOSA A 24:B70, eq. 9, for binary scores.
    """
    observed = (~np.isnan(values)).astype(float)
    scores = np.nan_to_num(values)

    def distinct_pairs(x: Grid) -> float:
        same_case, same_reader = (x.sum(axis=1) ** 2).sum(), (x.sum(axis=0) ** 2).sum()
        if values.shape[1] == 1:
            return float(x.sum() ** 2 - same_case)
        return float(x.sum() ** 2 - same_case - same_reader + (x**2).sum())

    pairs = distinct_pairs(observed)
    if pairs <= 0:
        return 0.0
    mean = float(scores.sum() / observed.sum())
    return math.sqrt(max(mean**2 - distinct_pairs(scores) / pairs, 0.0))
