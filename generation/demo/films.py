"""Procedural chest films (PA): No_Finding, Cardiomegaly, Effusion, Pneumothorax, 256 px grey.

White is dense. Anatomy is drawn at 128 px, then enlarged; noise is added at full size. The
patient's left is on the right of the picture, as on every film.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generation.demo.drawing import Floats, bar, blob, cloud, dots, edge, finish, grid

SIZE, DRAWN = 256, 128
Rng = np.random.Generator
CODES = ("No_Finding", "Cardiomegaly", "Effusion", "Pneumothorax")
# Heart width as part of the inner chest; radiologists call more than one half enlarged.
HEART_NORMAL, HEART_LARGE = (0.40, 0.46), (0.58, 0.68)
LUNG_X, LUNG_Y, LUNG_W, LUNG_H = 25.0, -6.0, 21.0, 41.0


def draw_film(code: str, rng: Rng) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Draw one film of a class; returns (256, 256) and what the generator chose."""
    if code not in CODES:
        raise KeyError(code)
    ratio = rng.uniform(*(HEART_LARGE if code == "Cardiomegaly" else HEART_NORMAL))
    side = int(rng.choice([-1, 1]))  # -1: left of the picture, the patient's right
    chosen = {"heart_ratio": float(ratio), "side": side, "build": float(rng.uniform(0.96, 1.04))}
    lungs = {s: _lung(s, chosen["build"], rng) for s in (-1, 1)}
    film = _body(chosen["build"], rng)
    film -= np.float32(0.34) * np.maximum(lungs[-1], lungs[1])
    markings = {s: _vessels(s, lungs[s], rng) for s in (-1, 1)}
    if code == "Pneumothorax":
        chosen["collapse"] = _collapse(film, lungs[side], markings, side, rng)
    heart = _heart(ratio, chosen["build"], rng)
    film += np.float32(0.20) * (markings[-1] + markings[1]) * (1 - np.float32(0.75) * heart)
    _add_bones(film, lungs, chosen["build"], rng)
    _add_middle(film, heart, rng)
    if code == "Effusion":
        chosen["level"] = _flood(film, lungs[side], side, rng)
    chosen["exposure"] = float(rng.uniform(0.92, 1.08))
    film = np.clip(film, 0, None) ** np.float32(chosen["exposure"])
    return finish(_enlarge(film), rng, vignette=0.08, noise=0.012), chosen


def _body(build: float, rng: Rng) -> Floats:
    """Draw the trunk with shoulders, brighter towards the abdomen, black air outside."""
    y, x = grid(DRAWN)
    width = np.float32(56 * build) + np.clip((-y - 28) * np.float32(0.35), 0, 14)
    trunk = edge(np.abs(x) - width, 3.0)
    neck = edge(np.maximum(-y - 52, np.abs(x) - 18) - 4, 6.0)
    shoulders = np.clip((y + 70 - np.abs(x) * np.float32(0.22)) / 8, 0, 1)
    body = trunk * np.maximum(shoulders, neck * 0.9)
    tone = np.float32(0.58) + np.float32(0.0018) * y + np.float32(0.012) * cloud(DRAWN, 6, rng)
    return np.asarray(body * tone + np.float32(0.03), dtype=np.float32)


def _lung(side: int, build: float, rng: Rng) -> Floats:
    """Draw one lung: pointed above, cut below by the dome of the diaphragm."""
    y, x = grid(DRAWN)
    centre = side * LUNG_X * build
    height = np.clip((y - LUNG_Y + LUNG_H) / np.float32(LUNG_H * 2), 0, 1)
    rise = 1 - np.clip(height * np.float32(2.0), 0, 1)
    narrow = np.sqrt(1 - rise * rise)  # round apex
    half = np.float32(LUNG_W * build) * narrow
    sides = edge(np.abs(x - centre * (0.80 + 0.20 * narrow)) - half, 2.0)
    lift = 4.0 if side < 0 else 0.0  # the liver lifts the patient's right dome
    dome = np.float32(30 - lift + rng.normal(0, 1)) + ((x - centre * 0.85) / 8.5) ** 2
    top = edge(-(y - np.float32(LUNG_Y - LUNG_H + 1)), 3.0)
    return np.asarray(sides * top * edge(y - dome, 2.0), dtype=np.float32)


def _vessels(side: int, lung: Floats, rng: Rng) -> Floats:
    """Draw vessels that leave the hilum, taper and fork, inside the lung."""
    hilum = (-2.0 + rng.normal(0, 1), side * 10.5)
    strands = []
    for angle in np.linspace(-1.35, 1.35, 9) + rng.normal(0, 0.08, 9):
        reach = rng.uniform(18, 26)
        fork = _step(hilum, angle, side, reach * 0.5)
        strands.append((hilum, fork, 1.15, 0.75))
        for turn in (-0.28, 0.28):
            strands.append((fork, _step(fork, angle + turn, side, reach * 0.62), 0.7, 0.35))
    along = np.linspace(0, 1, 26)[:, None]
    points = [np.asarray(a) + along * (np.asarray(b) - np.asarray(a)) for a, b, _, _ in strands]
    radii = [np.linspace(thick, thin, 26) for _, _, thick, thin in strands]
    return dots(DRAWN, np.concatenate(points), np.concatenate(radii)) * lung


def _step(start: tuple[float, float], angle: float, side: int, by: float) -> tuple[float, float]:
    return start[0] + by * np.sin(angle), start[1] + side * by * np.cos(angle)


def _add_bones(film: Floats, lungs: dict[int, Floats], build: float, rng: Rng) -> None:
    """Add ribs, clavicles and the spine, in place."""
    y, x = grid(DRAWN)
    inside = np.maximum(lungs[-1], lungs[1])
    pitch, start = rng.uniform(8.6, 9.2), rng.uniform(-46, -44)
    away = np.abs(x) / np.float32(LUNG_X * build)
    bend = np.float32(9) * away - np.float32(6.5) * away * away
    for k in range(9):
        centre = np.float32(start + k * pitch) + bend * np.float32(1 + 0.05 * k)
        film += np.float32(0.075) * inside * edge(np.abs(y - centre) - np.float32(1.4), 1.6)
    for side in (-1, 1):
        inner = (-37.0 + rng.normal(0, 0.5), side * 5.0)
        outer = (-45.0 + rng.normal(0, 0.8), side * 47.0)
        film += np.float32(0.13) * bar(DRAWN, inner, outer, 3.6)
    column = edge(np.abs(x) - np.float32(6.5), 2.5)
    discs = np.float32(0.03) * np.cos(y * np.float32(2 * np.pi / 9.5))
    film += column * (np.float32(0.10) + discs) * (film > 0.1)


def _heart(ratio: float, build: float, rng: Rng) -> Floats:
    """Draw the heart, two thirds of it on the patient's left, resting on the diaphragm."""
    y, _ = grid(DRAWN)
    chest = 2 * (LUNG_X + LUNG_W) * build  # inner width at the level of the heart, pixels
    width = ratio * chest
    heart = blob(
        DRAWN, (16.5, width * 0.16), width / 2, rng, wobble=0.02, stretch=1.08, softness=3.0
    )
    return heart * edge(y - np.float32(33), 4.0)


def _add_middle(film: Floats, heart: Floats, rng: Rng) -> None:
    """Add heart, mediastinum, aortic knob, trachea and stomach bubble, in place."""
    y, x = grid(DRAWN)
    stem = edge(np.abs(x - 1) - np.float32(9.5), 3.5) * edge(np.abs(y + 14) - np.float32(30), 6.0)
    knob = blob(DRAWN, (-19, 9.5), 5.2, rng, softness=2.5)
    shadow = np.maximum.reduce([heart, stem * np.float32(0.75), knob * np.float32(0.8)])
    film += np.float32(0.30) * shadow * np.clip((np.float32(0.78) - film) / 0.4, 0, 1)
    trachea = edge(np.abs(x) - np.float32(2.6), 2.0) * edge(np.abs(y + 42) - np.float32(14), 4.0)
    film -= np.float32(0.10) * trachea
    bubble = blob(DRAWN, (41 + rng.normal(0, 1), 22), 6.5, rng, stretch=1.25, softness=2.5)
    film -= np.float32(0.16) * bubble


def _collapse(
    film: Floats, lung: Floats, markings: dict[int, Floats], side: int, rng: Rng
) -> float:
    """Let air in: no markings beyond a thin pleural line, darker there; in place."""
    y, x = grid(DRAWN)
    depth = float(rng.uniform(9.0, 14.0))
    centre = side * LUNG_X
    line = np.hypot((x - (centre - side * 5)) / 17, (y - 4) / (LUNG_H - depth + 6)) - 1
    outside = edge((-line * 14).astype(np.float32), 1.0) * lung
    pleura = np.exp(-((line * 14) ** 2) / np.float32(0.8)) * lung * (y < 22)
    film -= np.float32(0.11) * outside
    markings[side] *= 1 - outside
    film += np.float32(0.16) * pleura
    return depth


def _flood(film: Floats, lung: Floats, side: int, rng: Rng) -> float:
    """Add fluid: a homogeneous shadow with an upward-concave meniscus over angle and dome."""
    y, x = grid(DRAWN)
    level = float(rng.uniform(8.0, 18.0))
    lateral = np.clip(side * x / np.float32(LUNG_X + LUNG_W), 0, 1.2)
    surface = np.float32(level) - np.float32(13) * (lateral - np.float32(0.45)) ** 2 * 2.2
    fluid = edge(surface - y, 3.5)
    inside = edge(np.abs(x - side * LUNG_X) - np.float32(LUNG_W + 4), 2.0) * edge(y - 42, 8.0)
    cover = fluid * np.maximum(lung, inside) * np.clip((side * x - 7) / 3, 0, 1)
    film += cover * (np.float32(0.70) - film) * np.float32(0.92)
    return level


def _enlarge(film: Floats) -> Floats:
    big = Image.fromarray(film).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return np.asarray(big, dtype=np.float32)
