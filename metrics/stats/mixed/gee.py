"""Marginal logistic regression for clustered readings."""

import warnings
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from metrics.errors import InsufficientData, NotConverged
from metrics.stats.mixed.regression import (
    Floats,
    Regression,
    Rows,
    complete_rows,
    require_groups,
    wald,
)

Structure = Literal["exchangeable", "independence"]
_ROUNDING = 1e-20  # of a variance; groups that all agree leave no more
_NEAR_ONE = 1 - 1e-6  # readings of a group that are all alike
_NEAR_BOUND = 0.99  # of the lowest correlation that groups can have


@dataclass(frozen=True, kw_only=True, eq=False)
class MarginalLogistic(Regression):
    """Hold the fit; coefficients are population log odds, correlation is within groups."""

    correlation: float


def gee_logistic(
    y: ArrayLike,
    X: ArrayLike | pd.DataFrame,
    groups: ArrayLike,
    structure: Structure = "exchangeable",
    *,
    level: float = 0.95,
) -> MarginalLogistic:
    """Fit logit E[y] = X b by generalised estimating equations (Liang & Zeger 1986).

    y: (n,) 0/1, NaN = missing; X: (n, p) with intercept; groups: (n,), rows of one group are
    correlated. The working correlation is the mean product of Pearson residuals over pairs, over
    their mean square, without loss of degrees of freedom (as R's geepack). Errors are the robust
    sandwich; below 40 groups they are too small (warning).
    Raises InsufficientData when all y or all groups agree, NotConverged under separation.
    """
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_estimating_equations import GEE

    if structure not in (known := get_args(Structure)):
        raise ValueError(f"structure {structure!r} is unknown; choose one of {', '.join(known)}.")
    rows = complete_rows(y, X, groups)
    n_groups = require_groups(rows.groups[0])
    if not np.isin(rows.y, (0.0, 1.0)).all():
        raise ValueError("y must be 0 or 1 (NaN = missing).")
    if rows.y.min() == rows.y.max():
        raise InsufficientData(
            f"All {rows.y.size} readings are {rows.y[0]:g}: log odds are infinite. Report the "
            f"rate with its exact limits."
        )
    working = _working(structure, int(np.bincount(rows.groups[0]).max()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is judged below, on the result
        model = GEE(rows.y, rows.X, groups=rows.groups[0], family=Binomial(), cov_struct=working)
        found = model.fit(maxiter=200, ctol=1e-10, ddof_scale=0)
    coefficients, covariance = np.asarray(found.params), np.asarray(found.cov_robust)
    _check_fit(rows, found, n_groups)
    notes: tuple[str, ...] = ()
    if n_groups < 40:
        notes = (f"{n_groups} groups: robust errors are too small below 40",)
    if getattr(working, "is_held", False):
        notes += (
            f"the correlation within groups is at its bound, held at {working.dep_params:.3g}",
        )
    return MarginalLogistic(
        **vars(wald(coefficients, covariance, level)),
        names=rows.names,
        correlation=float(getattr(working, "dep_params", 0.0) or 0.0),
        method=f"GEE logistic, {structure}, robust errors",
        n_groups=n_groups,
        n_images=rows.y.size,
        n_readers=1,
        n_readings=rows.y.size,
        n_missing=rows.n_missing,
        warnings=notes,
    )


def _check_fit(rows: Rows, found: Any, n_groups: int) -> None:
    """Raise NotConverged under separation, InsufficientData where groups leave no error."""
    covariance = np.asarray(found.cov_robust)
    bound = np.abs(rows.X @ np.asarray(found.params)).max()
    if not (np.isfinite(covariance).all() and found.converged) or bound > 15:
        raise NotConverged(
            f"{int(rows.y.sum())} of {rows.y.size} readings are 1 in {n_groups} groups: the "
            f"equations have no finite solution (separation). Drop or merge a covariate."
        )
    if (np.diag(covariance) < _ROUNDING * np.diag(np.asarray(found.cov_naive))).any():
        raise InsufficientData(
            f"The {n_groups} groups of {rows.y.size} readings all agree in a coefficient, whose "
            f"robust error is 0. Report the rate with its exact limits."
        )


def _working(structure: Structure, largest: int) -> Any:
    """Give statsmodels' working correlation; groups of m cannot correlate below -1 / (m - 1)."""
    from statsmodels.genmod.cov_struct import Exchangeable, Independence

    if structure == "independence" or largest == 1:
        return Independence()
    least = -_NEAR_BOUND / (largest - 1)

    class Held(Exchangeable):
        dep_params: float
        is_held = False

        def update(self, params: Floats) -> None:
            super().update(params)
            found = float(self.dep_params)
            self.dep_params = min(max(found, least), _NEAR_ONE)
            self.is_held = found != self.dep_params

    return Held()
