"""Precision, recall, density and coverage: do the two sets lie among each other's neighbours?"""

from dataclasses import dataclass
from math import inf, prod

import numpy as np
from numpy.typing import ArrayLike

from metrics.errors import InsufficientData
from metrics.images.balls import Balls, LeftOut, place
from metrics.images.features import Floats, features_of, refuse_constant, two_sets
from metrics.images.result import Extractor, Measure, in_words
from metrics.stats.bootstrap import SEED
from metrics.stats.intervals import check_level, critical, is_whole, logit_interval
from metrics.stats.proportions.binomial import wilson_limits
from metrics.stats.roc import share_otherwise

K = 5


@dataclass(frozen=True)
class Prdc:
    """Hold the four numbers; `expected_coverage` is what equal laws give at these counts."""

    precision: Measure
    recall: Measure
    density: Measure
    coverage: Measure
    k: int
    expected_coverage: float
    counts: dict[str, int]
    seed: int
    warnings: tuple[str, ...] = ()


def prdc(
    real: ArrayLike,
    generated: ArrayLike,
    k: int = K,
    *,
    equal: bool = False,
    seed: int = SEED,
    level: float = 0.95,
    extractor: Extractor | None = None,
) -> Prdc:
    """Return precision, recall, density and coverage of generated features among real ones.

    real: (n, d); generated: (m, d), of the same extractor. The ball of an image reaches to its
    k-th nearest other image of its own set; an image lies inside when strictly nearer.
    precision: share of generated images inside any real ball. recall: share of real images inside
    any generated ball. density: real balls around a generated image over k, may exceed 1.
    coverage: share of real balls with a generated image inside. The numbers move with N, so
    that only equal sets compare: unequal ones are used as they are, with a warning, or with
    `equal` the larger one is drawn down with `seed`. Errors are the jackknife over the images of
    both sets, balls and all, which over-states by up to half; limits are on the logit scale for
    shares (Wilson's at 0 and 1) and Wald for density (bounds where nothing moves it).
    Raises InsufficientData for k + 1 or fewer images of either kind, or where all of a kind are
    the same; ValueError for k below 1 or
    malformed features.
    Sources: Kynkäänniemi et al. 2019, arXiv 1904.06991, eq. 1-2; Naeem et al. 2020,
    arXiv 2002.09797, section 3; Efron & Stein 1981, Ann Stat 9:586.
    """
    check_level(level)
    x, y = two_sets(real, generated)
    _check_k(k, min(len(x), len(y)))
    refuse_constant(x, "real")
    refuse_constant(y, "generated")
    x, y, notes = _equal(x, y, seed) if equal else (x, y, _unequal(x, y))
    counts = {"real": len(x), "generated": len(y)}
    forward, back = place(y, Balls.around(x, k)), place(x, Balls.around(y, k))
    maker = _Maker(k, counts, level, extractor)
    return Prdc(
        precision=maker.share("precision", forward.share_hit),
        recall=maker.share("recall", back.share_hit),
        density=maker.density(forward.balls_per_point),
        coverage=maker.share("coverage", forward.share_held),
        k=k,
        expected_coverage=expected_coverage(len(x), len(y), k),
        counts=counts,
        seed=seed,
        warnings=notes,
    )


def prdc_baseline(
    real: ArrayLike,
    k: int = K,
    *,
    seed: int = SEED,
    level: float = 0.95,
    extractor: Extractor | None = None,
) -> Prdc:
    """Return what a perfect generator would get: one random half of the real images against the
    other.

    real: (n, d), n of at least 2 (k + 2). The halves have n // 2 images; compare with a `prdc` of
    as many. Errors and sources as `prdc`.
    """
    features = features_of(real, "real")
    _check_k(k, inf)
    if len(features) < 2 * (k + 2):
        raise InsufficientData(
            f"{len(features)} real images; halves with k = {k} neighbours need {2 * (k + 2)}."
        )
    order = np.random.default_rng(seed).permutation(len(features))
    half = len(features) // 2
    first, second = features[order[:half]], features[order[half : 2 * half]]
    return prdc(first, second, k, seed=seed, level=level, extractor=extractor)


def expected_coverage(n_real: int, n_generated: int, k: int) -> float:
    """Return the expected coverage of equal laws: 1 - 2^-k for many images of equal number.

    1 - (n - 1)...(n - k) / (n + m - 1)...(n + m - k) (Naeem et al. 2020, lemma 2).
    """
    both = n_real + n_generated
    return 1.0 - prod((n_real - i) / (both - i) for i in range(1, k + 1))


@dataclass(frozen=True)
class _Maker:
    k: int
    counts: dict[str, int]
    level: float
    extractor: Extractor | None

    def share(self, name: str, part: LeftOut) -> Measure:
        """Give logit limits of a share; Wilson's where it is 0 or 1 or nothing moves it."""
        n, value = min(self.counts.values()), float(part.value)
        if 0 < value < 1 and part.error > 0:
            limits = logit_interval(value, part.error, inf, self.level)
            return self._measure(name, value, limits, f"jackknife, logit {self.level:.4g}")
        limits = wilson_limits(round(value * n), n, self.level)
        return self._measure(name, value, limits, f"wilson {self.level:.4g}")

    def density(self, part: LeftOut) -> Measure:
        """Give Wald limits of the density; where nothing moves it, bounds from images that all
        lie alike: at most this share of others lies in every ball or in none."""
        value, reach = float(part.value), critical(self.level) * part.error
        if part.error > 0:
            limits = (value - reach, value + reach)
            return self._measure("density", value, limits, f"jackknife {self.level:.4g}")
        share = share_otherwise(self.counts["generated"], self.level)
        most = self.counts["real"] / self.k
        limits = (value - share * value, value + share * (most - value))
        return self._measure("density", value, limits, f"exact bounds {self.level:.4g}")

    def _measure(self, name: str, value: float, limits: tuple[float, float], how: str) -> Measure:
        return Measure(
            value,
            max(0.0, limits[0]),
            limits[1],
            f"{name}, k = {self.k}, {in_words(self.counts)}; {how}",
            counts=self.counts,
            extractor=self.extractor,
        )


def _check_k(k: int, n: float) -> None:
    if not is_whole(k, 1):
        raise ValueError(f"k is {k!r}; take a whole number of neighbours, {K} by default.")
    if n < k + 2:
        raise InsufficientData(
            f"The smaller set has {n} images; k = {k} neighbours and their error need at least "
            f"{k + 2}. Add images or lower k."
        )


def _unequal(x: Floats, y: Floats) -> tuple[str, ...]:
    if len(x) == len(y):
        return ()
    return (f"{len(x)} real and {len(y)} generated images: the numbers compare at equal N only",)


def _equal(x: Floats, y: Floats, seed: int) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Draw the larger set down to the smaller one."""
    n = min(len(x), len(y))
    if len(x) == len(y):
        return x, y, ()
    rng = np.random.default_rng(seed)
    note = (
        f"{len(x)} real and {len(y)} generated images: {n} of each were compared, drawn with "
        f"seed {seed}"
    )
    x, y = (part if len(part) == n else part[np.sort(rng.choice(len(part), n, replace=False))]
            for part in (x, y))  # fmt: skip
    return x, y, (note,)
