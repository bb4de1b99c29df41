"""Procedural phantoms: pictures drawn by code that stand in for real images in the demo.

Four classes of each domain. A phantom is a function of (domain, class, seed) alone, so a pool can
be drawn again, byte for byte, on another machine with the same numpy.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generation.demo.cells import RECIPES, draw_cell
from generation.demo.films import CODES, draw_film
from generation.demo.lesions import PAINTERS, draw_lesion

LABEL = "procedural phantom, not patient data"

Drawer = Callable[[str, np.random.Generator], tuple[NDArray[np.uint8], dict[str, Any]]]
_DRAWERS: Mapping[str, Drawer] = MappingProxyType(
    {"bone_marrow": draw_cell, "dermatology": draw_lesion, "chest_xray": draw_film}
)
PHANTOM_CLASSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"bone_marrow": tuple(RECIPES), "dermatology": tuple(PAINTERS), "chest_xray": CODES}
)


@dataclass(frozen=True)
class Phantom:
    """One picture. pixels: (64, 64, 3) or (256, 256) uint8; drawn: what the generator chose."""

    domain: str
    code: str
    seed: int
    pixels: NDArray[np.uint8]
    drawn: Mapping[str, Any]


def draw_phantom(domain: str, code: str, seed: int) -> Phantom:
    """Draw one phantom. Raises KeyError for a domain or class without a recipe."""
    if code not in PHANTOM_CLASSES[domain]:
        raise KeyError(f"{domain} has no phantom for {code!r}; {PHANTOM_CLASSES[domain]} exist.")
    rng = np.random.default_rng([seed, zlib.crc32(f"{domain}/{code}".encode())])
    pixels, drawn = _DRAWERS[domain](code, rng)
    return Phantom(domain, code, seed, pixels, MappingProxyType(drawn))


def draw_phantoms(domain: str, *, per_class: int, seed: int) -> Iterator[Phantom]:
    """Draw `per_class` phantoms of every class of a domain, class after class."""
    for code in PHANTOM_CLASSES[domain]:
        for index in range(per_class):
            yield draw_phantom(domain, code, seed * 1_000_003 + index)
