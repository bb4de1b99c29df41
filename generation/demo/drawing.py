"""Brush and paper of the procedural phantoms: antialiased shapes on float arrays in 0..1.

A *coverage* is an (h, w) float array in 0..1 that says how much of each pixel a shape covers;
`paint` lays a colour through it. Lengths are pixels of the finished image.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@lru_cache(maxsize=8)
def grid(size: int) -> tuple[Floats, Floats]:
    """Return pixel centres as (y, x), each (size, size), with the origin in the middle."""
    axis = np.arange(size, dtype=np.float32) - (size - 1) / 2
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return y, x


def polar(size: int, cy: float, cx: float) -> tuple[Floats, Floats]:
    """Return radius and angle of each pixel around (cy, cx)."""
    y, x = grid(size)
    dy, dx = y - np.float32(cy), x - np.float32(cx)
    return np.sqrt(dy * dy + dx * dx), np.arctan2(dy, dx)


def edge(distance: Floats, softness: float = 1.0) -> Floats:
    """Turn a signed distance (negative inside) into coverage with an edge `softness` px wide."""
    return np.clip(0.5 - distance / np.float32(softness), 0.0, 1.0)


def blob(
    size: int,
    centre: tuple[float, float],
    radius: float,
    rng: np.random.Generator,
    *,
    wobble: float = 0.06,
    stretch: float = 1.0,
    softness: float = 1.2,
) -> Floats:
    """Draw a round body with a smooth, slightly uneven outline and a random long axis."""
    radii, angle = polar(size, *centre)
    phases = rng.uniform(0, 2 * np.pi, 4).astype(np.float32)
    outline = np.ones_like(angle)
    for order, phase in enumerate(phases[:3], start=2):
        outline += np.float32(wobble / order * rng.normal()) * np.cos(order * angle + phase)
    outline += np.float32((stretch - 1) / 2) * np.cos(2 * (angle - phases[3]))
    return edge(radii - np.float32(radius) * outline, softness)


def bar(size: int, start: tuple[float, float], end: tuple[float, float], width: float) -> Floats:
    """Draw a straight strand with round ends."""
    y, x = grid(size)
    y0, x0, y1, x1 = *start, *end
    length = max((y1 - y0) ** 2 + (x1 - x0) ** 2, 1e-6)
    along = np.clip(((y - y0) * (y1 - y0) + (x - x0) * (x1 - x0)) / length, 0, 1)
    distance = np.hypot(y - y0 - along * (y1 - y0), x - x0 - along * (x1 - x0))
    return edge((distance - width / 2).astype(np.float32))


def dots(size: int, centres: NDArray[np.float64], radii: NDArray[np.float64]) -> Floats:
    """Draw many small discs at once. centres: (n, 2) as (y, x); radii: (n,)."""
    cover = np.zeros((size, size), np.float32)
    if len(centres) == 0:
        return cover
    reach = int(np.ceil(radii.max())) + 1
    patch = np.arange(-reach, reach + 1)
    places = centres + (size - 1) / 2
    rows = np.rint(places[:, 0]).astype(int)[:, None, None] + patch[:, None]  # (n, p, 1)
    columns = np.rint(places[:, 1]).astype(int)[:, None, None] + patch  # (n, 1, p)
    dy, dx = rows - places[:, 0, None, None], columns - places[:, 1, None, None]
    disc = np.clip(0.5 - (np.sqrt(dy * dy + dx * dx) - radii[:, None, None]), 0, 1)
    inside = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size) & (disc > 0)
    flat = (rows * size + columns)[inside]
    np.maximum.at(cover.reshape(-1), flat, disc[inside].astype(np.float32))
    return cover


def scatter(
    rng: np.random.Generator, count: int, radius: float, *, jitter: float = 0.28
) -> NDArray[np.float64]:
    """Place about `count` points in a disc, evenly but not in rows; (n, 2) as (y, x).

    A hexagonal lattice, turned and shaken: no two points fall together, none needs a second try.
    """
    step = radius * np.sqrt(2 * np.pi / (np.sqrt(3) * count))
    reach = int(np.ceil(radius / (step * np.sqrt(3) / 2))) + 1
    row, column = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    lattice = np.stack([row * np.sqrt(3) / 2, column + row % 2 / 2], axis=1) * step
    lattice += rng.normal(0, jitter * step, lattice.shape) + rng.uniform(-step, step, 2)
    turn = rng.uniform(0, np.pi)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = lattice @ rotation
    return np.asarray(points[(points**2).sum(axis=1) < radius * radius])


def cloud(size: int, cells: int, rng: np.random.Generator) -> Floats:
    """Draw smooth noise of mean 0 and sd about 1 with `cells` patches along an edge."""
    from PIL import Image

    coarse = rng.standard_normal((cells, cells), dtype=np.float32)
    smooth = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float32) * np.float32(1.3)


def paint(image: Floats, cover: Floats, colour: tuple[float, ...] | NDArray[np.floating]) -> None:
    """Lay `colour`, (3,) or (h, w, 3), over `image` (h, w, 3) through a coverage, in place."""
    image += cover[..., None] * (np.asarray(colour, dtype=np.float32) - image)


def shade(image: Floats, amount: Floats) -> None:
    """Multiply every channel of `image` by 1 + amount, in place."""
    image *= 1 + amount[..., None]


def rgb(text: str) -> tuple[float, float, float]:
    """Read '#rrggbb' as three numbers in 0..1."""
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def finish(
    image: Floats, rng: np.random.Generator, *, vignette: float, noise: float
) -> NDArray[np.uint8]:
    """Add vignette and sensor noise, and return 8-bit pixels of the same shape."""
    y, x = grid(image.shape[0])
    fall = 1 - np.float32(vignette) * (y * y + x * x) / np.float32((image.shape[0] / 2) ** 2)
    image = image * (fall if image.ndim == 2 else fall[..., None])
    image = image + np.float32(noise) * rng.standard_normal(image.shape, dtype=np.float32)
    return np.asarray(np.clip(image * 255 + 0.5, 0, 255), dtype=np.uint8)
