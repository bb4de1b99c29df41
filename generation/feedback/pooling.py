"""From readings to counts per cell: steps 1 to 4 of section 4 of the feedback design.

Verdicts are derived from criteria, readers are pooled by the two-coin model (or by their mean),
accepted images are counted by expectation, and rates are weighted by design: an image that a
reward model picked counts by the inverse of its logged inclusion probability.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from generation.feedback.errors import ReadsError
from generation.feedback.reads import (
    Mark,
    Read,
    ShownImage,
    check_images,
    current_reads,
    derive_verdict,
)
from generation.feedback.two_coin import TwoCoin, Votes, fit_two_coin

__all__ = ["Mark", "Pooled", "Pooling", "Read", "ShownImage", "pool_readings"]

DISPUTED = (0.2, 0.8)


class Pooling(StrEnum):
    """How several readings of one image become one plausibility."""

    MEAN = "mean"
    TWO_COIN = "two_coin"


@dataclass(frozen=True)
class PooledImage:
    """One judged image: plausibility mu, and whether it counts as accepted or is disputed."""

    image: ShownImage
    mu: float
    n_reads: int
    accepted: bool
    disputed: bool


@dataclass(frozen=True)
class CellEvidence:
    """Counts of one cell as the planner takes them: n_ck, y_ck and A_ck (fractional)."""

    n: float
    plausible: float
    accepted: float


@dataclass(frozen=True)
class ReaderAccuracy:
    """Estimated, or assumed, coins of a reader."""

    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class Pooled:
    """What a set of readings says.

    cells: (class, prototype) -> evidence. n_missing: readings that could not judge.
    reader_accuracy_assumed: no controls and no second reader, so accuracy .9 was taken on trust.
    """

    images: tuple[PooledImage, ...]
    cells: Mapping[tuple[str, int], CellEvidence]
    readers: Mapping[str, ReaderAccuracy]
    n_missing: int
    reader_accuracy_assumed: bool
    warnings: tuple[str, ...]


def pool_readings(
    reads: Iterable[Read],
    images: Sequence[ShownImage],
    *,
    prototypes: Mapping[str, int],
    counting: Mapping[str, Sequence[str]],
    method: Pooling = Pooling.TWO_COIN,
    tau: float = 0.5,
    delta: float = 0.5,
) -> Pooled:
    """Pool readings into evidence per cell.

    prototypes: number of prototypes per class. counting: criteria that count, per class.
    tau: plausibility from which an image is accepted. delta: weight of one model version's age.
    Raises ReadsError for an unknown image, class or prototype.
    """
    check_images(images, prototypes)
    known = {image.key: image for image in images}
    votes, n_missing, warnings = _verdicts(current_reads(reads), known, counting)
    mu, readers, assumed = _pool(votes, images, method)
    pooled = tuple(
        _judge(image, mu[image.key], len(votes[image.key]), tau)
        for image in images
        if image.control_truth is None and votes[image.key]
    )
    return Pooled(pooled, _evidence(pooled, delta), readers, n_missing, assumed, tuple(warnings))


def _verdicts(
    reads: Sequence[Read],
    images: Mapping[str, ShownImage],
    counting: Mapping[str, Sequence[str]],
) -> tuple[Mapping[str, list[tuple[str, bool]]], int, list[str]]:
    """Return image -> [(reader, verdict)], the number that could not judge, and warnings."""
    votes: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    n_missing, warnings = 0, []
    for read in reads:
        if read.image not in images:
            raise ReadsError(f"Reader {read.reader} read {read.image}, which was not shown.")
        codes = counting.get(images[read.image].image_class, ())
        verdict = derive_verdict(read.criteria, codes) if read.criteria else read.verdict
        if verdict is None:
            n_missing += 1
            continue
        if read.verdict is not None and read.verdict != verdict:
            warnings.append(
                f"{read.reader} on {read.image}: the verdict given contradicts the criteria; "
                "the criteria count."
            )
        votes[read.image].append((read.reader, verdict))
    return votes, n_missing, warnings


def _pool(
    votes: Mapping[str, list[tuple[str, bool]]], images: Sequence[ShownImage], method: Pooling
) -> tuple[Mapping[str, float], Mapping[str, ReaderAccuracy], bool]:
    if method is Pooling.MEAN:
        means = {
            key: sum(verdict for _, verdict in given) / len(given)
            for key, given in votes.items()
            if given
        }
        return means, {}, False
    readers = sorted({reader for given in votes.values() for reader, _ in given})
    fit = fit_two_coin(_as_arrays(votes, images, readers))
    mu = {image.key: float(value) for image, value in zip(images, fit.mu, strict=True)}
    return mu, _accuracies(readers, fit), fit.is_assumed


def _as_arrays(
    votes: Mapping[str, list[tuple[str, bool]]],
    images: Sequence[ShownImage],
    readers: Sequence[str],
) -> Votes:
    place = {reader: r for r, reader in enumerate(readers)}
    groups = {code: g for g, code in enumerate(sorted({image.image_class for image in images}))}
    triples = [
        (i, place[reader], verdict)
        for i, image in enumerate(images)
        for reader, verdict in votes.get(image.key, ())
    ]
    return Votes(
        image=np.array([i for i, _, _ in triples], dtype=np.int64),
        reader=np.array([r for _, r, _ in triples], dtype=np.int64),
        vote=np.array([v for _, _, v in triples], dtype=np.float64),
        group=np.array([groups[image.image_class] for image in images], dtype=np.int64),
        known=np.array([_known_plausibility(image) for image in images], dtype=np.float64),
        n_readers=len(readers),
    )


def _known_plausibility(image: ShownImage) -> float:
    if image.control_truth is None:
        return math.nan
    return image.trust if image.control_truth else 1.0 - image.trust


def _accuracies(readers: Sequence[str], fit: TwoCoin) -> dict[str, ReaderAccuracy]:
    return {
        reader: ReaderAccuracy(float(fit.sensitivity[r]), float(fit.specificity[r]))
        for r, reader in enumerate(readers)
    }


def _judge(image: ShownImage, mu: float, n_reads: int, tau: float) -> PooledImage:
    """A disputed image waits for adjudication; a copy of a training image is never accepted."""
    disputed = n_reads >= 2 and DISPUTED[0] < mu < DISPUTED[1]
    accepted = mu >= tau and not disputed and not image.is_copy
    return PooledImage(image, mu, n_reads, accepted, disputed)


def _evidence(pooled: Sequence[PooledImage], delta: float) -> dict[tuple[str, int], CellEvidence]:
    cells: dict[tuple[str, int], list[PooledImage]] = defaultdict(list)
    for entry in pooled:
        cells[entry.image.image_class, entry.image.prototype].append(entry)
    return {cell: _cell_evidence(entries, delta) for cell, entries in cells.items()}


def _cell_evidence(entries: Sequence[PooledImage], delta: float) -> CellEvidence:
    """Compute n = sum_v delta^age n_v and y = sum_v delta^age n_v p^_v over model versions v."""
    n = plausible = 0.0
    for age in sorted({entry.image.age for entry in entries}):
        n_v, rate = weighted_rate([entry for entry in entries if entry.image.age == age])
        n += delta**age * n_v
        plausible += delta**age * n_v * rate
    accepted = math.fsum(entry.mu for entry in entries if entry.accepted)
    return CellEvidence(n, min(plausible, n), accepted)


def weighted_rate(entries: Sequence[PooledImage]) -> tuple[float, float]:
    """Return the effective number of images and their design-weighted (Hajek) rate.

    Kish: n_eff = (sum w)^2 / sum w^2 with w = 1 / inclusion probability. `entries` is not empty.
    """
    weights = [1.0 / entry.image.incl_prob for entry in entries]
    total = math.fsum(weights)
    rate = math.fsum(w * entry.mu for w, entry in zip(weights, entries, strict=True)) / total
    return total * total / math.fsum(w * w for w in weights), rate
