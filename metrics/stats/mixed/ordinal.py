"""Proportional-odds regression for ratings on an ordered scale."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from metrics.errors import InsufficientData, NotConverged
from metrics.stats.mixed.regression import (
    Floats,
    Regression,
    Rows,
    complete_rows,
    matrix_of,
    wald,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class OrdinalLogit(Regression):
    """Hold the fit; a positive coefficient moves ratings up. thresholds: (k - 1,), rising."""

    thresholds: Floats
    threshold_errors: Floats
    levels: tuple[float, ...]
    log_likelihood: float


@dataclass(frozen=True)
class _Bounds:
    """Hold the rows of both bounds of each rating: linear in (thresholds, coefficients).

    upper, lower: (n, k - 1 + p); is_top, is_bottom: ratings without an upper or lower bound.
    """

    upper: Floats
    lower: Floats
    is_top: Floats
    is_bottom: Floats


def ordinal_logit(
    y: ArrayLike, X: ArrayLike | pd.DataFrame, *, level: float = 0.95
) -> OrdinalLogit:
    """Fit logit P(y <= j) = threshold_j - X b by maximum likelihood (McCullagh 1980).

    y: (n,) ordered numbers, NaN = missing; X: (n, p), a constant column is taken away. Errors
    are from the observed information. Rows are taken as independent: over several readers this
    describes, it does not test. Raises InsufficientData below two levels in use or without a
    varying column, NotConverged when a covariate orders the ratings perfectly (separation).
    """
    rows = complete_rows(y, _varying(X))
    levels, codes = np.unique(rows.y, return_inverse=True)
    if levels.size < 2:
        raise InsufficientData(f"All {rows.y.size} ratings are {levels[0]:g}: no order to model.")
    centre, spread = rows.X.mean(axis=0), rows.X.std(axis=0)
    bounds = _bounds(codes, (rows.X - centre) / spread, levels.size)
    share = np.cumsum(np.bincount(codes))[:-1] / codes.size
    start = np.concatenate([np.log(share / (1 - share)), np.zeros(spread.size)])
    found, information, log_likelihood = _newton(bounds, start, levels.size - 1)
    return _result(rows, levels, (found, information, log_likelihood), level)


def _varying(X: ArrayLike | pd.DataFrame) -> pd.DataFrame:
    """Drop constant columns, which the thresholds stand for."""
    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(matrix_of(X))
    if not isinstance(X, pd.DataFrame):
        frame.columns = [f"x{k}" for k in range(frame.shape[1])]
    varying = frame.loc[:, frame.nunique(dropna=True) > 1]
    if varying.shape[1] == 0:
        raise InsufficientData("No column of X varies: report the counts per level instead.")
    return varying


def _bounds(codes: np.ndarray, X: Floats, k: int) -> _Bounds:
    n = codes.size
    thresholds = np.eye(k - 1)
    upper = np.vstack([thresholds, np.zeros(k - 1)])[codes]
    lower = np.vstack([np.zeros(k - 1), thresholds])[codes]
    is_top, is_bottom = codes == k - 1, codes == 0
    return _Bounds(
        upper=np.column_stack([upper, np.where(is_top[:, None], 0.0, -X)]),
        lower=np.column_stack([lower, np.where(is_bottom[:, None], 0.0, -X)]),
        is_top=is_top.reshape(n).astype(float),
        is_bottom=is_bottom.reshape(n).astype(float),
    )


def _likelihood(bounds: _Bounds, at: Floats) -> tuple[float, Floats, Floats]:
    """Give the log likelihood, its gradient and the observed information."""
    from scipy.special import expit

    high = np.where(bounds.is_top > 0, 1.0, expit(bounds.upper @ at))
    low = np.where(bounds.is_bottom > 0, 0.0, expit(bounds.lower @ at))
    inside = high - low
    if inside.min() <= 1e-300:
        return -np.inf, np.zeros_like(at), np.eye(at.size)
    density_high, density_low = high * (1 - high), low * (1 - low)
    rows = (density_high[:, None] * bounds.upper - density_low[:, None] * bounds.lower) / inside[
        :, None
    ]
    bend_high = density_high * (1 - 2 * high) / inside
    bend_low = density_low * (1 - 2 * low) / inside
    hessian = (
        (bounds.upper * bend_high[:, None]).T @ bounds.upper
        - (bounds.lower * bend_low[:, None]).T @ bounds.lower
        - rows.T @ rows
    )
    return float(np.log(inside).sum()), rows.sum(axis=0), -hessian


def _newton(bounds: _Bounds, start: Floats, n_thresholds: int) -> tuple[Floats, Floats, float]:
    """Climb the concave log likelihood; halve a step that leaves the rising thresholds."""
    at = start
    value, gradient, information = _likelihood(bounds, at)
    for _ in range(100):
        step = np.linalg.solve(information + 1e-10 * np.eye(at.size), gradient)
        for _ in range(40):
            trial = _likelihood(bounds, at + step)
            if trial[0] >= value - 1e-12:
                break
            step = step / 2
        at = at + step
        value, gradient, information = trial
        if np.abs(at[n_thresholds:]).max() > 25:
            break
        if np.abs(step).max() < 1e-10:
            return at, information, value
    raise NotConverged(
        f"{bounds.is_top.size} ratings on {n_thresholds + 1} levels: a covariate orders them "
        f"perfectly (separation), so its effect is infinite. Drop or merge it."
    )


def _result(
    rows: Rows, levels: Floats, fitted: tuple[Floats, Floats, float], level: float
) -> OrdinalLogit:
    """Carry the fit back from standardised columns to those that were given."""
    found, information, log_likelihood = fitted
    k, p = levels.size - 1, rows.X.shape[1]
    centre, spread = rows.X.mean(axis=0), rows.X.std(axis=0)
    back = np.eye(k + p)
    back[k:, k:] = np.diag(1 / spread)
    back[:k, k:] = centre / spread  # threshold_j moves by centre . b
    raw, covariance = back @ found, back @ np.linalg.inv(information) @ back.T
    return OrdinalLogit(
        **vars(wald(raw[k:], covariance[k:, k:], level)),
        names=rows.names,
        thresholds=raw[:k],
        threshold_errors=np.sqrt(np.diag(covariance)[:k]),
        levels=tuple(levels.tolist()),
        log_likelihood=log_likelihood,
        method="proportional odds, maximum likelihood",
        n_groups=1,
        n_images=rows.y.size,
        n_readers=1,
        n_readings=rows.y.size,
        n_missing=rows.n_missing,
    )
