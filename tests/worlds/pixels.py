"""Small pictures with structure: a cell, a lesion, a film. Different for every seed."""

import numpy as np


def draw_cell(seed: int, size: int = 64) -> np.ndarray:
    """Return (size, size, 3) uint8: a nucleus in cytoplasm on a pale ground with red cells."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    image = np.full((size, size, 3), (236.0, 224.0, 226.0))
    for _ in range(4):
        _blob(image, x, y, rng.uniform(-0.1, 1.1, 2), 0.16, (222, 176, 178))
    centre = rng.uniform(0.44, 0.56, 2)
    _blob(image, x, y, centre, rng.uniform(0.3, 0.36), (196, 190, 224))
    for _ in range(int(rng.integers(1, 4))):
        _blob(image, x, y, centre + rng.normal(0, 0.06, 2), rng.uniform(0.13, 0.2), (104, 72, 150))
    noisy = image + rng.normal(0, 4, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def draw_film(seed: int, size: int = 512) -> np.ndarray:
    """Return (size, size) uint16 below 4096: two dark lungs beside a bright middle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    film = 2600.0 + 900 * np.exp(-(((x - 0.5) / 0.11) ** 2))
    for side in (0.29, 0.71):
        lung = ((x - side - rng.normal(0, 0.01)) / 0.15) ** 2 + ((y - 0.46) / 0.31) ** 2
        film -= 1900 * (1 / (1 + np.exp((lung - 1) * 9)))
    film += 160 * np.sin(y * 60 + 6 * (x - 0.5) ** 2 * 20) * (np.abs(x - 0.5) > 0.09)
    film += rng.normal(0, 40, film.shape)
    return np.clip(film, 0, 4095).astype(np.uint16)


def _blob(
    image: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    centre: np.ndarray,
    radius: float,
    colour: tuple[int, int, int],
) -> None:
    distance = np.hypot(x - centre[0], y - centre[1]) / radius
    cover = 1 / (1 + np.exp((distance - 1) * 14))
    image += cover[..., None] * (np.array(colour, dtype=float) - image)
