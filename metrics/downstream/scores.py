"""Macro F1 and accuracy of a classifier, trained with and without synthetic images."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metrics.downstream.frame import Trials, read_trials
from metrics.downstream.resampling import copies_of
from metrics.downstream.seeds import Comparison, Values, combine
from metrics.errors import InsufficientData
from metrics.stats.bootstrap import DRAWS, SEED
from metrics.stats.confusion import Confusion, confusion
from metrics.stats.confusion.scores import values_of
from metrics.stats.intervals import check_level, check_number
from metrics.stats.roc import Floats

Score = Literal["macro F1", "accuracy"]
SCORES: tuple[Score, ...] = ("macro F1", "accuracy")
Codes = NDArray[np.intp]
_INDEPENDENT = ("limits in the single confusion matrices take images as independent",)


@dataclass(frozen=True, kw_only=True)
class ScoreComparison(Comparison):
    """Hold the comparison, and each training's confusion matrix under (arm, seed)."""

    confusions: dict[tuple[Hashable, Hashable], Confusion]


def compare_scores(
    frame: pd.DataFrame,
    *,
    baseline: Hashable,
    augmented: Hashable,
    score: Score = "macro F1",
    threshold: float = 0.5,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> ScoreComparison:
    """Compare macro F1 or accuracy of two ways of training over seeds, on the same test images.

    frame: as `read_trials`. The answer is the class with the highest score (the first of equal
    ones), or, with two classes, 1 for a score above `threshold`. Macro F1 is the mean of the
    classes' F1. Test images, or whole clusters, are bootstrapped jointly for all trainings; over
    seeds the variances join as in `compare_auroc`.
    Raises InsufficientData below 3 seeds or for a class without test images; ValueError for an
    unknown score, and as `read_trials`. Sources: Opitz & Burst 2019, arXiv 1911.03347; Hillis
    2007, Stat Med 26:596.
    """
    check_level(level)
    check_number(threshold, "threshold")
    if score not in SCORES:
        raise ValueError(f"score {score!r} is unknown; choose one of {', '.join(SCORES)}.")
    trials = read_trials(frame, baseline, augmented)
    names, truth, answers = _answers(trials, threshold)
    _require_classes(names, truth, score)

    def scored(_: Trials, weights: Floats) -> Floats:
        return _score(weights, truth, answers, len(names), score)[..., None]

    copies = copies_of(trials, scored, draws, seed)
    table = scored(trials, np.ones((1, trials.n_cases)))[0, ..., 0]
    values = Values(
        score,
        table,
        copies.covariance,
        copies.limits(level),
        copies.how,
        _units(trials, truth, score),
        copies.warnings + (_INDEPENDENT if trials.is_clustered else ()),
    )
    confusions = {
        (arm, name): confusion(
            [names[k] for k in truth],
            [names[k] for k in answers[a, j]],
            classes=names,
            level=level,
            draws=draws,
            seed=seed,
        )
        for a, arm in enumerate(trials.arms)
        for j, name in enumerate(trials.seeds)
    }
    return ScoreComparison(**vars(combine(trials, values, level)), confusions=confusions)


def _answers(trials: Trials, threshold: float) -> tuple[list[Hashable], Codes, Codes]:
    """Return the classes, the true codes (n,) and the answered codes (2, s, n)."""
    if len(trials.classes) == 1:
        truth = trials.positive[0].astype(np.intp)
        return [0, 1], truth, (trials.scores[:, :, 0] > threshold).astype(np.intp)
    return list(trials.classes), trials.positive.argmax(axis=0), trials.scores.argmax(axis=2)


def _require_classes(names: list[Hashable], truth: Codes, score: Score) -> None:
    silent = [names[k] for k in range(len(names)) if not (truth == k).any()]
    if silent:
        raise InsufficientData(
            f"{truth.size} test images, none of classes {silent}; {score} needs one each."
        )


def _score(weights: Floats, truth: Codes, answers: Codes, k: int, score: Score) -> Floats:
    """Return the score of weighted images: (draws, 2, s)."""
    found = np.empty((len(weights), *answers.shape[:2]))
    for arm, seed in np.ndindex(*answers.shape[:2]):
        cells = np.eye(k * k)[truth * k + answers[arm, seed]]
        values = values_of((weights @ cells).reshape(-1, k, k))
        found[:, arm, seed] = values["accuracy"] if score == "accuracy" else values["f1"].mean(1)
    return found


def _units(trials: Trials, truth: Codes, score: Score) -> int:
    """Count the clusters that bound a score without variance: of the rarest class for macro F1."""
    if score == "accuracy":
        return trials.n_clusters
    return min(len(np.unique(trials.clusters[truth == k])) for k in np.unique(truth))
