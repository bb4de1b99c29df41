"""Overlap of lesion masks: does a drawn lesion lie where it was asked for?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData
from metrics.images.means import mean_limits
from metrics.images.result import Measure
from metrics.stats.bootstrap import DRAWS, SEED
from metrics.stats.intervals import check_level
from metrics.stats.readings import label_codes

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Overlap:
    """Hold the overlap of two masks, in pixels; iou and dice are None where both are empty."""

    first: int
    second: int
    intersection: int
    union: int
    iou: float | None
    dice: float | None


@dataclass(frozen=True)
class LesionOverlap:
    """Hold mean IoU and Dice over images; images empty in both masks are counted, not scored."""

    iou: Measure
    dice: Measure
    per_image: tuple[Overlap, ...]
    n_both_empty: int
    n_one_empty: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """Give what limits both means."""
        return self.iou.warnings


def overlap(first: ArrayLike, second: ArrayLike) -> Overlap:
    """Return IoU = |A n B| / |A u B| and Dice = 2 |A n B| / (|A| + |B|) of two masks.

    first, second: (h, w) or (d, h, w) of 0/1 or booleans. One empty mask gives 0; two empty masks
    have no overlap to speak of (None). Raises ValueError for other values or unequal shapes.
    Sources: Jaccard 1912, New Phytol 11:37; Dice 1945, Ecology 26:297.
    """
    a, b = _mask(first, "first"), _mask(second, "second")
    if a.shape != b.shape:
        raise ValueError(f"Masks have shapes {a.shape} and {b.shape}; give masks of one image.")
    intersection, union = int((a & b).sum()), int((a | b).sum())
    if union == 0:
        return Overlap(0, 0, 0, 0, None, None)
    dice = 2 * intersection / (intersection + union)
    sizes = int(a.sum()), int(b.sum())
    return Overlap(*sizes, intersection, union, intersection / union, dice)


def lesion_overlap(
    asked: "list[ArrayLike] | ArrayLike",
    drawn: "list[ArrayLike] | ArrayLike",
    *,
    clusters: ArrayLike | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> LesionOverlap:
    """Return mean IoU and Dice of pairs of masks, one pair per image or per lesion.

    asked, drawn: n masks each; pairs may differ in shape. Pairs where both masks are empty are
    left out and counted; where one is, the overlap is 0. Limits bootstrap images, or whole
    `clusters` (a label per pair, such as the patient). Raises InsufficientData below 2 pairs with
    a lesion; ValueError for unequal lengths, and as `overlap`.
    Source: as `overlap`; percentile limits of Efron & Tibshirani 1993, ch. 13.
    """
    check_level(level)
    left, right = list(asked), list(drawn)  # type: ignore[arg-type]
    if len(left) != len(right):
        raise ValueError(f"{len(left)} and {len(right)} masks; give both masks of every image.")
    pairs = tuple(overlap(a, b) for a, b in zip(left, right, strict=True))
    scored = [pair for pair in pairs if pair.union]
    empty = len(pairs) - len(scored)
    half = sum(min(pair.first, pair.second) == 0 for pair in scored)
    if len(scored) < 2:
        raise InsufficientData(
            f"{len(pairs)} pairs of masks, {empty} empty in both; the mean overlap needs at least "
            f"2 with a lesion."
        )
    kept = None
    if clusters is not None:
        codes = label_codes(clusters, len(pairs))
        kept = codes[[pair.union > 0 for pair in pairs]]
    counts = {"images": len(scored), "empty in both": empty}
    measures = []
    for name in ("iou", "dice"):
        values = np.array([getattr(pair, name) for pair in scored])
        (low, high), how, notes = mean_limits(values, kept, level=level, draws=draws, seed=seed)
        if empty:
            notes = (f"{empty} of {len(pairs)} pairs are empty in both masks, left out", *notes)
        label = "Dice" if name == "dice" else "IoU"
        measures.append(
            Measure(
                float(values.mean()),
                low,
                high,
                f"mean {label} of {len(scored)} pairs; {how}",
                counts=counts,
                warnings=notes,
            )
        )
    return LesionOverlap(measures[0], measures[1], pairs, empty, half)


def _mask(values: ArrayLike, name: str) -> Bools:
    array = np.asarray(values)
    if array.ndim not in (2, 3) or array.size == 0:
        raise ValueError(f"The {name} mask has shape {array.shape}; give (h, w) or (d, h, w).")
    if array.dtype == bool:
        return array
    if array.dtype.kind not in "iuf" or not np.isin(array, (0, 1)).all():
        raise ValueError(
            f"The {name} mask holds values other than 0 and 1; threshold it first, for example "
            f"mask > 0."
        )
    return np.asarray(array == 1)
