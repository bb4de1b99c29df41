"""A rate of images that were shown with known, unequal probabilities."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData
from metrics.stats.intervals import logit_interval
from metrics.stats.proportions.binomial import exact_limits
from metrics.stats.readings import label_codes, numbers
from metrics.stats.result import THIS_READER, Estimate

ROUNDING = 1e-12  # standard errors below this are rounding
LEAST_PROBABILITY = 1e-12  # below one in a million million no image is ever drawn


@dataclass(frozen=True, kw_only=True)
class PostStratifiedRate(Estimate):
    """Hold the weighted rate beside `as_shown`, the rate of the images as screened (biased).

    `strata` has the weighted rate of each stratum; `n_effective` is Kish's.
    """

    se: float
    df: float
    n_effective: float
    as_shown: float
    strata: Mapping[Hashable, float]


@dataclass(frozen=True)
class _Stratum:
    """Hold one stratum: its Hajek rate, variance, count, effective count and weight sum."""

    rate: float
    variance: float
    n: int
    n_effective: float
    weight: float


def post_stratified_rate(
    values: ArrayLike,
    inclusion_probability: ArrayLike,
    strata: ArrayLike | None = None,
    shares: Mapping[Hashable, float] | None = None,
    *,
    level: float = 0.95,
) -> PostStratifiedRate:
    """Return sum_k share_k p_k with p_k = sum(y / pi) / sum(1 / pi), the Hajek rate of stratum k.

    `values` lie in [0, 1] or are missing (a verdict, or the mean verdict of an image);
    `inclusion_probability` pi in (0, 1] was logged when the image was drawn. `shares` are the
    strata's population shares (rescaled to sum 1); without them each stratum weighs as much as
    its sum of 1 / pi. Var p_k = n / (n - 1) sum w^2 (y - p_k)^2 / (sum w)^2, stratified variance
    sum share^2 Var p_k, t limits on the logit scale with n - K degrees of freedom. Without
    spread the limits are exact at Kish's effective n.
    Raises InsufficientData for a stratum with fewer than 2 values; ValueError for values or
    probabilities out of range, missing labels, or shares that do not name the strata.
    Sources: Hajek 1971; Saerndal, Swensson & Wretman 1992, sections 5.6-5.8.
    """
    y, seen, weights, codes, labels = _check(values, inclusion_probability, strata)
    parts = [_stratum(y[codes == k], weights[codes == k], labels[k]) for k in range(len(labels))]
    share = _shares(parts, labels, shares)
    rate = float(sum(s * part.rate for s, part in zip(share, parts, strict=True)))
    rate = min(max(rate, 0.0), 1.0)
    se = math.sqrt(sum(s**2 * part.variance for s, part in zip(share, parts, strict=True)))
    kish = 1 / sum(s**2 / part.n_effective for s, part in zip(share, parts, strict=True))
    df = float(len(y) - len(parts))
    notes: tuple[str, ...] = ()
    if se > ROUNDING and 0 < rate < 1:
        low, high = logit_interval(rate, se, df, level)
    else:
        low, high = exact_limits(rate, kish, level)
        notes += (f"no spread between readings: exact limits for {kish:.1f} images",)
    return PostStratifiedRate(
        estimate=rate,
        low=low,
        high=high,
        method=f"Hajek rate, {len(parts)} strata, logit-t {level:.4g}",
        n_images=len(y),
        n_readers=1,
        n_readings=len(y),
        n_missing=int((~seen).sum()),
        estimand=THIS_READER,
        warnings=notes,
        se=se,
        df=df,
        n_effective=kish,
        as_shown=float(y.mean()),
        strata={label: part.rate for label, part in zip(labels, parts, strict=True)},
    )


def _check(
    values: ArrayLike, probabilities: ArrayLike, strata: ArrayLike | None
) -> tuple[
    NDArray[np.float64],
    NDArray[np.bool_],
    NDArray[np.float64],
    NDArray[np.intp],
    list[Hashable],
]:
    """Return the observed values, which were observed, weights, stratum codes and labels."""
    every, pi = numbers(values), numbers(probabilities, "inclusion_probability")
    if len(pi) != len(every):
        raise ValueError(f"{len(every)} values have {len(pi)} probabilities; give one each.")
    seen = ~np.isnan(every)
    if not seen.any():
        raise InsufficientData(f"0 of {len(every)} images have a value; a rate needs 2.")
    y, pi = every[seen], pi[seen]
    if ((y < 0) | (y > 1)).any():
        raise ValueError(f"values must lie in [0, 1]; they run from {y.min():g} to {y.max():g}.")
    usable = (pi > LEAST_PROBABILITY) & (pi <= 1)
    if not usable.all():
        wrong = int((~usable).sum())
        raise ValueError(
            f"{wrong} of {len(pi)} inclusion probabilities are missing or outside (0, 1]; an "
            f"image without a logged probability cannot be weighted: exclude and report it."
        )
    given = pd.Series([""] * len(every) if strata is None else strata)
    label_codes(given, len(every), "strata")
    codes, labels = pd.factorize(given[seen.tolist()])
    return y, seen, 1 / pi, codes, list(labels)


def _stratum(y: NDArray[np.float64], weights: NDArray[np.float64], label: Hashable) -> _Stratum:
    n, total = len(y), float(weights.sum())
    if n < 2:
        raise InsufficientData(
            f"Stratum {label!r} has {n} value; its variance needs 2. Merge it with a neighbour."
        )
    rate = float(weights @ y) / total
    variance = n / (n - 1) * float((weights**2 * (y - rate) ** 2).sum()) / total**2
    return _Stratum(rate, variance, n, total**2 / float((weights**2).sum()), total)


def _shares(
    parts: list[_Stratum], labels: list[Hashable], shares: Mapping[Hashable, float] | None
) -> list[float]:
    """Return one share per stratum, summing to 1."""
    if shares is None:
        raw = [part.weight for part in parts]
    else:
        if not isinstance(shares, Mapping) or not sum(shares.values()) > 0:
            raise ValueError(f"shares is {shares!r}; name each stratum's share, together above 0.")
        wanted = {label for label, share in shares.items() if share > 0}
        if wanted - set(labels):
            unread = ", ".join(sorted(map(str, wanted - set(labels))))
            raise InsufficientData(f"0 values in strata {unread}; draw images from them first.")
        if set(labels) - set(shares) or min(shares.values()) < 0:
            raise ValueError(f"shares name {list(shares)} for strata {labels}; name each, >= 0.")
        raw = [shares[label] for label in labels]
    return [share / sum(raw) for share in raw]
