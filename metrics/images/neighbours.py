"""Nearest neighbours among features, in blocks, so that memory stays flat at any number of images.

Distances are Euclidean. A matrix product finds who is near; what is kept or decided is computed
from the differences themselves, so that a copy lies at exactly 0 and equal distances tie.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.images.features import Floats

Indices = NDArray[np.intp]
Bools = NDArray[np.bool_]
_BLOCK = 4_000_000  # distances held at once: 32 MB
_NEAR = 1e-9  # relative: squared distances closer than this are told apart by their differences


@dataclass(frozen=True)
class Nearest:
    """Hold, for each image, the squared distance and index of a reference; (n,), or (n, k)."""

    squares: Floats
    index: Indices

    @property
    def distance(self) -> Floats:
        """Give the distances, shaped like `squares`."""
        return np.asarray(np.sqrt(self.squares))


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield slices of rows that keep rows x columns numbers below the block size."""
    step = max(1, _BLOCK // max(1, columns))
    for start in range(0, rows, step):
        yield slice(start, min(rows, start + step))


def nearest(points: Floats, reference: Floats) -> Nearest:
    """Return the nearest of the references (m, d) to each point (n, d)."""
    return _found(points, reference, 1, skip_self=False)


def nearest_others(points: Floats, k: int) -> Nearest:
    """Return the k nearest other points of each point, itself left out, nearest first; k < n.

    squares and index of the answer have the shape (n, k).
    """
    found = _found(points, points, k, skip_self=True)
    index, squares = found.index.reshape(-1, k), found.squares.reshape(-1, k)
    order = np.argsort(squares, axis=1, kind="stable")
    return Nearest(
        np.take_along_axis(squares, order, axis=1), np.take_along_axis(index, order, axis=1)
    )


def _found(points: Floats, reference: Floats, k: int, *, skip_self: bool) -> Nearest:
    """Return the k nearest references of each point, in a row: (n k,)."""
    index = np.empty((len(points), k), dtype=np.intp)
    centre = reference.mean(axis=0)
    targets = reference - centre
    for rows in blocks(len(points), len(reference)):
        squares = squared_distances(points[rows] - centre, targets)
        if skip_self:
            squares[np.arange(len(squares)), np.arange(rows.start, rows.stop)] = np.inf
        if k == 1:
            index[rows, 0] = squares.argmin(axis=1)
        else:
            index[rows] = squares.argpartition(k - 1, axis=1)[:, :k]
    pairs = np.repeat(np.arange(len(points)), k), index.ravel()
    return Nearest(paired_squares(points, reference, pairs), pairs[1])


def squared_distances(points: Floats, reference: Floats) -> Floats:
    """Return |p|^2 + |r|^2 - 2 p.r, (n, m), not below 0; right to rounding of the norms."""
    squares = (points**2).sum(axis=1)[:, None] - 2 * points @ reference.T
    squares += (reference**2).sum(axis=1)
    return np.asarray(np.maximum(squares, 0.0, out=squares))


def paired_squares(points: Floats, reference: Floats, pairs: tuple[Indices, Indices]) -> Floats:
    """Return the squared distance of points[i] to reference[j] for pairs (i, j), from differences.

    A pair gives the same number whichever set is called points.
    """
    left, right = pairs
    squares = np.empty(len(left))
    for rows in blocks(len(left), points.shape[1]):
        squares[rows] = ((points[left[rows]] - reference[right[rows]]) ** 2).sum(axis=1)
    return squares


def inside(points: Floats, centres: Floats, *squared_radii: Floats) -> Iterator[list[Bools]]:
    """Yield blocks of points: does each lie strictly within the ball around each centre?

    points: (n, d); centres: (m, d); squared_radii: (m,) each. A block holds one (b, m) array per
    array of radii.
    """
    middle = centres.mean(axis=0)
    targets = centres - middle
    norms = (targets**2).sum(axis=1)
    for rows in blocks(len(points), len(centres)):
        here = points[rows] - middle
        squares = squared_distances(here, targets)
        close = _NEAR * ((here**2).sum(axis=1)[:, None] + norms)
        found = []
        for radii in squared_radii:
            within = squares < radii
            left, right = np.nonzero(np.abs(squares - radii) <= close)
            exact = paired_squares(points[rows], centres, (left, right))
            within[left, right] = exact < radii[right]
            found.append(within)
        yield found
