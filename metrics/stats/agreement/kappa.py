"""Cohen's kappa of two readers, and Light's mean of it over all pairs of readers."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import ndtr

from metrics.errors import InsufficientData
from metrics.stats.agreement.ratings import Array, Ratings, Weights, read_ratings, weight_matrix
from metrics.stats.agreement.subject_variance import require_variety
from metrics.stats.bootstrap import DRAWS, SEED, percentile_limits, resample_weights
from metrics.stats.intervals import critical
from metrics.stats.proportions.binomial import exact_limits
from metrics.stats.readings import labels
from metrics.stats.result import THESE_READERS, Estimate, Test

NO_VARIANCE = 1e-12  # far below one disagreement in a million items, far above rounding


@dataclass(frozen=True, kw_only=True)
class CohenKappa(Test):
    """Hold Cohen's kappa; `statistic` is kappa over its null standard error `null_se`.

    `table` is the share of each pair of categories, rows the first reader.
    """

    se: float
    null_se: float
    observed: float
    expected: float
    prevalence: Mapping[Hashable, float]
    table: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class LightKappa(Estimate):
    """Hold Light's kappa with the kappa of each pair of reader columns and its bootstrap."""

    se: float
    pairs: Mapping[tuple[int, int], float]
    prevalence: Mapping[Hashable, float]
    draws: int
    seed: int


@dataclass(frozen=True)
class _Kappa:
    """Hold the numbers of one kappa."""

    estimate: float
    se: float
    null_se: float
    observed: float
    expected: float


def cohen_kappa(
    a: ArrayLike,
    b: ArrayLike,
    weights: Weights = None,
    *,
    categories: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> CohenKappa:
    """Return Cohen's kappa of two readers (or two readings of one reader) of the same items.

    kappa = (po - pe) / (1 - pe), po = sum w p_ij, pe = sum w p_i. p_.j; `weights` None, linear,
    quadratic or as in `gwet_ac`, by the distance of the category values. Large-sample interval
    of Fleiss, Cohen & Everitt, cut to [-1, 1]; when all items agree, the limit from the exact
    binomial. Items that one of the two did not rate are left out and counted. The test of
    kappa = 0 uses the null variance. Raises InsufficientData for fewer than 2 shared items and
    when both used one and the same category (0/0); ValueError for unequal lengths.
    Source: Cohen 1968, Psychol Bull 70:213; Fleiss, Cohen & Everitt 1969, Psychol Bull 72:323.
    """
    first, second = labels(a, "a"), labels(b, "b")
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} ratings; give both for each item.")
    table = read_ratings(np.column_stack([first, second]), categories)
    both = (table.codes >= 0).all(axis=1)
    shares, n = _cross(table.codes[both], len(table.categories)), int(both.sum())
    matrix = weight_matrix(table, weights)
    part = _kappa(shares, matrix, n)
    low, high, notes = _limits(part, n, level)
    left_out = int((~both).sum())
    if left_out:
        notes += (f"{left_out} items rated once are left out",)
    z = part.estimate / part.null_se if part.null_se > 0 else 0.0
    name = "" if weights is None else f" ({weights if isinstance(weights, str) else 'given'})"
    return CohenKappa(
        estimate=part.estimate,
        low=low,
        high=high,
        method=f"Cohen kappa{name} {level:.4g}",
        n_images=n,
        n_readers=2,
        n_readings=2 * n,
        n_missing=len(first) * 2 - table.n_readings,
        estimand=THESE_READERS,
        warnings=notes,
        statistic=z,
        p=float(2 * ndtr(-abs(z))),
        se=part.se,
        null_se=part.null_se,
        observed=part.observed,
        expected=part.expected,
        prevalence=table.prevalence(),
        table=tuple(tuple(row) for row in shares.tolist()),
    )


def light_kappa(
    ratings: ArrayLike,
    weights: Weights = None,
    *,
    categories: Sequence[Hashable] | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> LightKappa:
    """Return Light's kappa: the mean of Cohen's kappa over all pairs of readers.

    `ratings` is items x readers with NaN for missing; each pair uses the items both rated. Pairs
    without a defined kappa are left out with a warning. Percentile bootstrap over items with the
    recorded seed. Raises InsufficientData as `read_ratings` and when no pair has a kappa.
    Source: Light 1971, Psychol Bull 76:365.
    """
    table = read_ratings(ratings, categories)
    require_variety(table, "Light's kappa")
    matrix = weight_matrix(table, weights)
    readers = range(table.codes.shape[1])
    pairs = {pair: _pair_items(table, pair) for pair in combinations(readers, 2)}
    every = np.ones((1, len(table.codes)))
    kappas = {pair: float(_kappas(items, every, matrix)[0]) for pair, items in pairs.items()}
    defined = {pair: kappa for pair, kappa in kappas.items() if not math.isnan(kappa)}
    if not defined:
        raise InsufficientData(
            f"None of {len(pairs)} pairs of readers has a defined kappa; each used one category "
            f"only. Report percent_agreement or gwet_ac."
        )
    kept = [pairs[pair] for pair in defined]
    samples = np.concatenate(
        [
            _mean_of_defined(np.array([_kappas(items, block, matrix) for items in kept]))
            for block in resample_weights(len(table.codes), draws, seed)
        ]
    )
    estimate = float(np.mean(list(defined.values())))
    low, high, notes = _light_limits(table, samples, estimate, level)
    if len(defined) < len(pairs):
        notes += (f"{len(pairs) - len(defined)} of {len(pairs)} pairs have no defined kappa",)
    return LightKappa(
        estimate=estimate,
        low=min(low, estimate),
        high=max(high, estimate),
        method=f"Light kappa, bootstrap over items {level:.4g}, {draws} draws, seed {seed}",
        n_images=len(table.codes),
        n_readers=len(readers),
        n_readings=table.n_readings,
        n_missing=table.n_missing,
        estimand=THESE_READERS,
        warnings=notes,
        se=float(np.nanstd(samples)),
        pairs=defined,
        prevalence=table.prevalence(),
        draws=draws,
        seed=seed,
    )


def _cross(codes: NDArray[np.intp], q: int) -> Array:
    """Return the shares of category pairs for codes (items, 2)."""
    flat = np.bincount(codes[:, 0] * q + codes[:, 1], minlength=q * q)
    return flat.reshape(q, q) / max(len(codes), 1)


def _kappa(shares: Array, weights: Array, n: int) -> _Kappa:
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed = float((weights * shares).sum())
    expected = float(rows @ weights @ columns)
    if expected >= 1 - 1e-12:
        raise InsufficientData(
            f"Both readers put all {n} items in one category; kappa is 0/0. Report "
            f"percent_agreement or gwet_ac."
        )
    kappa = (observed - expected) / (1 - expected)
    typical = (weights @ columns)[:, None] + (rows @ weights)[None, :]
    terms = shares * (weights - typical * (1 - kappa)) ** 2
    variance = float(terms.sum()) - (kappa - expected * (1 - kappa)) ** 2
    null_terms = np.outer(rows, columns) * (weights - typical) ** 2
    null = float(null_terms.sum()) - expected**2
    scale = math.sqrt(n) * (1 - expected)
    return _Kappa(kappa, _root(variance) / scale, _root(null) / scale, observed, expected)


def _root(variance: float) -> float:
    """Return the root of a difference of sums near 1; what rounding left there is 0."""
    return math.sqrt(variance) if variance > NO_VARIANCE else 0.0


def _limits(part: _Kappa, n: int, level: float) -> tuple[float, float, tuple[str, ...]]:
    notes: tuple[str, ...] = ()
    if part.se > 0:
        half = critical(level) * part.se
        low, high = part.estimate - half, part.estimate + half
    else:
        bounds = exact_limits(min(part.observed, 1.0), n, level)
        low, high = ((bound - part.expected) / (1 - part.expected) for bound in bounds)
        notes = (f"no spread between {n} items; limits from the exact binomial",)
    return min(part.estimate, max(-1.0, low)), max(part.estimate, min(1.0, high)), notes


def _pair_items(table: Ratings, pair: tuple[int, int]) -> csr_array:
    """Return a sparse indicator (category pairs, items) of what two readers gave each item."""
    q = len(table.categories)
    codes = table.codes[:, pair]
    items = np.flatnonzero((codes >= 0).all(axis=1))
    cells = codes[items, 0] * q + codes[items, 1]
    return csr_array((np.ones(len(items)), (cells, items)), shape=(q * q, len(codes)))


def _kappas(items: csr_array, times: Array, weights: Array) -> Array:
    """Return one kappa per row of `times` (draws, items); NaN where it is undefined."""
    q = len(weights)
    tables = (items @ times.T).T.reshape(-1, q, q)
    totals = tables.sum(axis=(1, 2))
    shares = tables / np.maximum(totals, 1)[:, None, None]
    observed = (shares * weights).sum(axis=(1, 2))
    expected = np.einsum("di,ij,dj->d", shares.sum(axis=2), weights, shares.sum(axis=1))
    defined = (totals > 0) & (expected < 1 - 1e-12)
    return np.divide(
        observed - expected, 1 - expected, out=np.full(len(times), np.nan), where=defined
    )


def _mean_of_defined(kappas: Array) -> Array:
    """Return the mean over pairs (rows) that have a kappa; NaN where none has."""
    defined = ~np.isnan(kappas)
    pairs = defined.sum(axis=0)
    sums = np.where(defined, kappas, 0.0).sum(axis=0)
    return np.divide(sums, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)


def _light_limits(
    table: Ratings, samples: Array, estimate: float, level: float
) -> tuple[float, float, tuple[str, ...]]:
    """Return bootstrap limits; when these have no width, exact limits of agreement."""
    if np.nanstd(samples) > 1e-12:
        return percentile_limits(samples, level)
    n = len(table.codes)
    shares = np.array(list(table.prevalence().values()))
    expected = float(shares @ shares)
    share = min(max(estimate * (1 - expected) + expected, 0.0), 1.0)
    low, high = ((b - expected) / (1 - expected) for b in exact_limits(share, n, level))
    note = f"all {n} items agree alike; limits from the exact binomial"
    return max(-1.0, low), min(1.0, high), (note,)
