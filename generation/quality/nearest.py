"""The training image nearest to each image, turned and mirrored as the training augmented it.

Distances are between pixels, not features: an encoder that was trained on the training images puts
new images farther from them than they are, and would hide or invent copies.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from generation.families.interface import Augmentation

ROWS = 1024
MIDDLE = 128.0  # of the grey levels: subtracted so that float32 keeps small distances exact enough


@dataclass(frozen=True)
class Nearest:
    """The training image nearest to each of n images.

    distance: root mean square in grey levels; index: of the training image; turn: the row of its
    orientation. All (n,).
    """

    distance: np.ndarray
    index: np.ndarray
    turn: np.ndarray

    def first(self, n: int) -> "Nearest":
        """Return the same of the first n images."""
        return Nearest(self.distance[:n], self.index[:n], self.turn[:n])


def orientations(side: int, rules: Augmentation) -> np.ndarray:
    """Return the orders of the side * side places that the symmetries make: int (k, places).

    Row 0 is the image as it is; each other row is a mirror image or a turn of it, once.
    """
    places = np.arange(side * side).reshape(side, side)
    flips = [(flip, flop) for flip in (False, True) for flop in (False, True)]
    allowed = [f for f in flips if (rules.horizontal or not f[0]) and (rules.vertical or not f[1])]
    turned = [
        np.rot90(_flipped(places, flip, flop), turns).reshape(-1)
        for flip, flop in allowed
        for turns in (range(4) if rules.quarter_turns else range(1))
    ]
    return np.stack(list({one.tobytes(): one for one in turned}.values()))


def _flipped(places: np.ndarray, flip: bool, flop: bool) -> np.ndarray:
    mirrored = places[:, ::-1] if flip else places
    return mirrored[::-1] if flop else mirrored


def nearest_training(
    queries: np.ndarray,
    training: Iterable[np.ndarray],
    orders: np.ndarray,
    *,
    groups: tuple[np.ndarray, np.ndarray] | None = None,
) -> Nearest:
    """Find the nearest training image of each query.

    queries: uint8 (n, p, c); training: uint8 blocks (b, p, c), read once, in order; orders: (k, p).
    groups: of the queries (n,) and of all training images; those of a query's own group, such as
    itself or its patient, do not count. Distance inf and index -1 where nothing counts.
    """
    best = np.full(len(queries), np.inf)
    place = np.full(len(queries), -1)  # of the turned image among all: index * k + turn
    k, first = len(orders), 0
    for block in training:
        turned = block[:, orders].reshape(len(block) * k, -1).astype(np.float32)
        for start in range(0, len(queries), ROWS):
            rows = slice(start, start + ROWS)
            same = _same_group(groups, rows, slice(first, first + len(block)))
            found, which = _closest(queries[rows], turned, k, same)
            better = found < best[rows]
            best[rows][better] = found[better]
            place[rows][better] = which[better] + first * k
        first += len(block)
    return Nearest(best, place // k, place % k)


def _same_group(
    groups: tuple[np.ndarray, np.ndarray] | None, rows: slice, columns: slice
) -> np.ndarray | None:
    if groups is None:
        return None
    return np.asarray(groups[0][rows, None] == groups[1][None, columns])


def _closest(
    queries: np.ndarray, turned: np.ndarray, k: int, same: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance to, and the place in `turned` of, each query's nearest image."""
    import torch

    flat = torch.from_numpy(queries.reshape(len(queries), -1).astype(np.float32) - MIDDLE)
    other = torch.from_numpy(turned - MIDDLE)
    # |q - t|^2 without |q|^2, which is the same for all t
    scores = other.square().sum(1) - 2 * flat @ other.T
    if same is not None:
        scores[torch.from_numpy(np.repeat(same, k, axis=1))] = torch.inf
    which = scores.argmin(1).numpy()
    apart = flat.numpy() + MIDDLE - turned[which]
    exact = np.sqrt(np.square(apart.astype(np.float64)).mean(axis=1))
    exact[np.isinf(scores.min(1).values.numpy())] = np.inf
    return exact, which
