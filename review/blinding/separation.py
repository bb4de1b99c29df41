"""How well a number separates two groups: AUC with an interval that holds at 1 and at small n."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from review.blinding.errors import BlindingError


@dataclass(frozen=True)
class Separation:
    """AUC = P(synthetic > real) + P(tie) / 2, within strata, with its interval."""

    auc: float
    low: float
    high: float
    n_real: int
    n_synthetic: int

    @property
    def strength(self) -> float:
        """AUC whichever side is the higher one: .5 tells nothing, 1 everything."""
        return max(self.auc, 1 - self.auc)

    @property
    def strength_low(self) -> float:
        """Lower bound of the strength; .5 when the interval holds .5."""
        return max(self.low, 1 - self.high, 0.5)

    @property
    def excludes_chance(self) -> bool:
        """Whether the interval leaves .5 out."""
        return self.low > 0.5 or self.high < 0.5


def auc(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Return the Mann-Whitney AUC of two samples of any length >= 1; ties count half."""
    ordered = np.sort(real)
    below = np.searchsorted(ordered, synthetic, side="left")
    not_above = np.searchsorted(ordered, synthetic, side="right")
    return float((below + not_above).sum() / (2 * len(real) * len(synthetic)))


def separate(
    values: Sequence[float],
    is_synthetic: Sequence[bool],
    strata: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> Separation:
    """Compare synthetic with real values, within strata (classes), so that class mix tells nothing.

    Strata are weighted by their number of pairs. The interval inverts the Hanley-McNeil variance
    at the bound itself (Newcombe 2006, Stat Med 25:559, method 5). Raises BlindingError when no
    stratum has both sides.
    """
    groups = _groups(np.asarray(values, dtype=float), np.asarray(is_synthetic, bool), strata)
    pairs = np.array([len(real) * len(synthetic) for real, synthetic in groups], dtype=float)
    weights = pairs / pairs.sum()
    estimate = float(sum(w * auc(*group) for w, group in zip(weights, groups, strict=True)))
    sizes = [(len(real), len(synthetic)) for real, synthetic in groups]
    z = NormalDist().inv_cdf(0.5 + level / 2)
    return Separation(
        auc=estimate,
        low=_lower(estimate, sizes, weights, z),
        high=1 - _lower(1 - estimate, sizes, weights, z),
        n_real=sum(m for m, _ in sizes),
        n_synthetic=sum(n for _, n in sizes),
    )


def _groups(
    values: np.ndarray, synthetic: np.ndarray, strata: Sequence[Hashable] | None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split into (real, synthetic) per stratum, leaving out one-sided strata."""
    names = [0] * len(values) if strata is None else list(strata)
    if not len(values) == len(synthetic) == len(names):
        raise BlindingError(
            f"{len(values)} values, {len(synthetic)} sources and {len(names)} strata: give one each"
        )
    places: dict[Hashable, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    groups = []
    for chosen in places.values():
        here, side = values[chosen], synthetic[chosen]
        if side.any() and not side.all():
            groups.append((here[~side], here[side]))
    if not groups:
        raise BlindingError(
            "the audit compares real with synthetic images of one class and found no class with "
            "both; draw both sources, or ask no audit"
        )
    return groups


def _variance(theta: float, sizes: list[tuple[int, int]], weights: np.ndarray) -> float:
    total = 0.0
    for (m, n), weight in zip(sizes, weights, strict=True):
        spread = (1 - theta) / (2 - theta) + theta / (1 + theta)
        one = theta * (1 - theta) * (1 + ((m + n) / 2 - 1) * spread) / (m * n)
        total += weight**2 * one
    return float(total)


def _lower(estimate: float, sizes: list[tuple[int, int]], weights: np.ndarray, z: float) -> float:
    """Find theta <= estimate with estimate - theta = z * sd(theta), by bisection."""
    low, high = 0.0, estimate
    for _ in range(60):
        middle = (low + high) / 2
        if estimate - middle > z * math.sqrt(_variance(middle, sizes, weights)):
            low = middle
        else:
            high = middle
    return (low + high) / 2
