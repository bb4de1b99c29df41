"""What every regression here returns, and the checks its inputs pass."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData, NotConverged
from metrics.stats.intervals import check_level, critical
from metrics.stats.readings import numbers
from metrics.stats.result import THESE_READERS, Test, counts_of

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class Regression:
    """Hold a fitted regression: one entry per column of X in every array.

    low and high are normal limits; statistic is Wald's z. Counts are those of the rows used;
    set n_images and n_readers with `dataclasses.replace` where rows are not single images.
    """

    names: tuple[str, ...]
    coefficients: Floats
    standard_errors: Floats
    covariance: Floats
    low: Floats
    high: Floats
    statistic: Floats
    p: Floats
    method: str
    n_groups: int
    n_images: int
    n_readers: int
    n_readings: int
    n_missing: int
    estimand: str = THESE_READERS
    warnings: tuple[str, ...] = ()

    @property
    def estimate(self) -> Floats:
        """Give the coefficients by the name that other results use."""
        return self.coefficients

    @property
    def counts(self) -> dict[str, int]:
        """Give what the fit rests on, as in every result, and the groups."""
        return counts_of(self) | {"groups": self.n_groups}

    def term(self, name: str | int) -> Test:
        """Give one coefficient, by column name or position, as an estimate with its test."""
        k = name if isinstance(name, int) else self.names.index(name)
        return Test(
            estimate=float(self.coefficients[k]),
            low=float(self.low[k]),
            high=float(self.high[k]),
            method=f"{self.method}: {self.names[k]}",
            statistic=float(self.statistic[k]),
            p=float(self.p[k]),
            n_images=self.n_images,
            n_readers=self.n_readers,
            n_readings=self.n_readings,
            n_missing=self.n_missing,
            estimand=self.estimand,
            warnings=self.warnings,
        )


@dataclass(frozen=True)
class Rows:
    """Hold the complete rows of a regression: y (n,), X (n, p), groups as codes 0 .. m - 1."""

    y: Floats
    X: Floats
    groups: tuple[Codes, ...]
    names: tuple[str, ...]
    n_missing: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """Count the levels of each grouping."""
        return tuple(int(codes.max()) + 1 for codes in self.groups)


@dataclass(frozen=True)
class Wald:
    """Hold the per-coefficient arrays of a regression's result."""

    coefficients: Floats
    standard_errors: Floats
    covariance: Floats
    low: Floats
    high: Floats
    statistic: Floats
    p: Floats


def complete_rows(y: ArrayLike, X: ArrayLike | pd.DataFrame, *groups: ArrayLike) -> Rows:
    """Drop and count rows with a missing value; code the groups.

    Raises ValueError for unequal lengths or collinear columns, InsufficientData when there are
    not more rows than columns.
    """
    names = tuple(map(str, X.columns)) if isinstance(X, pd.DataFrame) else ()
    design = matrix_of(X)
    outcome = numbers(y, "y", bounded=False)
    for group in groups:
        if np.ndim(group) != 1:
            raise ValueError("groups must be a list of labels, one for each row.")
    lengths = {outcome.size, design.shape[0], *(len(np.asarray(g)) for g in groups)}
    if len(lengths) > 1:
        raise ValueError(f"Lengths {sorted(lengths)} differ: y, X and groups go row by row.")
    endless = int(np.isinf(outcome).sum() + np.isinf(design).sum())
    if endless:
        raise ValueError(f"y and X have {endless} infinite entries; remove them.")
    keep = ~(np.isnan(outcome) | np.isnan(design).any(axis=1))
    for group in groups:
        keep &= ~pd.isna(np.asarray(group))
    codes = tuple(pd.factorize(np.asarray(g)[keep], sort=True)[0].astype(np.intp) for g in groups)
    rows = Rows(
        y=outcome[keep],
        X=design[keep],
        groups=codes,
        names=names or tuple(f"x{k}" for k in range(design.shape[1])),
        n_missing=int((~keep).sum()),
    )
    _require_rank(rows)
    return rows


def matrix_of(X: ArrayLike | pd.DataFrame) -> Floats:
    """Return X as floats (n, p), NaN where missing. Raises ValueError for text or another shape."""
    try:
        if isinstance(X, pd.DataFrame):
            return X.to_numpy(dtype=float, na_value=np.nan)
        design = np.asarray(X, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"X must hold numbers; code its labels as 0 and 1: {error}") from error
    if design.ndim not in {1, 2}:
        raise ValueError(f"X has {design.ndim} dimensions; it must be rows x columns.")
    return design[:, None] if design.ndim == 1 else design


def _require_rank(rows: Rows) -> None:
    n, p = rows.X.shape
    if n <= p:
        raise InsufficientData(
            f"{n} complete rows ({rows.n_missing} with missing values) for {p} coefficients: "
            f"collect more readings or drop terms."
        )
    if np.linalg.matrix_rank(rows.X) < p:
        raise ValueError(f"Columns {rows.names} are collinear: drop one.")


def require_groups(codes: Codes, what: str = "groups") -> int:
    """Return the number of groups; raise InsufficientData below two."""
    n = int(codes.max()) + 1 if codes.size else 0
    if n < 2:
        raise InsufficientData(f"{n} {what}: a random effect needs at least 2.")
    return n


def unit_columns(X: Floats) -> tuple[Floats, Floats]:
    """Give orthogonal columns of mean square 1 and the triangle that leads back: X = Q @ R.

    A search over coefficients of Q meets the same scale in every direction.
    """
    orthogonal, triangle = np.linalg.qr(X)
    scale = np.sqrt(X.shape[0])
    return np.asarray(orthogonal * scale, dtype=float), np.asarray(triangle / scale, dtype=float)


def wald(coefficients: Floats, covariance: Floats, level: float) -> Wald:
    """Give normal limits, z and p for coefficients with their covariance matrix.

    Raises NotConverged when a variance is not finite and positive.
    """
    from scipy.stats import norm

    check_level(level)
    variance = np.diag(covariance)
    if not (np.isfinite(coefficients).all() and (variance > 0).all()):
        raise NotConverged(
            f"{coefficients.size} coefficients were fitted without finite positive variances: the "
            f"readings do not determine them. Drop or merge terms."
        )
    se = np.sqrt(variance)
    reach = critical(level) * se
    z = coefficients / se
    return Wald(
        coefficients=coefficients,
        standard_errors=se,
        covariance=covariance,
        low=coefficients - reach,
        high=coefficients + reach,
        statistic=z,
        p=2 * norm.sf(np.abs(z)),
    )
