"""Sets of features and images that the tests of the image metrics share."""

import numpy as np
from hypothesis import strategies as st

seeds = st.integers(0, 2**32 - 1)


def normal(n: int, d: int, seed: int, *, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Draw n rows of N(shift, scale^2 I_d)."""
    return shift + scale * np.random.default_rng(seed).normal(size=(n, d))


def two_normal(n: int, d: int, seed: int, **law: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw two sets of n rows, the second of N(shift, scale^2 I_d)."""
    return normal(n, d, seed), normal(n, d, seed + 10**6, **law)


def rotation(d: int, seed: int) -> np.ndarray:
    """Draw an orthogonal matrix (d, d)."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


def pictures(n: int, side: int, seed: int) -> np.ndarray:
    """Draw smooth grey uint8 pictures (n, side, side)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    waves = rng.uniform(1, 9, size=(n, 6, 2, 1, 1))
    turns = rng.uniform(0, 2 * np.pi, size=(n, 6, 1, 1))
    sums = np.cos(waves[:, :, 0] * y * 6 + waves[:, :, 1] * x * 6 + turns).sum(axis=1)
    return np.clip(127.5 + 25 * sums, 0, 255).astype(np.uint8)
