"""Bootstrap of test images or whole patients, jointly for all trainings of both arms."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.downstream.frame import Trials
from metrics.errors import InsufficientData
from metrics.stats.bootstrap import percentile_limits, resample_weights
from metrics.stats.roc import Floats

Statistic = Callable[[Trials, Floats], Floats]


@dataclass(frozen=True)
class Copies:
    """Hold bootstrap copies of a score: (draws, 2 arms, s seeds, c classes)."""

    values: Floats
    how: str

    def over_classes(self, chosen: NDArray[np.intp]) -> "Copies":
        """Average over the chosen classes, which leaves one."""
        return Copies(self.values[..., chosen].mean(axis=-1, keepdims=True), self.how)

    @property
    def defined(self) -> Floats:
        """Give the copies without any undefined score: (draws, 2, s)."""
        flat = self.values[..., 0]
        return flat[~np.isnan(flat).any(axis=(1, 2))]

    @property
    def covariance(self) -> Floats:
        """Give the covariance of the scores over copies, arm-major: (2 s, 2 s)."""
        kept = self.defined
        if len(kept) < 2 or 2 * len(kept) < len(self.values):
            raise InsufficientData(
                f"Only {len(kept)} of {len(self.values)} bootstrap samples hold every class; add "
                f"test images, or patients, of the rare one."
            )
        return np.asarray(np.cov(kept.reshape(len(kept), -1), rowvar=False), dtype=float)

    def limits(self, level: float) -> Floats:
        """Give percentile limits of each seed's difference: (s, 2)."""
        gaps = self.values[:, 1, :, 0] - self.values[:, 0, :, 0]
        return np.array([percentile_limits(column, level)[:2] for column in gaps.T])

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say how many copies are undefined."""
        lost = len(self.values) - len(self.defined)
        return (f"{lost} of {len(self.values)} bootstrap samples undefined",) if lost else ()


def copies_of(trials: Trials, statistic: Statistic, draws: int, seed: int) -> Copies:
    """Draw clusters with replacement and score every training on the same draw.

    Raises InsufficientData below 2 clusters. Source: Efron & Tibshirani 1993, ch. 8.
    """
    if trials.n_clusters < 2:
        raise InsufficientData(
            f"{trials.n_cases} test images of {trials.n_clusters} cluster; a bootstrap needs at "
            f"least 2. Add patients."
        )
    values = [
        statistic(trials, weights[rows][:, trials.clusters])
        for weights in resample_weights(trials.n_clusters, draws, seed)
        for rows in _few(len(weights), trials.n_cases)
    ]
    unit = "clusters" if trials.is_clustered else "images"
    return Copies(np.concatenate(values), f"bootstrap over test {unit}, {draws} draws")


def _few(draws: int, n: int) -> list[slice]:
    """Cut draws so that draws x images stays small."""
    step = max(1, 2_000_000 // n)
    return [slice(start, start + step) for start in range(0, draws, step)]
