"""Mean squares and variance components of the Obuchowski-Rockette model."""

from dataclasses import dataclass

import numpy as np

from metrics.stats.mrmc.design import Nesting
from metrics.stats.roc import Floats


@dataclass(frozen=True, kw_only=True)
class MeanSquares:
    """Hold the mean squares of the modality x reader table; 0 where there is one level only."""

    modality: float
    reader: float
    modality_reader: float


@dataclass(frozen=True, kw_only=True)
class VarianceComponents:
    """Hold the components of the estimates' variance (Hillis 2007, table 1), not clamped.

    cov1: same reader, different modality; cov2: same modality, different reader; cov3: both
    differ. var_error is the variance over cases of one estimate. With one modality var_reader
    holds reader and modality x reader variance together and cov1 = cov3 = 0.
    """

    var_reader: float
    var_modality_reader: float
    var_error: float
    cov1: float
    cov2: float
    cov3: float


def mean_squares(table: Floats) -> MeanSquares:
    """Compute mean squares of a (t, r) table of estimates."""
    t, r = table.shape
    grand = table.mean()
    by_modality, by_reader = table.mean(axis=1), table.mean(axis=0)
    rest = table - by_modality[:, None] - by_reader[None, :] + grand
    return MeanSquares(
        modality=float(r * ((by_modality - grand) ** 2).sum() / max(t - 1, 1)),
        reader=float(t * ((by_reader - grand) ** 2).sum() / max(r - 1, 1)),
        modality_reader=float((rest**2).sum() / max((t - 1) * (r - 1), 1)),
    )


def variance_components(
    squares: MeanSquares, matrix: Floats, shape: tuple[int, int], nesting: Nesting
) -> VarianceComponents:
    """Average a (t*r, t*r) covariance matrix into components, by the moments of Hillis 2007.

    Covariances between readings of different cases are 0 by design and set so.
    """
    t, r = shape
    modality, reader = np.divmod(np.arange(t * r), r)
    same_modality = modality[:, None] == modality[None, :]
    same_reader = reader[:, None] == reader[None, :]
    error = float(np.diag(matrix).mean())
    cov1 = _mean(matrix[~same_modality & same_reader])
    cov2 = _mean(matrix[same_modality & ~same_reader])
    cov3 = _mean(matrix[~same_modality & ~same_reader])
    if nesting == "cases within readers":
        cov2 = cov3 = 0.0
    elif nesting == "cases within modalities":
        cov1 = cov3 = 0.0
    if t == 1:
        var_reader, var_both = squares.reader - error + cov2, 0.0
    else:
        var_reader = (squares.reader - squares.modality_reader) / t - cov1 + cov3
        var_both = squares.modality_reader - error + cov1 + cov2 - cov3
    if r == 1:  # one reader says nothing of readers
        var_reader = var_both = 0.0
    return VarianceComponents(
        var_reader=var_reader,
        var_modality_reader=var_both,
        var_error=error,
        cov1=cov1,
        cov2=cov2,
        cov3=cov3,
    )


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else 0.0
