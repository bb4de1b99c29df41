"""Logistic regression with a random intercept, by adaptive Gauss-Hermite maximum likelihood."""

from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from metrics.errors import InsufficientData, NotConverged
from metrics.stats.mixed.regression import (
    Codes,
    Floats,
    Regression,
    complete_rows,
    require_groups,
    unit_columns,
    wald,
)

_AT_BOUND = 1e-3  # an sd below this is 0
_ENDLESS = 25.0  # log odds: groups so far apart are all 0 or all 1
_STEP = 1e-3  # of numeric derivatives; columns are scaled to unit information


@dataclass(frozen=True, kw_only=True, eq=False)
class RandomIntercept(Regression):
    """Hold the fit; coefficients are log odds given the group, sd is of the group intercepts."""

    sd: float
    log_likelihood: float


@dataclass(frozen=True)
class _Cells:
    """Hold rows with equal group and covariates as one binomial cell, sorted by group."""

    successes: Floats  # (c,)
    trials: Floats  # (c,)
    X: Floats  # (c, p), columns orthogonal with mean square 1
    starts: Codes  # (g,) first cell of each group
    group: Codes  # (c,)
    nodes: Floats  # (k,) Gauss-Hermite
    log_weights: Floats  # (k,) log weight + node^2

    def per_group(self, values: Floats) -> Floats:
        """Sum cells within groups, along the first axis."""
        return np.asarray(np.add.reduceat(values, self.starts, axis=0))


def logistic_random_intercept(
    y: ArrayLike,
    X: ArrayLike | pd.DataFrame,
    groups: ArrayLike,
    points: int = 25,
    *,
    level: float = 0.95,
) -> RandomIntercept:
    """Fit logit P(y = 1) = X b + u_group, u ~ N(0, sd^2), by maximum likelihood.

    y: (n,) 0/1, NaN = missing; X: (n, p) with its intercept column; groups: (n,). The likelihood
    integrates u by `points` Gauss-Hermite nodes centred and scaled at each group's mode (Pinheiro
    & Bates 1995; points=1 is Laplace). Errors come from the numeric Hessian in (b, sd) together.
    Raises InsufficientData when all y agree, InsufficientData below two groups, NotConverged under
    separation (a covariate predicts y perfectly). An sd at 0 is reported as 0 with a warning.
    """
    if points < 1:
        raise ValueError(f"points is {points}; the quadrature needs 1 at least, 25 by default.")
    rows = complete_rows(y, X, groups)
    n_groups = require_groups(rows.groups[0])
    _require_variation(rows.y)
    columns, triangle = unit_columns(rows.X)
    cells = _cells(rows.y, columns, rows.groups[0], points)
    with np.errstate(over="ignore", invalid="ignore"):  # where the search runs off; judged below
        best = _maximise(cells, np.append(_pooled(cells), 0.5))
        inner, sd, warnings = _covariance(cells, best)
    back = np.linalg.inv(triangle)
    fit = wald(back @ best[:-1], back @ inner @ back.T, level)
    if sd > _ENDLESS:
        raise NotConverged(
            f"{int(rows.y.sum())} of {rows.y.size} are 1 in {n_groups} groups, and the groups "
            f"decide the answer: their sd grows without end. Report the rate of each group."
        )
    if np.abs(cells.X @ best[:-1]).max() > 15 or fit.standard_errors.max() > 1e3:
        raise NotConverged(
            f"{int(rows.y.sum())} of {rows.y.size} are 1 in {n_groups} groups and a covariate "
            f"predicts them perfectly (separation): drop or merge that covariate."
        )
    return RandomIntercept(
        **vars(fit),
        names=rows.names,
        sd=sd,
        log_likelihood=_log_likelihood(cells, best),
        method=f"logistic random intercept, {points}-point adaptive Gauss-Hermite ML",
        n_groups=n_groups,
        n_images=rows.y.size,
        n_readers=1,
        n_readings=rows.y.size,
        n_missing=rows.n_missing,
        warnings=warnings,
    )


def _require_variation(y: Floats) -> None:
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("y must be 0 or 1 (NaN = missing); expand counts to one row per reading.")
    if y.min() == y.max():
        raise InsufficientData(
            f"All {y.size} readings are {y[0]:g}: log odds are infinite. Report the rate with its "
            f"exact limits."
        )


def _cells(y: Floats, X: Floats, codes: Codes, points: int) -> _Cells:
    """Merge rows with equal group and covariates, and prepare the quadrature."""
    keys, inverse = np.unique(np.column_stack([codes, X]), axis=0, return_inverse=True)
    group = keys[:, 0].astype(np.intp)
    nodes, weights = np.polynomial.hermite.hermgauss(points)
    return _Cells(
        successes=np.bincount(inverse.ravel(), weights=y).astype(float),
        trials=np.bincount(inverse.ravel()).astype(float),
        X=np.asarray(keys[:, 1:], dtype=float),
        starts=np.flatnonzero(np.diff(group, prepend=-1)).astype(np.intp),
        group=group,
        nodes=nodes,
        log_weights=np.log(weights) + nodes**2,
    )


def _pooled(cells: _Cells, steps: int = 25) -> Floats:
    """Start from a few Newton steps of the logistic regression without random effect."""
    b: Floats = np.zeros(cells.X.shape[1])
    for _ in range(steps):
        mean = 1 / (1 + np.exp(-np.clip(cells.X @ b, -30, 30)))
        weight = cells.trials * mean * (1 - mean) + 1e-8
        score = cells.X.T @ (cells.successes - cells.trials * mean)
        step = np.linalg.solve((cells.X * weight[:, None]).T @ cells.X, score)
        b = b + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return b


def _log_likelihood(cells: _Cells, parameters: Floats) -> float:
    """Integrate each group's intercept u = sd * v, v ~ N(0, 1), about its mode."""
    from scipy.special import logsumexp

    sd = parameters[-1]
    fixed = cells.X @ parameters[:-1]
    mode, curvature = _modes(cells, fixed, sd)
    width = 1 / np.sqrt(curvature)
    v = mode[:, None] + sqrt(2) * width[:, None] * cells.nodes  # (g, k)
    linear = fixed[:, None] + sd * v[cells.group]  # (c, k)
    kernel = cells.successes[:, None] * linear - cells.trials[:, None] * np.logaddexp(0, linear)
    inside = cells.per_group(kernel) - v**2 / 2 - log(2 * pi) / 2 + cells.log_weights
    return float((logsumexp(inside, axis=1) + np.log(sqrt(2) * width)).sum())


def _modes(cells: _Cells, fixed: Floats, sd: float) -> tuple[Floats, Floats]:
    """Find each group's mode of v and the curvature there by Newton steps (log-concave)."""
    v: Floats = np.zeros(cells.starts.size)
    for _ in range(50):
        mean = 1 / (1 + np.exp(-np.clip(fixed + sd * v[cells.group], -700, 700)))
        curvature = sd**2 * cells.per_group(cells.trials * mean * (1 - mean)) + 1
        step = (sd * cells.per_group(cells.successes - cells.trials * mean) - v) / curvature
        v = v + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-10:
            break
    return v, curvature


def _maximise(cells: _Cells, start: Floats) -> Floats:
    """Search by BFGS, then polish by Newton steps on the numeric Hessian."""
    from scipy.optimize import minimize

    n = cells.trials.sum()
    found = minimize(lambda x: -_log_likelihood(cells, x) / n, start, method="BFGS").x
    for _ in range(3):
        gradient, hessian = _derivatives(cells, found)
        if not np.isfinite(hessian).all():
            break
        if np.abs(found[-1]) < _AT_BOUND or np.linalg.eigvalsh(-hessian).min() <= 0:
            break
        step = np.linalg.solve(-hessian, gradient)
        if np.abs(step).max() > 0.1:
            break
        found = found + step
    if abs(found[-1]) < _AT_BOUND:
        return np.append(_pooled(cells), 0.0)
    found[-1] = abs(found[-1])
    return np.asarray(found)


def _derivatives(cells: _Cells, at: Floats) -> tuple[Floats, Floats]:
    """Give gradient and Hessian of the log likelihood by central differences."""
    k = at.size
    shift = np.eye(k) * _STEP
    centre = _log_likelihood(cells, at)
    up = np.array([_log_likelihood(cells, at + s) for s in shift])
    down = np.array([_log_likelihood(cells, at - s) for s in shift])
    hessian = np.diag((up + down - 2 * centre) / _STEP**2)
    for i in range(k):
        for j in range(i):
            both = _log_likelihood(cells, at + shift[i] + shift[j])
            neither = _log_likelihood(cells, at - shift[i] - shift[j])
            cross = (both + neither + 2 * centre - up[i] - down[i] - up[j] - down[j]) / 2
            hessian[i, j] = hessian[j, i] = cross / _STEP**2
    return (up - down) / (2 * _STEP), hessian


def _covariance(cells: _Cells, best: Floats) -> tuple[Floats, float, tuple[str, ...]]:
    """Invert the Hessian; at an sd of 0 that of the coefficients alone."""
    _, hessian = _derivatives(cells, best)
    if best[-1] == 0.0:
        flat = ("the groups vary no more than chance: sd is 0, at its bound",)
        return np.asarray(np.linalg.inv(-hessian[:-1, :-1]), dtype=float), 0.0, flat
    try:
        full = np.asarray(np.linalg.inv(-hessian), dtype=float)
    except np.linalg.LinAlgError:
        full = np.full_like(hessian, -1.0)
    if np.diag(full).min() <= 0:
        raise NotConverged(
            f"The likelihood of {int(cells.trials.sum())} readings in {cells.starts.size} groups "
            f"has no maximum (separation or an intercept that cannot be told from the groups)."
        )
    return full[:-1, :-1], float(best[-1]), ()
