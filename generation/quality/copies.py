"""Which images of a run repeat a training image, or each other.

An image counts as a copy when it lies nearer to a training image than all but a hundredth of
unseen real images do. So may one in a hundred of an honest generator: the number to expect stands
beside the number found. Nothing here proves privacy.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from generation.quality.nearest import Nearest
from metrics.errors import InsufficientData
from metrics.images.copying import FEWEST, QUANTILE, copying, exceedance

LEVEL = 0.025  # one-sided, of more copies than chance makes
SHOWN = 24  # closest pairs kept for somebody to look at
NULL_MOST = 2000  # unseen real images whose distances are measured
CURVE = np.linspace(0, 1, 101)
ROWS = 256


@dataclass(frozen=True)
class Repeat:
    """The image at place `later` repeats the one at place `earlier`. distance in grey levels."""

    later: int
    earlier: int
    distance: float


def copy_threshold(unseen: np.ndarray) -> float:
    """Return the distance below which an image is a copy, from those of unseen real images (n,).

    0, so that only equal pixels are copies, where there are none.
    """
    return float(np.quantile(unseen, QUANTILE, method="lower")) if len(unseen) else 0.0


def expected_share(n_unseen: int) -> float:
    """Return the share of unseen images that lie below the threshold of `n_unseen` others.

    0 without others: only equal pixels are copies then.
    """
    return float(_usual_copies(n_unseen) + 1) / (n_unseen + 1) if n_unseen else 0.0


def is_more_than_chance(n_copies: int, n: int, n_unseen: int) -> bool:
    """Say whether n images have more copies than those of an honest generator, at one-sided .025.

    That the threshold is itself estimated from the unseen images is counted.
    """
    return n_copies > 0 and exceedance(n_copies, n, _usual_copies(n_unseen), n_unseen) < LEVEL


def _usual_copies(n_unseen: int) -> int:
    """Count the unseen images below the threshold that they set."""
    return int(np.floor(QUANTILE * max(n_unseen - 1, 0)))


def is_copy(distance: np.ndarray, threshold: float) -> np.ndarray:
    """Say which images are copies; equal pixels are one at any threshold."""
    return (distance < threshold) | (distance == 0)


def find_repeats(images: np.ndarray, threshold: float) -> list[Repeat]:
    """Pair each image with the nearest earlier one that it repeats; the first of its kind is none.

    images: uint8 (n, p, c), in the order in which they were drawn, as they are: no turns.
    """
    flat = images.reshape(len(images), -1).astype(np.float32)
    kept: list[int] = []
    found: list[Repeat] = []
    for start in range(0, len(flat), ROWS):
        block = range(start, min(start + ROWS, len(flat)))
        before = _nearest(flat, block, kept)
        fresh: list[int] = []
        for place, (distance, earlier) in zip(block, before, strict=True):
            inside = _nearest(flat, range(place, place + 1), fresh)[0]
            nearest = min((distance, earlier), inside)
            if is_copy(np.array(nearest[0]), threshold):
                found.append(Repeat(place, nearest[1], nearest[0]))
            else:
                fresh.append(place)
        kept += fresh
    return found


def _nearest(
    flat: np.ndarray, rows: Sequence[int], others: Sequence[int]
) -> list[tuple[float, int]]:
    """Return (distance, place) of the nearest of `others` to each row; infinite without others."""
    if not others:
        return [(float("inf"), -1)] * len(rows)
    mine, theirs = flat[list(rows)], flat[list(others)]
    scores = (theirs**2).sum(axis=1) - 2 * mine @ theirs.T
    which = scores.argmin(axis=1)
    apart = (mine - theirs[which]).astype(np.float64)
    distance = np.sqrt(np.square(apart).mean(axis=1))
    return [(float(d), others[int(w)]) for d, w in zip(distance, which, strict=True)]


def compare_distances(
    unseen: tuple[np.ndarray, np.ndarray], drawn: tuple[np.ndarray, np.ndarray], others: str
) -> dict[str, Any]:
    """Return C_T over classes, or why it is refused. Sets: distances and class codes.

    `others` names the unseen images in words.
    """
    counts = {"unseen": len(unseen[0]), "generated": len(drawn[0])}
    codes = np.unique(unseen[1])
    # The distances are known already: on a line with the training set at 0 they are themselves.
    origin = np.zeros((len(codes), 1))
    try:
        found = copying(
            train=origin,
            generated=drawn[0][:, None],
            held_out=unseen[0][:, None],
            cells=(codes, drawn[1], unseen[1]),
        )
    except InsufficientData:
        return {
            "refused": f"{counts['generated']} generated images and {counts['unseen']} {others}: "
            f"no class has {FEWEST} of both. Draw more images."
        }
    cells = {
        str(one.cell): {
            "estimate": one.estimate,
            "low": one.low,
            "high": one.high,
            "p": one.p,
            "farther": one.farther.estimate,
            "is_counted": one.is_counted,
            "counts": {"unseen": one.counts["held out"], "generated": one.counts["generated"]},
        }
        for one in found.cells
    }
    stated = {name: value for name, value in asdict(found).items() if name != "cells"}
    said: dict[str, Any] = {"sentence": found.beside(others), "against": others}
    said["warnings"] = [
        f"{code} is not in C_T: fewer than {FEWEST} generated or unseen images"
        for code in codes
        if not cells.get(str(code), {}).get("is_counted")
    ]
    return stated | {"counts": counts, "classes": cells} | said


def curve(distances: np.ndarray) -> list[float]:
    """Return the distances at 101 even shares: enough to draw their distribution."""
    if not len(distances):
        return []
    return [round(float(value), 4) for value in np.quantile(distances, CURVE)]


def closest(found: Nearest, most: int = SHOWN) -> list[int]:
    """Return the places of the images nearest to a training image, nearest first."""
    return [int(place) for place in np.argsort(found.distance, kind="stable")[:most]]
