"""The area under the ROC curve of a classifier, trained with and without synthetic images."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from metrics.downstream.frame import Trials, read_trials
from metrics.downstream.resampling import Copies, copies_of
from metrics.downstream.seeds import Comparison, Values, combine
from metrics.stats.bootstrap import DRAWS, SEED
from metrics.stats.intervals import check_level, critical
from metrics.stats.roc import Bools, Floats, placements, require_both


@dataclass(frozen=True, kw_only=True)
class AurocComparison(Comparison):
    """Hold the comparison of AUROC; with several classes the mean of one class against the rest.

    per_class holds the same comparison for each class, empty where there are two.
    """

    per_class: dict[Hashable, Comparison]


def compare_auroc(
    frame: pd.DataFrame,
    *,
    baseline: Hashable,
    augmented: Hashable,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> AurocComparison:
    """Compare AUROC of two ways of training over several seeds, on the same test images.

    frame: as `read_trials`: columns seed, arm, case, truth, score, and cluster, class where they
    apply. Per seed the difference is paired on the test images: DeLong's covariance where every
    cluster has one image, else a bootstrap of whole clusters (patients). Over seeds the variance
    of training joins that of the test images (see `Comparison`). Several classes: the mean over
    classes of one against the rest.
    Raises InsufficientData below 3 seeds, 2 images of either kind or 2 clusters; ValueError as
    `read_trials`. Sources: DeLong et al. 1988, Biometrics 44:837; Hillis 2007, Stat Med 26:596;
    Fawcett 2006, Pattern Recognit Lett 27:861 (one against the rest; here all classes
    weigh the same).
    """
    check_level(level)
    trials = read_trials(frame, baseline, augmented)
    for positive in trials.positive:
        require_both(int(positive.sum()), int((~positive).sum()))
    every = np.arange(len(trials.classes))
    several = len(every) > 1
    copies = copies_of(trials, _areas, draws, seed) if trials.is_clustered else None
    head = combine(trials, _values(trials, every, copies, level), level)
    per_class = {
        name: combine(trials, _values(trials, np.array([k]), copies, level), level)
        for k, name in enumerate(trials.classes)
        if several
    }
    return AurocComparison(**vars(head), per_class=per_class)


def _values(trials: Trials, chosen: np.ndarray, copies: Copies | None, level: float) -> Values:
    """Score the mean over the chosen classes, with its covariance over test images."""
    s = len(trials.seeds)
    influence = np.zeros((2 * s, trials.n_cases))
    table = np.zeros((2, s))
    for k in chosen:
        for arm, row in enumerate(trials.scores[:, :, k]):
            for j, score in enumerate(row):
                area, moves = _area(score, trials.positive[k])
                table[arm, j] += area / len(chosen)
                influence[arm * s + j] += moves / len(chosen)
    names = "AUROC" if len(chosen) == 1 else f"AUROC of one against the rest, {len(chosen)} classes"
    n_pairs = min(_pairs(trials, k) for k in chosen)
    if copies is not None:
        part = copies.over_classes(chosen)
        return Values(
            names, table, part.covariance, part.limits(level), part.how, n_pairs, part.warnings
        )
    matrix = influence @ influence.T
    gaps = influence[s:] - influence[:s]
    reach = critical(level) * np.sqrt((gaps**2).sum(axis=1))
    middle = table[1] - table[0]
    limits = np.column_stack([middle - reach, middle + reach])
    return Values(names, table, matrix, limits, "paired DeLong over test images", n_pairs)


def _area(score: Floats, positive: Bools) -> tuple[float, Floats]:
    """Return the area and each image's share of its error (n,): products sum to DeLong's
    covariance S10 / n1 + S01 / n0."""
    place = placements(score[positive], score[~positive])
    moves = np.empty(score.size)
    for kind, values in ((positive, place.positive), (~positive, place.negative)):
        n = values.size
        moves[kind] = (values - values.mean()) / np.sqrt(n * (n - 1))
    return place.area, moves


def _pairs(trials: Trials, k: int) -> int:
    """Count clusters with a positive and with a negative image; the fewer bound disjoint pairs."""
    kinds = (trials.positive[k], ~trials.positive[k])
    return min(len(np.unique(trials.clusters[kind])) for kind in kinds)


def _areas(trials: Trials, weights: Floats) -> Floats:
    """Return the areas of weighted images: (draws, 2, s, c), NaN where a kind has no weight."""
    found = np.empty((len(weights), *trials.scores.shape[:3]))
    for arm, seed, k in np.ndindex(*trials.scores.shape[:3]):
        found[:, arm, seed, k] = _weighted(trials.scores[arm, seed, k], trials.positive[k], weights)
    return found


def _weighted(score: Floats, positive: Bools, weights: Floats) -> Floats:
    """Return the area for each row of weights (draws, n): ties count one half."""
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=-np.inf) > 0)
    sums = [
        np.add.reduceat(weights[:, order] * kind[order], starts, axis=1)
        for kind in (positive, ~positive)
    ]
    above, below = sums
    under = np.cumsum(below, axis=1) - below / 2
    total = above.sum(axis=1) * below.sum(axis=1)
    hits = (above * under).sum(axis=1)
    return np.divide(hits, total, out=np.full(len(weights), np.nan), where=total > 0)
