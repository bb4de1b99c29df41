"""Balls around the images of one set, the points of another inside them, and what moves both.

Every count comes with what it is when one image is left out, exactly: the ball of the image goes,
and the balls of the images that had it among their k nearest reach to the next one.
"""

from dataclasses import dataclass

import numpy as np

from metrics.images.features import Floats
from metrics.images.neighbours import Indices, inside, nearest_others


@dataclass(frozen=True)
class Balls:
    """Hold the balls around n centres: k nearest others (n, k), squared radii now and then next.

    wider: the squared radius when one of the k nearest is left out.
    """

    centres: Floats
    neighbours: Indices
    radii: Floats
    wider: Floats

    @staticmethod
    def around(centres: Floats, k: int) -> "Balls":
        """Draw the ball of each centre to its k-th nearest other centre; k + 2 centres at least."""
        found = nearest_others(centres, k + 1)
        squares = found.squares
        return Balls(centres, found.index[:, :k], squares[:, k - 1], squares[:, k])

    def sum_over_owners(self, values: Floats) -> Floats:
        """Sum, for each centre, the values of the centres that have it among their k nearest."""
        n, k = self.neighbours.shape
        return _sums(self.neighbours.ravel(), n, np.repeat(values, k))


@dataclass(frozen=True)
class Inside:
    """Hold how m points lie in the balls of n centres.

    hits: (m,) balls around each point. held, held_wider: (n,) points in each ball, and in its
    wider one. only_ball: (m,) the ball of a point that lies in one, else -1. only_point: (n,) the
    point of a ball that holds one, else -1. rim: pairs (point, centre) that the wider ball adds,
    for points in at most one ball.
    """

    balls: Balls
    hits: Indices
    held: Indices
    held_wider: Indices
    only_ball: Indices
    only_point: Indices
    rim: tuple[Indices, Indices]

    @property
    def share_hit(self) -> "LeftOut":
        """Give the share of points inside any ball: precision, or recall with the sets swapped."""
        m, hit = len(self.hits), self.hits > 0
        lost, gained = self._changes()
        return LeftOut(
            hit.mean(),
            without_centre=(hit.sum() - lost + gained) / m,
            without_point=(hit.sum() - hit) / (m - 1),
        )

    @property
    def share_held(self) -> "LeftOut":
        """Give the share of balls that hold any point: coverage."""
        n, full, wider = len(self.held), self.held > 0, self.held_wider > 0
        more = self.balls.sum_over_owners(wider.astype(float) - full)
        alone = self.only_point[self.only_point >= 0]
        emptied = _sums(alone, len(self.hits))
        return LeftOut(
            full.mean(),
            without_centre=(full.sum() - full + more) / (n - 1),
            without_point=(full.sum() - emptied) / n,
        )

    @property
    def balls_per_point(self) -> "LeftOut":
        """Give the mean number of balls around a point over k: density."""
        k, m, total = self.balls.neighbours.shape[1], len(self.hits), self.hits.sum()
        more = self.balls.sum_over_owners((self.held_wider - self.held).astype(float))
        return LeftOut(
            total / (k * m),
            without_centre=(total - self.held + more) / (k * m),
            without_point=(total - self.hits) / (k * (m - 1)),
        )

    def _changes(self) -> tuple[Floats, Floats]:
        """Count, for each centre left out, the points that lose their only ball and those that
        gain one: (n,) each."""
        n, k = self.balls.neighbours.shape
        point, centre = self.rim
        # Leaving any of its k nearest out widens a centre's ball: one row per (point, left out).
        keys = np.unique(np.repeat(point, k) * n + self.balls.neighbours[centre].ravel())
        points, left_out = keys // n, keys % n
        outside = self.hits[points] == 0
        lost = _sums(self.only_ball[self.only_ball >= 0], n)
        kept = self.only_ball[points] == left_out
        return lost - _sums(left_out[kept], n), _sums(left_out[outside], n)


@dataclass(frozen=True)
class LeftOut:
    """Hold a number, and what it is without each centre and without each point."""

    value: float
    without_centre: Floats
    without_point: Floats

    @property
    def error(self) -> float:
        """Give the jackknife error over the images of both sets (Efron & Stein 1981)."""
        parts = (self.without_centre, self.without_point)
        return float(np.sqrt(sum((len(part) - 1) * part.var() for part in parts)))


def place(points: Floats, balls: Balls) -> Inside:
    """Find the points (m, d) inside the balls, in blocks."""
    n = len(balls.centres)
    hits, alone, rims = [], [], []
    held, held_wider, names = (np.zeros(n, dtype=np.intp) for _ in range(3))
    start = 0
    for within, wider in inside(points, balls.centres, balls.radii, balls.wider):
        rows = np.arange(start, start + len(within))
        own = within.sum(axis=1)
        hits.append(own)
        alone.append(np.where(own == 1, within.argmax(axis=1), -1))
        held += within.sum(axis=0)
        held_wider += wider.sum(axis=0)
        names += rows @ within  # the number of the point, where a ball holds one
        few = own <= 1
        point, centre = np.nonzero(wider[few] & ~within[few])
        rims.append((rows[few][point], centre))
        start += len(within)
    return Inside(
        balls=balls,
        hits=np.concatenate(hits),
        held=held,
        held_wider=held_wider,
        only_ball=np.concatenate(alone),
        only_point=np.where(held == 1, names, -1),
        rim=(
            np.concatenate([point for point, _ in rims]),
            np.concatenate([centre for _, centre in rims]),
        ),
    )


def _sums(index: Indices, n: int, weights: Floats | None = None) -> Floats:
    """Count, or sum the weights of, each of n indices."""
    return np.asarray(np.bincount(index, weights, minlength=n), dtype=float)
