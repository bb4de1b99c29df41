"""Bootstrap over items, with the seed as a parameter and a statement where it fails."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from metrics.errors import InsufficientData
from metrics.stats.intervals import check_level, is_whole

DRAWS = 1000
SEED = 20261120
_BLOCK = 2_000_000  # weights held at once: 16 MB


def check_draws(draws: int) -> None:
    """Raise ValueError below 2 draws, which have no spread, and for parts of one."""
    if not is_whole(draws, 2):
        raise ValueError(f"draws is {draws!r}; a bootstrap needs at least 2, {DRAWS} by default.")


def resample_weights(n: int, draws: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield blocks (draws, n) of how often each of n items is drawn with replacement."""
    check_draws(draws)
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK // max(n, 1))
    for start in range(0, draws, block):
        rows = min(block, draws - start)
        picks = rng.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(picks.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def percentile_limits(
    values: NDArray[np.float64], level: float
) -> tuple[float, float, tuple[str, ...]]:
    """Return the percentile limits of the defined replicates, and a warning about the others.

    Raises InsufficientData when fewer than half of the replicates are defined.
    Source: Efron & Tibshirani 1993, ch. 13.
    """
    check_level(level)
    defined = values[~np.isnan(values)]
    if 2 * len(defined) < len(values):
        raise InsufficientData(
            f"Only {len(defined)} of {len(values)} bootstrap samples have a defined value; the "
            f"ratings hardly vary. Collect more items of the rare category."
        )
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    lost = len(values) - len(defined)
    notes = (f"{lost} of {len(values)} bootstrap samples undefined",) if lost else ()
    return float(low), float(high), notes
