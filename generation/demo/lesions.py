"""Procedural dermatoscopy: mel, nv, vasc, bkl on skin, 64 px RGB."""

from collections.abc import Callable
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
    edge,
    finish,
    grid,
    paint,
    polar,
    rgb,
    scatter,
    shade,
)

SIZE = 64
Rng = np.random.Generator
Chosen = dict[str, Any]

SKIN = rgb("#eab9a0")
TAN, BROWN, DARK, BLACK = rgb("#b98358"), rgb("#8a5433"), rgb("#54301d"), rgb("#241512")
BLUE_GREY, RED, PURPLE = rgb("#7b7f96"), rgb("#c8424e"), rgb("#7a2149")
KERATIN = rgb("#f6e7c6")


def draw_lesion(code: str, rng: Rng) -> tuple[NDArray[np.uint8], Chosen]:
    """Draw one lesion of a class; returns (64, 64, 3) and what the generator chose."""
    image = _skin(rng)
    chosen: Chosen = {"radius": float(rng.uniform(14.5, 18.5))}
    chosen |= PAINTERS[code](image, chosen["radius"], rng)
    chosen["hairs"] = _paint_hairs(image, rng)
    chosen["tone"] = [float(value) for value in rng.uniform(0.93, 1.07, 3)]
    image **= np.asarray(chosen["tone"], np.float32)
    return finish(image, rng, vignette=0.16, noise=0.010), chosen


def _skin(rng: Rng) -> Floats:
    """Draw skin with uneven tone and the fine furrows between its fields."""
    image = np.empty((SIZE, SIZE, 3), np.float32)
    image[:] = np.asarray(SKIN, np.float32) * rng.uniform(0.96, 1.04, 3).astype(np.float32)
    shade(image, np.float32(0.014) * cloud(SIZE, 5, rng))
    y, x = grid(SIZE)
    turn = rng.uniform(0, np.pi)
    for angle in (turn, turn + 1.1):
        wave = np.cos((np.cos(angle) * x + np.sin(angle) * y) * np.float32(0.95))
        shade(image, np.float32(-0.014) * np.clip(wave, 0, 1) ** 4)
    return image


def _paint_hairs(image: Floats, rng: Rng) -> int:
    """Lay up to two terminal hairs that enter and leave through the border of view."""
    count = int(rng.choice([0, 0, 0, 1, 2]))
    for _ in range(count):
        angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-22, 22)
        along = np.array([np.sin(angle), np.cos(angle)])
        middle = offset * np.array([along[1], -along[0]])
        start, end = middle - 60 * along, middle + 60 * along
        hair = bar(SIZE, (start[0], start[1]), (end[0], end[1]), 0.6)
        paint(image, np.float32(0.6) * hair, rgb("#4a3428"))
    return count


def _paint_nevus(image: Floats, radius: float, rng: Rng) -> Chosen:
    """Lay one orderly brown body whose regular network fades outwards."""
    radius *= 0.88
    body = blob(SIZE, (0, 0), radius, rng, wobble=0.03, stretch=rng.uniform(1, 1.16), softness=5)
    paint(image, np.float32(0.9) * body, TAN)
    radii, _ = polar(SIZE, 0, 0)
    core = np.exp(-((radii / np.float32(radius * 0.8)) ** 2))
    paint(image, np.float32(0.75) * core * body, BROWN)
    y, x = grid(SIZE)
    turn, pitch = rng.uniform(0, np.pi / 3), rng.uniform(1.15, 1.35)
    net = np.ones_like(x)
    for k in range(3):
        angle = turn + k * np.pi / 3
        net += np.cos((np.cos(angle) * x + np.sin(angle) * y) * np.float32(pitch))
    lines = np.clip(1.2 - net, 0, 1)
    paint(image, np.float32(0.55) * lines * body * body, DARK)
    return {"pitch": float(pitch)}


def _paint_melanoma(image: Floats, radius: float, rng: Rng) -> Chosen:
    """Lay an irregular body with eccentric blotches of four colours and uneven dots."""
    turn = rng.uniform(0, 2 * np.pi)
    lean = np.array([np.sin(turn), np.cos(turn)])
    body = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(4):
        centre = lean * rng.uniform(-7, 7) + rng.normal(0, 3.2, 2)
        part = blob(SIZE, (centre[0], centre[1]), radius * rng.uniform(0.55, 0.8), rng, wobble=0.22)
        np.maximum(body, part, out=body)
    paint(image, body, np.asarray(TAN) * 0.94)
    mottle = np.clip(0.35 + 0.4 * cloud(SIZE, 9, rng), 0, 1)
    paint(image, mottle * body, BROWN)
    blotches = ((DARK, 0.6, 0.35), (BLACK, 0.42, 0.6), (BLUE_GREY, 0.45, -0.45), (RED, 0.26, -0.75))
    for colour, part_size, place in blotches:
        centre = lean * place * radius + rng.normal(0, 1.8, 2)
        size = radius * part_size * rng.uniform(0.85, 1.15)
        patch = blob(SIZE, (centre[0], centre[1]), size, rng, wobble=0.25, softness=3.5)
        paint(image, np.float32(0.85) * patch * body, colour)
    places = rng.normal(0, radius * 0.42, (int(rng.integers(8, 15)), 2)) + 3 * lean
    paint(image, np.float32(0.8) * dots(SIZE, places, rng.uniform(0.7, 1.7, len(places))), BLACK)
    return {"lean": float(turn)}


def _paint_vascular(image: Floats, radius: float, rng: Rng) -> Chosen:
    """Lay sharply ended red lacunae with pale septa between them."""
    radius *= 0.82
    body = blob(SIZE, (0, 0), radius, rng, wobble=0.07, stretch=rng.uniform(1, 1.12), softness=1.6)
    paint(image, body, np.asarray(RED) * 1.04)
    places = scatter(rng, int(rng.integers(14, 22)), radius * 0.9, jitter=0.14)
    sizes = rng.uniform(2.0, 2.9, len(places))
    paint(image, np.float32(0.85) * dots(SIZE, places, sizes) * body, PURPLE)
    inner = dots(SIZE, places + 0.4, sizes * 0.5)
    paint(image, np.float32(0.6) * inner * body, rgb("#4d1030"))
    collar = np.clip(body * 4, 0, 1) * (1 - np.clip(body * 2 - 1, 0, 1))
    paint(image, np.float32(0.3) * collar, rgb("#f3d3cc"))
    return {"lacunae": len(places)}


def _paint_keratosis(image: Floats, radius: float, rng: Rng) -> Chosen:
    """Lay a waxy, scalloped plaque with milia-like cysts and comedo-like openings."""
    radii, angle = polar(SIZE, 0, 0)
    phase = rng.uniform(0, 2 * np.pi)
    scallops = int(rng.integers(8, 12))
    outline = 1 + np.float32(0.055) * np.abs(np.cos(scallops / 2 * angle + phase))
    outline += np.float32(0.06) * np.cos(2 * angle + phase)
    body = edge(radii - np.float32(radius) * outline.astype(np.float32), 1.3)
    paint(image, body, rgb("#a57448"))
    ridges = np.clip(cloud(SIZE, 13, rng), -1, 1)
    shade(image, np.float32(0.13) * ridges * body)
    rim = np.clip(body * 3, 0, 1) * np.clip((radii - radius + 3.5) / 3.5, 0, 1) * body
    paint(image, np.float32(0.45) * rim, DARK)
    cysts = scatter(rng, int(rng.integers(9, 14)), radius * 0.82)
    paint(image, np.float32(0.95) * dots(SIZE, cysts, rng.uniform(1.0, 1.6, len(cysts))), KERATIN)
    plugs = scatter(rng, int(rng.integers(6, 10)), radius * 0.82)
    paint(image, np.float32(0.9) * dots(SIZE, plugs, rng.uniform(1.1, 1.8, len(plugs))), BLACK)
    return {"cysts": len(cysts), "openings": len(plugs)}


PAINTERS: MappingProxyType[str, Callable[[Floats, float, Rng], Chosen]] = MappingProxyType(
    {
        "mel": _paint_melanoma,
        "nv": _paint_nevus,
        "vasc": _paint_vascular,
        "bkl": _paint_keratosis,
    }
)
