"""Marginal logistic regression for clustered readings."""

import warnings
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from metrics.errors import InsufficientData, NotConverged
from metrics.stats.mixed.regression import Regression, complete_rows, require_groups, wald

Structure = Literal["exchangeable", "independence"]


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
    correlated. Errors are the robust sandwich; below 40 groups they are too small (warning).
    Raises InsufficientData when all y agree, NotConverged under separation.
    """
    from statsmodels.genmod.cov_struct import Exchangeable, Independence
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
    working = Exchangeable() if structure == "exchangeable" else Independence()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence is judged below, on the result
        model = GEE(rows.y, rows.X, groups=rows.groups[0], family=Binomial(), cov_struct=working)
        found = model.fit(maxiter=200, ctol=1e-10)
    coefficients, covariance = np.asarray(found.params), np.asarray(found.cov_robust)
    bound = np.abs(rows.X @ coefficients).max()
    if not (np.isfinite(covariance).all() and found.converged) or bound > 15:
        raise NotConverged(
            f"{int(rows.y.sum())} of {rows.y.size} readings are 1 in {n_groups} groups: the "
            f"equations have no finite solution (separation). Drop or merge a covariate."
        )
    few = (f"{n_groups} groups: robust errors are too small below 40",) if n_groups < 40 else ()
    return MarginalLogistic(
        **vars(wald(coefficients, covariance, level)),
        names=rows.names,
        correlation=float(working.dep_params) if structure == "exchangeable" else 0.0,
        method=f"GEE logistic, {structure}, robust errors",
        n_groups=n_groups,
        n_images=rows.y.size,
        n_readers=1,
        n_readings=rows.y.size,
        n_missing=rows.n_missing,
        warnings=few,
    )
