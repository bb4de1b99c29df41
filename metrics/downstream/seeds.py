"""A difference between two arms over training seeds: variance of training and of test images.

The seeds stand where readers stand in a multi-reader study: they share the test images, so that
the same Obuchowski-Rockette form joins both variances, with its degrees of freedom.
"""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from metrics.downstream.frame import Trials
from metrics.images.result import Measure
from metrics.stats.intervals import critical, upper_tail
from metrics.stats.mrmc.modality import Assumption, Error, single_errors
from metrics.stats.roc import Floats

FEW_SEEDS = 5
FEW_CLUSTERS = 40  # below, the bootstrap of an arm's own score under-covers by up to .15
FLAT = 1e-14  # rounding leaves variances of this size where nothing varies
SAYS: dict[Assumption, str] = {
    "random_both": "new trainings and new test images",
    "fixed_cases": "new trainings, these test images",
    "fixed_readers": "these trainings, new test images",
}


@dataclass(frozen=True, kw_only=True)
class SeedDifference(Measure):
    """Hold augmented - baseline of one training seed; limits speak of its two models alone."""

    seed: Hashable
    baseline: float
    augmented: float
    se: float
    p: float


@dataclass(frozen=True, kw_only=True)
class Comparison(Measure):
    """Hold augmented - baseline, mean over seeds; limits for new trainings and new test images.

    se^2 = (between + s max(shared, 0)) / s with `between` the variance of the difference over s
    seeds and `shared` the mean covariance of two seeds over test images; df is Hillis's.
    over_seeds: t limits for new trainings on these test images. over_images: limits for these
    trainings on new test images. baseline and augmented: the arms themselves, on all of both.
    seed_variance: what training adds, without the test images; below 0 = nothing to see of it.
    """

    score: str
    se: float
    df: float
    statistic: float
    p: float
    baseline: Measure
    augmented: Measure
    per_seed: tuple[SeedDifference, ...]
    over_seeds: Measure
    over_images: Measure
    seed_variance: float
    image_variance: float
    shared_covariance: float


@dataclass(frozen=True)
class Values:
    """Hold a score (2 arms, s seeds) and its covariance (2 s, 2 s) over test images, arm-major.

    limits: (s, 2) of each seed's difference, `how` they were made. n_independent images (or
    disjoint pairs, or clusters) bound what has no estimated variance.
    """

    score: str
    table: Floats
    covariance: Floats
    limits: Floats
    how: str
    n_independent: int
    warnings: tuple[str, ...] = ()


def combine(trials: Trials, values: Values, level: float) -> Comparison:
    """Join the variances of training and of test images (see `Comparison`).

    Without any variance limits are bounds from images that all behave alike, with a warning.
    Sources: Obuchowski & Rockette 1995, Commun Stat Simul 24:285; Hillis 2007, Stat Med 26:596;
    Hillis, Obuchowski & Berbaum 2011, Acad Radiol 18:129.
    """
    s = values.table.shape[1]
    signs = np.hstack([-np.eye(s), np.eye(s)])
    paired = signs @ values.covariance @ signs.T
    parts = [_Part.of(values.table[1] - values.table[0], paired, -1.0)]
    for arm in (0, 1):
        own = slice(arm * s, (arm + 1) * s)
        parts.append(_Part.of(values.table[arm], values.covariance[own, own], 0.0))
    difference, baseline, augmented = parts
    maker = _Maker(trials, values, level)
    head = maker.measure(difference, "random_both")
    error = difference.errors["random_both"]
    return Comparison(
        estimate=head.estimate,
        low=head.low,
        high=head.high,
        method=head.method,
        counts=trials.counts,
        warnings=(*_notes(trials), *values.warnings, *head.warnings),
        score=values.score,
        se=error.se,
        df=error.df,
        statistic=head.estimate / error.se if error.se > 0 else 0.0,
        p=maker.p(difference.mean, error),
        baseline=maker.measure(baseline, "random_both"),
        augmented=maker.measure(augmented, "random_both"),
        per_seed=tuple(maker.seed(k, paired[k, k]) for k in range(s)),
        over_seeds=maker.measure(difference, "fixed_cases"),
        over_images=maker.measure(difference, "fixed_readers"),
        seed_variance=difference.between - difference.own + difference.shared,
        image_variance=difference.own,
        shared_covariance=difference.shared,
    )


@dataclass(frozen=True)
class _Part:
    """Hold the mean over seeds of a score or a difference, and its errors."""

    mean: float
    between: float
    own: float
    shared: float
    errors: dict[Assumption, Error]
    least: float  # the smallest value it can take; the largest is 1

    @staticmethod
    def of(values: Floats, covariance: Floats, least: float) -> "_Part":
        s = values.size
        between, own = float(values.var(ddof=1)), float(np.diag(covariance).mean())
        shared = float((covariance.sum() - np.trace(covariance)) / (s * (s - 1)))
        between, own, shared = (
            part if abs(part) > FLAT else 0.0 for part in (between, own, shared)
        )
        errors = single_errors(between, own, shared, s)
        return _Part(float(values.mean()), between, own, shared, errors, least)


@dataclass(frozen=True)
class _Maker:
    trials: Trials
    values: Values
    level: float

    def measure(self, part: _Part, way: Assumption) -> Measure:
        """Give t limits, cut at the smallest and largest value, or bounds without variance."""
        error = part.errors[way]
        reach = critical(self.level, error.df) * error.se
        low, high = part.mean - reach, part.mean + reach
        if error.se == 0:
            low, high = self._bounds(part.mean, part.least)
        s = len(self.trials.seeds)
        kind = "difference of " if part.least < 0 else ""
        return Measure(
            part.mean,
            max(part.least, low),
            min(1.0, high),
            f"{kind}{self.values.score}, mean over {s} seeds; {self.values.how}; {SAYS[way]}",
            counts=self.trials.counts,
            warnings=() if error.se > 0 else (self._flat(),),
        )

    def seed(self, k: int, variance: float) -> SeedDifference:
        """Give the difference of seed k with its own limits."""
        baseline, augmented = (float(row[k]) for row in self.values.table)
        flat = variance <= FLAT
        error = Error(0.0 if flat else float(np.sqrt(variance)), np.inf)
        gap = augmented - baseline
        low, high = self._bounds(gap, -1.0) if flat else self.values.limits[k]
        return SeedDifference(
            estimate=gap,
            low=max(-1.0, min(float(low), gap)),
            high=min(1.0, max(float(high), gap)),
            method=f"difference of {self.values.score}, one seed; {self.values.how}",
            counts=self.trials.counts | {"seeds": 1},
            warnings=(self._flat(),) if flat else (),
            seed=self.trials.seeds[k],
            baseline=baseline,
            augmented=augmented,
            se=error.se,
            p=self.p(gap, error),
        )

    def p(self, gap: float, error: Error) -> float:
        """Give the two-sided p-value of a difference of 0.

        Without variance at least |gap| / (1 + |gap|) of all images would have to behave otherwise.
        """
        if error.se > 0:
            return float(min(1.0, 2 * upper_tail(abs(gap) / error.se, error.df)))
        share = abs(gap) / (1 + abs(gap))
        return float(min(1.0, 2 * (1 - share) ** self.values.n_independent))

    def _bounds(self, mean: float, least: float) -> tuple[float, float]:
        """Bound a mean of images that all behave alike: at most this share behaves otherwise."""
        share = 1 - ((1 - self.level) / 2) ** (1 / self.values.n_independent)
        return mean - share * (mean - least), mean + share * (1 - mean)

    def _flat(self) -> str:
        n = self.values.n_independent
        return f"{self.values.score} has no estimated variance: limits are bounds from {n} units"


def _notes(trials: Trials) -> tuple[str, ...]:
    s, notes = len(trials.seeds), []
    if s < FEW_SEEDS:
        notes.append(f"{s} seeds know the spread of training poorly; {FEW_SEEDS} are better")
    if trials.is_clustered and trials.n_clusters < FEW_CLUSTERS:
        notes.append(f"{trials.n_clusters} clusters: bootstrap limits of so few are too narrow")
    if trials.n_missing:
        notes.append(f"{trials.n_missing} images lack a score in some training and were left out")
    return tuple(notes)
