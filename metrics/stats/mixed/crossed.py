"""Linear mixed model with two crossed random intercepts, by profiled REML."""

from dataclasses import dataclass
from functools import cached_property
from math import log, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from metrics.errors import InsufficientData, NotConverged
from metrics.stats.mixed.regression import (
    Codes,
    Floats,
    Regression,
    Rows,
    complete_rows,
    require_groups,
    unit_columns,
    wald,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossedMixed(Regression):
    """Hold the fit; sds are of the first and second grouping's intercepts and the residual.

    criterion is -2 log restricted (or full) likelihood, as lme4 prints it.
    """

    sd_first: float
    sd_second: float
    sd_residual: float
    criterion: float

    @property
    def sds(self) -> tuple[float, float, float]:
        """Give the standard deviations: first grouping, second grouping, residual."""
        return self.sd_first, self.sd_second, self.sd_residual


@dataclass(frozen=True)
class _Products:
    """Hold all that the likelihood needs of the rows: sums per group, never a dense Z.

    Group `many` has the more levels (m1) and is eliminated as a diagonal, `few` has m2 levels;
    counts: (m1, m2), sparse unless most cells are filled. right: sums of (X, y) per level,
    (m, p + 1). gram: (p + 1, p + 1).
    """

    many: Floats
    few: Floats
    counts: "csr_matrix | Floats"
    right_many: Floats
    right_few: Floats
    gram: Floats
    n: int

    @cached_property
    def p(self) -> int:
        """Count the columns of X."""
        return self.gram.shape[0] - 1


@dataclass(frozen=True)
class _Solution:
    criterion: float
    delta: Floats
    precision: Floats  # (p, p), inverse of cov(delta) / sigma^2
    variance: float


def crossed_mixed(
    y: ArrayLike,
    X: ArrayLike | pd.DataFrame,
    first: ArrayLike,
    second: ArrayLike,
    *,
    reml: bool = True,
    level: float = 0.95,
) -> CrossedMixed:
    """Fit y = X b + u_first + v_second + e with independent normal u, v, e.

    y: (n,), NaN = missing; X: (n, p) with intercept; first, second: (n,) groupings such as image
    and reader. The criterion is profiled over b and the residual variance (Bates et al. 2015,
    eq. 41): the larger grouping is eliminated as a diagonal, the smaller by its Schur complement,
    so that memory is linear in n and each step costs the number of filled cells plus m2^3.
    Tests are Wald z. Raises InsufficientData below two levels, InsufficientData for constant y.
    """
    rows = complete_rows(y, X, first, second)
    for codes, what in zip(rows.groups, ("levels of first", "levels of second"), strict=True):
        require_groups(codes, what)
    columns, triangle = unit_columns(rows.X)
    ols = _least_squares(rows)
    is_swapped = rows.sizes[0] < rows.sizes[1]
    groups = rows.groups[::-1] if is_swapped else rows.groups
    products = _products(columns, rows.y - rows.X @ ols, groups)
    ratios, solution = _fit(products, reml)
    sigma = sqrt(solution.variance)
    back = np.linalg.inv(triangle)
    covariance = solution.variance * back @ np.linalg.inv(solution.precision) @ back.T
    sds = np.where(ratios < 1e-4, 0.0, ratios) * sigma
    sds = sds[::-1] if is_swapped else sds
    n_first, n_second = rows.sizes
    return CrossedMixed(
        **vars(wald(ols + back @ solution.delta, covariance, level)),
        names=rows.names,
        sd_first=float(sds[0]),
        sd_second=float(sds[1]),
        sd_residual=sigma,
        # The search ran on unit columns; the restricted likelihood is stated for X itself.
        criterion=solution.criterion + 2 * float(np.linalg.slogdet(triangle)[1]) * reml,
        method=f"linear mixed model, crossed random intercepts, {'REML' if reml else 'ML'}",
        n_groups=n_first,
        n_images=n_first,
        n_readers=n_second,
        n_readings=rows.y.size,
        n_missing=rows.n_missing,
        warnings=_warnings(sds, n_second),
    )


def _least_squares(rows: Rows) -> Floats:
    """Give least-squares coefficients; refuse an outcome that they explain wholly."""
    ols = np.asarray(np.linalg.lstsq(rows.X, rows.y, rcond=None)[0], dtype=float)
    residual = rows.y - rows.X @ ols
    if float(residual @ residual) <= 1e-20 * max(1.0, float(rows.y @ rows.y)):
        raise InsufficientData(
            f"{rows.y.size} readings leave no residual variance: y follows X exactly."
        )
    return ols


def _products(columns: Floats, residual: Floats, groups: tuple[Codes, ...]) -> _Products:
    """Sum everything once; y enters as its least-squares residual, which spares digits."""
    from scipy.sparse import csr_matrix

    many, few = groups
    right = np.column_stack([columns, residual])
    counts = csr_matrix((np.ones(many.size), (many, few)))
    is_filled = counts.shape[0] * counts.shape[1] <= 4 * many.size
    return _Products(
        many=np.bincount(many).astype(float),
        few=np.bincount(few).astype(float),
        counts=counts.toarray() if is_filled else counts,
        right_many=_sums(right, many),
        right_few=_sums(right, few),
        gram=right.T @ right,
        n=many.size,
    )


def _sums(values: Floats, codes: Codes) -> Floats:
    columns = [np.bincount(codes, weights=column) for column in values.T]
    return np.column_stack(columns)


def _solve(products: _Products, ratios: Floats, reml: bool) -> _Solution:
    """Profile b and sigma at given ratios sd_many / sigma, sd_few / sigma."""
    from scipy.linalg import cholesky, solve_triangular

    a, b = np.abs(ratios)
    diagonal = a**2 * products.many + 1
    weight = a**2 / diagonal
    schur = np.diag(b**2 * products.few + 1) - b**2 * _weighted_gram(products.counts, weight)
    lower = cholesky(schur, lower=True)
    scaled = weight[:, None] * products.right_many
    rest = solve_triangular(
        lower, b * (products.right_few - products.counts.T @ scaled), lower=True
    )
    gram = products.gram - products.right_many.T @ scaled - rest.T @ rest
    p, n = products.p, products.n
    precision, cross = gram[:p, :p], gram[:p, p]
    delta = np.linalg.solve(precision, cross)
    penalised = max(float(gram[p, p] - cross @ delta), 1e-300)
    freedom = n - p if reml else n
    criterion = (
        float(np.log(diagonal).sum())
        + 2 * float(np.log(np.diag(lower)).sum())
        + freedom * (1 + log(2 * pi * penalised / freedom))
    )
    if reml:
        criterion += float(np.linalg.slogdet(precision)[1])
    return _Solution(criterion, delta, precision, penalised / freedom)


def _weighted_gram(counts: "csr_matrix | Floats", weight: Floats) -> Floats:
    """Give counts' diag(weight) counts, (m2, m2)."""
    if isinstance(counts, np.ndarray):
        return np.asarray(counts.T @ (weight[:, None] * counts))
    scaled = counts.copy()
    scaled.data = counts.data * np.repeat(weight, np.diff(counts.indptr))
    return np.asarray((counts.T @ scaled).toarray())


def _fit(products: _Products, reml: bool) -> tuple[Floats, _Solution]:
    """Give the best ratios and their solution; refuse readings that the groups explain wholly."""
    try:
        ratios = _minimise(products, reml)
        solution = _solve(products, ratios, reml)
        if solution.variance > 1e-16 * products.gram[-1, -1] / products.n:
            return ratios, solution
    except np.linalg.LinAlgError:
        pass
    raise InsufficientData(
        f"{products.n} readings leave no residual variance: y follows X and its groups exactly."
    )


def _minimise(products: _Products, reml: bool) -> Floats:
    """Search the two ratios; the criterion is even in each, so that 0 is no hard wall."""
    from scipy.optimize import minimize

    grid = [np.array([a, b]) for a in (0.1, 0.5, 2.0) for b in (0.1, 0.5, 2.0)]
    start = min(grid, key=lambda x: _solve(products, x, reml).criterion)
    best = minimize(
        lambda x: _solve(products, x, reml).criterion,
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 2000, "maxfev": 2000},
    )
    if not best.success:
        raise NotConverged(f"REML of {products.n} readings found no optimum in 2,000 steps.")
    return np.abs(np.asarray(best.x))


def _warnings(sds: Floats, n_second: int) -> tuple[str, ...]:
    notes = []
    if sds.min() == 0.0:
        notes.append("a random intercept's variance is 0, at its bound")
    if n_second < 5:
        notes.append(f"{n_second} levels of the second grouping: its sd is poorly known")
    return tuple(notes)
