"""Procedural marrow cells in a May-Gruenwald-Giemsa palette: BAS, EOS, LYT, NGS, 64 px RGB.

Every number that the drawing rules fix stands in `RECIPES`; the generator draws the rest.
"""

from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generation.demo.drawing import (
    Floats,
    bar,
    blob,
    cloud,
    dots,
    finish,
    paint,
    polar,
    rgb,
    scatter,
    shade,
)

SIZE = 64
Rng = np.random.Generator

GLASS = rgb("#f7ecdc")
RED_CELL = rgb("#d9b0a6")
NUCLEUS = rgb("#4a2c82")
RIM = rgb("#8f78a8")


@dataclass(frozen=True)
class Recipe:
    """How a class is drawn. Ranges are (low, high); radii in pixels of 64."""

    radius: tuple[float, float]
    lobes: tuple[int, int]
    lobe_radius: tuple[float, float]
    spread: tuple[float, float]
    cytoplasm: tuple[float, float, float]
    granule: tuple[float, float, float] | None
    granules: tuple[int, int]
    granule_radius: tuple[float, float]
    over_nucleus: bool
    nucleus: tuple[float, float, float] = NUCLEUS
    clumping: float = 0.10


RECIPES = MappingProxyType(
    {
        "BAS": Recipe(
            radius=(14.0, 16.5), lobes=(2, 2), lobe_radius=(6.2, 7.4), spread=(4.0, 5.2),
            cytoplasm=rgb("#dcc9e2"), granule=rgb("#1d1440"), granules=(26, 38),
            granule_radius=(1.0, 1.9), over_nucleus=True, nucleus=rgb("#8d76b4"), clumping=0.05,
        ),
        "EOS": Recipe(
            radius=(15.0, 17.5), lobes=(2, 2), lobe_radius=(5.4, 6.6), spread=(6.4, 7.6),
            cytoplasm=rgb("#e9b79d"), granule=rgb("#dd6a3c"), granules=(90, 120),
            granule_radius=(1.05, 1.3), over_nucleus=False,
        ),
        "LYT": Recipe(
            radius=(10.5, 12.5), lobes=(1, 1), lobe_radius=(8.4, 9.8), spread=(0.0, 1.0),
            cytoplasm=rgb("#98b4e2"), granule=None, granules=(0, 0),
            granule_radius=(1.0, 1.0), over_nucleus=False, nucleus=rgb("#43297a"), clumping=0.14,
        ),
        "NGS": Recipe(
            radius=(14.5, 17.0), lobes=(3, 5), lobe_radius=(4.0, 4.7), spread=(6.5, 7.7),
            cytoplasm=rgb("#efd0cb"), granule=rgb("#cfa0bd"), granules=(40, 60),
            granule_radius=(0.6, 0.8), over_nucleus=False, clumping=0.12,
        ),
    }
)  # fmt: skip


def draw_cell(code: str, rng: Rng) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Draw one cell of a class; returns (64, 64, 3) and what the generator chose."""
    recipe = RECIPES[code]
    chosen: dict[str, Any] = {
        "radius": float(rng.uniform(*recipe.radius)),
        "lobes": int(rng.integers(recipe.lobes[0], recipe.lobes[1] + 1)),
        "turn": float(rng.uniform(0, 2 * np.pi)),
        "stain": [float(value) for value in rng.uniform(0.93, 1.07, 3)],
    }
    image = _smear(chosen["radius"], rng)
    centre = (float(rng.normal(0, 0.8)), float(rng.normal(0, 0.8)))
    cell = blob(SIZE, centre, chosen["radius"], rng, wobble=0.07, stretch=rng.uniform(0.98, 1.08))
    nucleus = _nucleus(recipe, chosen, centre, rng) * cell
    _paint_cytoplasm(image, cell, recipe, rng)
    places = scatter(rng, _granule_count(recipe, rng), chosen["radius"] - 1.8) + centre
    chosen["granules"] = len(places) if recipe.granule else 0
    if not recipe.over_nucleus:
        _paint_granules(image, cell, recipe, places, rng)
    _paint_nucleus(image, nucleus, recipe, rng)
    if recipe.over_nucleus:
        _paint_granules(image, cell, recipe, places, rng)
    image **= np.asarray(chosen["stain"], np.float32)  # slides are stained a little differently
    return finish(image, rng, vignette=0.05, noise=0.012), chosen


def _smear(radius: float, rng: Rng) -> Floats:
    """Draw glass and the red cells around, none of which touches the cell in the middle."""
    image = np.empty((SIZE, SIZE, 3), np.float32)
    image[:] = np.asarray(GLASS, np.float32) * np.float32(rng.uniform(0.98, 1.02))
    shade(image, np.float32(0.008) * cloud(SIZE, 4, rng))
    start = rng.uniform(0, 2 * np.pi)
    for k in range(int(rng.integers(4, 7))):
        size = float(rng.uniform(7.0, 8.5))
        angle = start + k * 2 * np.pi / 6 + rng.normal(0, 0.12)
        reach = radius + size + rng.uniform(2.5, 8.0)
        _paint_red_cell(image, (reach * np.sin(angle), reach * np.cos(angle)), size, rng)
    return image


def _paint_red_cell(image: Floats, centre: tuple[float, float], radius: float, rng: Rng) -> None:
    """Draw a disc, paler in the middle where a red cell is thin."""
    disc = blob(SIZE, centre, radius, rng, wobble=0.05, stretch=rng.uniform(0.95, 1.1))
    radii, _ = polar(SIZE, *centre)
    pale = np.clip(1 - radii / np.float32(radius * 0.62), 0, 1) ** np.float32(0.7)
    tint = np.asarray(RED_CELL, np.float32) * np.float32(rng.uniform(0.97, 1.03))
    paint(image, disc * (1 - np.float32(0.65) * pale), tint)


def _nucleus(
    recipe: Recipe, chosen: dict[str, Any], centre: tuple[float, float], rng: Rng
) -> Floats:
    """Draw the lobes, on an arc around the middle, and the strands between them."""
    spread = rng.uniform(*recipe.spread)
    arc = {1: 0.0, 2: np.pi * 0.86, 3: np.pi * 1.2, 4: np.pi * 1.35, 5: np.pi * 1.5}
    angles = chosen["turn"] + np.linspace(0, arc[chosen["lobes"]], chosen["lobes"])
    places = [(centre[0] + spread * np.sin(a), centre[1] + spread * np.cos(a)) for a in angles]
    cover = np.zeros((SIZE, SIZE), np.float32)
    shrink = 1.0 if chosen["lobes"] < 5 else 0.92
    for place in places:
        radius = rng.uniform(*recipe.lobe_radius) * shrink
        lobe = blob(SIZE, place, radius, rng, wobble=0.09, stretch=rng.uniform(1.0, 1.12))
        np.maximum(cover, lobe, out=cover)
    for one, two in pairwise(places):
        np.maximum(cover, bar(SIZE, one, two, 2.2), out=cover)
    return cover


def _paint_cytoplasm(image: Floats, cell: Floats, recipe: Recipe, rng: Rng) -> None:
    tint = np.asarray(recipe.cytoplasm, np.float32) * (
        1 + np.float32(0.015) * cloud(SIZE, 9, rng)[..., None]
    )
    inner = np.clip(cell * 2 - 1, 0, 1)
    paint(image, cell, tint)
    rim = np.clip(cell * 4, 0, 1) * (1 - inner)
    paint(image, np.float32(0.35) * rim, RIM)


def _paint_nucleus(image: Floats, nucleus: Floats, recipe: Recipe, rng: Rng) -> None:
    """Lay clumped chromatin, darker towards the nuclear edge."""
    clumps = np.float32(recipe.clumping) * cloud(SIZE, 22, rng)
    tint = np.asarray(recipe.nucleus, np.float32) * (1 + clumps[..., None])
    paint(image, nucleus, tint)
    border = np.clip(nucleus * 4, 0, 1) * (1 - np.clip(nucleus * 2 - 1, 0, 1))
    paint(image, np.float32(0.25) * border, rgb("#2a1458"))


def _granule_count(recipe: Recipe, rng: Rng) -> int:
    return int(rng.integers(*recipe.granules)) if recipe.granule else 1


def _paint_granules(
    image: Floats, cell: Floats, recipe: Recipe, places: NDArray[np.float64], rng: Rng
) -> None:
    """Lay granules at `places`, (n, 2), inside the border of the cell."""
    if recipe.granule is None:
        return
    low, high = recipe.granule_radius
    radii = rng.uniform(low, high, len(places))
    cover = dots(SIZE, places, radii) * np.clip(cell * 1.5, 0, 1)
    paint(image, np.float32(0.92) * cover, recipe.granule)
    if not recipe.over_nucleus and high > 1:  # a highlight makes a coarse granule round
        spark = dots(SIZE, places - 0.35, radii * 0.35) * cell
        paint(image, np.float32(0.35) * spark, rgb("#ffd9b8"))
