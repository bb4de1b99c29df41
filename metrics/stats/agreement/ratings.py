"""Ratings of items by readers as a table of categories, and weights between categories."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData
from metrics.stats.readings import rectangle

Array = NDArray[np.float64]
Weights = str | ArrayLike | None


@dataclass(frozen=True)
class Ratings:
    """Hold ratings as category codes, -1 for missing.

    codes: (items, readers); categories: q labels in order; positions: their q numbers on the
    scale (the labels themselves when numeric, else 0, 1, ...). Items without any rating and
    readers without any are not kept; `n_missing` counts the empty cells of the kept ones.
    """

    codes: NDArray[np.intp]
    categories: tuple[Hashable, ...]
    positions: Array

    @property
    def n_missing(self) -> int:
        """Count cells without a rating."""
        return int((self.codes < 0).sum())

    @property
    def n_readings(self) -> int:
        """Count ratings."""
        return int((self.codes >= 0).sum())

    def counts(self) -> Array:
        """Return how many readers put each item in each category: (items, categories)."""
        n, q = len(self.codes), len(self.categories)
        rows = np.repeat(np.arange(n), self.codes.shape[1])
        flat = self.codes.ravel()
        cells = rows[flat >= 0] * q + flat[flat >= 0]
        return np.bincount(cells, minlength=n * q).reshape(n, q).astype(float)

    def prevalence(self) -> dict[Hashable, float]:
        """Return the share of readings in each category."""
        totals = np.bincount(self.codes[self.codes >= 0], minlength=len(self.categories))
        return dict(zip(self.categories, (totals / totals.sum()).tolist(), strict=True))


def read_ratings(ratings: ArrayLike, categories: Sequence[Hashable] | None = None) -> Ratings:
    """Return ratings (items x readers, NaN or None for missing) as codes of categories.

    `categories` lists the whole scale in order; without it the categories seen, sorted.
    Raises ValueError for another shape or a rating off the scale; InsufficientData when fewer
    than 2 readers rated, or fewer than 2 items have 2 ratings.
    """
    table = rectangle(ratings)
    flat = pd.Series(table.ravel(), dtype=object).infer_objects()
    seen = flat.dropna().unique().tolist()
    scale = _scale(seen, categories)
    codes = pd.Index(scale, dtype=object).get_indexer(flat.astype(object))
    grid = np.where(flat.isna().to_numpy(), -1, codes).reshape(table.shape)
    rated = grid >= 0
    grid = grid[rated.any(axis=1)][:, rated.any(axis=0)]
    shared = int(((grid >= 0).sum(axis=1) >= 2).sum())
    if grid.shape[1] < 2 or shared < 2:
        raise InsufficientData(
            f"{grid.shape[1]} readers rated {len(grid)} items, {shared} of them at least twice; "
            f"agreement needs 2 readers and 2 such items. Invite another reader."
        )
    return Ratings(grid, tuple(scale), _positions(scale))


def weight_matrix(ratings: Ratings, weights: Weights) -> Array:
    """Return agreement weights between categories, 1 on the diagonal: (categories, categories).

    None: identity; linear, quadratic, radical: 1 - (distance / range)^(1, 2, 1/2); ordinal:
    1 - C(k - l + 1, 2) / C(q, 2) on ranks; ratio: 1 - ((x - y) / (x + y))^2 over its maximum.
    A matrix is taken as given. Source: Gwet 2014, Handbook of Inter-Rater Reliability, ch. 3.
    """
    q = len(ratings.categories)
    if weights is None:
        return np.eye(q)
    if isinstance(weights, str):
        if weights not in _WEIGHTS:
            raise ValueError(f"weights {weights!r} is unknown; choose one of {list(_WEIGHTS)}.")
        distance = _WEIGHTS[weights](ratings.positions)
        return 1 - distance / distance.max() if q > 1 else np.ones((1, 1))
    matrix = np.asarray(weights, dtype=float)
    if matrix.shape != (q, q) or not np.array_equal(matrix, matrix.T):
        raise ValueError(f"weights has shape {matrix.shape}; it must be symmetric {q} x {q}.")
    if not (matrix.diagonal() == 1).all() or (matrix < 0).any() or (matrix > 1).any():
        raise ValueError("weights must be 1 on the diagonal and lie in [0, 1].")
    return matrix


def _scale(seen: list[Hashable], categories: Sequence[Hashable] | None) -> list[Hashable]:
    if categories is None:
        return _sorted(seen)
    scale = list(categories)
    off = [value for value in seen if value not in scale]
    if off or len(set(scale)) < len(scale):
        raise ValueError(f"Ratings {off[:5]} are not on the scale {scale} of distinct levels.")
    return scale


def _sorted(values: list[Hashable]) -> list[Hashable]:
    try:
        return sorted(values)  # type: ignore[type-var]
    except TypeError as error:
        raise ValueError(f"Ratings mix kinds that have no order: {values[:5]}.") from error


def _positions(scale: list[Hashable]) -> Array:
    if all(isinstance(value, int | float | np.number) for value in scale):
        return np.array(scale, dtype=float)
    return np.arange(len(scale), dtype=float)


def _gaps(positions: Array) -> Array:
    return np.abs(positions[:, None] - positions[None, :])


def _ordinal(positions: Array) -> Array:
    between = _gaps(np.argsort(np.argsort(positions)).astype(float)) + 1
    return between * (between - 1) / 2


def _ratio(positions: Array) -> Array:
    if (positions < 0).any():
        raise ValueError("Ratio weights need ratings >= 0.")
    total = positions[:, None] + positions[None, :]
    return np.divide(_gaps(positions), total, out=np.zeros_like(total), where=total > 0) ** 2


_WEIGHTS: dict[str, Callable[[Array], Array]] = {
    "linear": _gaps,
    "quadratic": lambda positions: _gaps(positions) ** 2,
    "radical": lambda positions: np.sqrt(_gaps(positions)),
    "ordinal": _ordinal,
    "ratio": _ratio,
}
