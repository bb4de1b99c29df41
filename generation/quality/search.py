"""The search for copies: one pass over the training set, whatever its size."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from generation.families.interface import Augmentation
from generation.quality import copies
from generation.quality.compare import cell
from generation.quality.models import Copy
from generation.quality.nearest import Nearest, nearest_training, orientations
from generation.quality.reading import Preparation, read_blocks, thumbnails
from generation.quality.reference import Material, Picture
from generation.quality.sample import draw_some
from metrics.images.duplicates import duplicates

MOST_ALIKE = 2000
ENOUGH = 100  # held-out images from which a hundredth of them is known
Read = Callable[[int], None]


@dataclass(frozen=True)
class CopySearch:
    """What is searched: the run's images, and unseen real ones to know how near is usual.

    Unseen are held-out images. Where these are too few to know a hundredth of them, training images
    join, each compared with those of other patients: to them it was not learned from either.
    """

    material: Material
    how: Preparation
    rules: Augmentation
    seed: int

    @cached_property
    def held_out(self) -> list[Picture]:
        images = self.material.held_out
        places = draw_some(images, copies.NULL_MOST, name="unseen", seed=self.seed)
        return [images[place] for place in places]

    @cached_property
    def stand_ins(self) -> list[int]:
        """Places of training images that stand in for unseen ones; none where these suffice."""
        if len(self.held_out) >= ENOUGH:
            return []
        most = copies.NULL_MOST - len(self.held_out)
        return draw_some(self.material.training, most, name="stand in", seed=self.seed)

    @cached_property
    def unseen(self) -> list[Picture]:
        return self.held_out + [self.material.training[place] for place in self.stand_ins]

    @property
    def groups(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the patient of each query, -1 for drawn and held-out images, and of training."""
        numbers: dict[str, int] = {}
        names = [one.cluster or f"image {one.pk}" for one in self.material.training]
        training = np.array([numbers.setdefault(name, len(numbers)) for name in names])
        fresh = np.full(len(self.material.generated) + len(self.held_out), -1)
        return np.concatenate([fresh, training[self.stand_ins]]), training

    @property
    def reads(self) -> int:
        return len(self.material.generated) + len(self.unseen) + len(self.material.training)

    @property
    def unseen_words(self) -> str:
        held, stand = len(self.held_out), len(self.stand_ins)
        parts = [f"{held} held-out images"] if held else []
        parts += [f"{stand} training images against those of other patients"] if stand else []
        return " and ".join(parts)


@dataclass(frozen=True)
class Found:
    """The part of a result about copies, and the rows to keep of them."""

    result: dict[str, Any]
    copies: list[dict[str, Any]]


def search_copies(search: CopySearch, on_read: Read) -> Found:
    """Find images that repeat a training image, turned or mirrored as in training, or each other.

    Memory holds a small picture of each image of the run; the training set is read in blocks.
    """
    material, how = search.material, search.how
    drawn = _small(material.generated, how.as_drawn, on_read)
    unseen = _small(search.unseen, how, on_read)
    near = _nearest(search, np.concatenate([drawn, unseen]), on_read)
    split = len(drawn)
    mine = near.first(split)
    usual = near.distance[split:]
    known = usual[np.isfinite(usual)]
    threshold = copies.copy_threshold(known)
    repeats = copies.find_repeats(drawn, threshold)
    rows = _rows(material, mine, threshold, repeats)
    result = {
        "side": how.copy_side,
        "orientations": len(orientations(how.copy_side, search.rules)),
        "unseen": search.unseen_words,
        "n_unseen": len(known),
        "quantile": copies.QUANTILE,
        "threshold": threshold,
        "expected": copies.expected_share(len(known)) * split,
        "n_copies": sum(row["kind"] == Copy.Kind.TRAINING for row in rows),
        "n_exact": int((mine.distance == 0).sum()),
        "n_repeats": len(repeats),
        "distances": {"generated": copies.curve(mine.distance), "unseen": copies.curve(known)},
        "test": _test(search, usual, mine),
        "closest": _closest(material, mine, threshold),
        "alike": _alike(search, drawn),
    }
    return Found(result, rows)


def _test(search: CopySearch, usual: np.ndarray, mine: Nearest) -> dict[str, Any]:
    """Return C_T against held-out images, or against the stand-ins where there are none."""
    n = len(search.held_out) or len(usual)
    distance, codes = usual[:n], _codes(search.unseen)[:n]
    kept = np.isfinite(distance)
    drawn = (mine.distance, _codes(search.material.generated))
    others = "held-out real images" if search.held_out else "training images of other patients"
    return copies.compare_distances((distance[kept], codes[kept]), drawn, others)


def _small(images: Sequence[Picture], how: Preparation, on_read: Read) -> np.ndarray:
    blocks = [thumbnails(block, how.copy_side) for block in read_blocks(images, how, on_read)]
    return np.concatenate(blocks)


def _nearest(search: CopySearch, queries: np.ndarray, on_read: Read) -> Nearest:
    side = search.how.copy_side
    training = (
        thumbnails(block, side)
        for block in read_blocks(search.material.training, search.how, on_read)
    )
    orders = orientations(side, search.rules)
    groups = search.groups if search.stand_ins else None
    return nearest_training(queries, training, orders, groups=groups)


def _rows(
    material: Material, mine: Nearest, threshold: float, repeats: Sequence[copies.Repeat]
) -> list[dict[str, Any]]:
    """Return the fields of a Copy for every image that repeats something."""
    marked = np.flatnonzero(copies.is_copy(mine.distance, threshold))
    rows = [
        {
            "image_id": material.generated[place].pk,
            "kind": Copy.Kind.TRAINING,
            "original_id": material.training[mine.index[place]].pk,
            "distance": float(mine.distance[place]),
        }
        for place in marked
    ]
    return rows + [
        {
            "image_id": material.generated[one.later].pk,
            "kind": Copy.Kind.REPEAT,
            "original_id": material.generated[one.earlier].pk,
            "distance": one.distance,
        }
        for one in repeats
    ]


def _closest(material: Material, mine: Nearest, threshold: float) -> list[dict[str, Any]]:
    """Return the pairs that lie closest, for somebody to look at."""
    marks = copies.is_copy(mine.distance, threshold)
    pairs = []
    for place in copies.closest(mine):
        image, original = material.generated[place], material.training[mine.index[place]]
        pairs.append(
            {
                "image": image.uuid,
                "class": image.code,
                "original": original.uuid,
                "original_class": original.code,
                "turn": int(mine.turn[place]),
                "distance": float(mine.distance[place]),
                "is_copy": bool(marks[place]),
            }
        )
    return pairs


def _alike(search: CopySearch, drawn: np.ndarray) -> dict[str, Any]:
    """Return the share of images with a twin by hash: in the run, and among as many real ones."""
    material, side = search.material, search.how.copy_side
    n = min(len(material.generated), len(material.training), MOST_ALIKE)
    mine = draw_some(material.generated, n, name="alike", seed=search.seed)
    real = draw_some(material.training, n, name="alike", seed=search.seed)
    originals = _small([material.training[place] for place in real], search.how, lambda n: None)
    sets = {"generated": drawn[mine], "training": originals}
    return {name: _twins(_pictures(images, side)) for name, images in sets.items()}


def _twins(images: list[np.ndarray]) -> dict[str, Any]:
    return cell(lambda: duplicates(images, most=0))


def _pictures(images: np.ndarray, side: int) -> list[np.ndarray]:
    n, _, channels = images.shape
    shape = (side, side) if channels == 1 else (side, side, channels)
    return list(images.reshape(n, *shape))


def _codes(images: Sequence[Picture]) -> np.ndarray:
    return np.array([one.code for one in images], dtype=object)
