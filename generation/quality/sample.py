"""Equal samples: the same number of images of each class from every set, drawn with a seed.

A distance between sets of unlike class mix measures the mix, and most of these metrics move with
the number of images, so that only equal samples compare.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from generation.quality.reference import Picture, per_class

MOST = 2000  # images of each set: neighbours among them are found in seconds


@dataclass(frozen=True)
class EqualSample:
    """Images per set, class after class; `counts` holds the number of each class."""

    sets: Mapping[str, tuple[Picture, ...]]
    counts: Mapping[str, int]
    left_out: tuple[str, ...]

    @property
    def n(self) -> int:
        return sum(self.counts.values())

    def rows_of(self, code: str) -> slice:
        """Return where a class stands in every set."""
        codes = list(self.counts)
        start = sum(self.counts[one] for one in codes[: codes.index(code)])
        return slice(start, start + self.counts[code])


def draw_equal(
    sets: Mapping[str, Sequence[Picture]], codes: Sequence[str], *, seed: int, most: int = MOST
) -> EqualSample:
    """Draw as many images of each class from each set as the smallest of them holds.

    Above `most` images in all, every class shrinks alike. A class that a set lacks is left out.
    """
    held = {name: per_class(images) for name, images in sets.items()}
    least = {code: min(counts[code] for counts in held.values()) for code in codes}
    shared = {code: n for code, n in least.items() if n}
    scale = min(1.0, most / max(1, sum(shared.values())))
    counts = {code: max(1, int(n * scale)) for code, n in shared.items()}
    drawn = {
        name: tuple(
            one for code in counts for one in _draw(images, code, counts[code], (name, seed))
        )
        for name, images in sets.items()
    }
    return EqualSample(drawn, counts, tuple(code for code in codes if code not in counts))


def draw_some(images: Sequence[Picture], most: int, *, name: str, seed: int) -> list[int]:
    """Return the places of at most `most` images, drawn evenly from all, in order."""
    if len(images) <= most:
        return list(range(len(images)))
    chosen = _generator(name, seed).choice(len(images), most, replace=False)
    return sorted(int(place) for place in chosen)


def split_half(
    images: Sequence[Picture], *, seed: int
) -> tuple[tuple[Picture, ...], tuple[Picture, ...]]:
    """Return two random halves of a set, class by class; an odd image goes to the first."""
    halves: tuple[list[Picture], list[Picture]] = ([], [])
    for code in per_class(images):
        own = [one for one in images if one.code == code]
        order = _generator(f"halves {code}", seed).permutation(len(own))
        for place, index in enumerate(order):
            halves[place % 2].append(own[index])
    return tuple(halves[0]), tuple(halves[1])


def _draw(
    images: Sequence[Picture], code: str, n: int, name_and_seed: tuple[str, int]
) -> list[Picture]:
    own = [one for one in images if one.code == code]
    name, seed = name_and_seed
    places = _generator(f"{name} {code}", seed).choice(len(own), n, replace=False)
    return [own[place] for place in sorted(places)]


def _generator(name: str, seed: int) -> np.random.Generator:
    """Return a generator of its own for each set and class: adding one moves no other."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
