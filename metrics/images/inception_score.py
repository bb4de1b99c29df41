"""Inception score, kept only to stand beside published tables: it never looks at a real image."""

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr, rel_entr

from metrics.errors import InsufficientData
from metrics.images.features import Floats, features_of
from metrics.images.result import Extractor, Measure
from metrics.stats.intervals import check_level, critical, is_whole

BLIND = "the score never looks at a real image: it cannot say that images are real"


@dataclass(frozen=True, kw_only=True)
class InceptionScore(Measure):
    """Hold the score, between 1 and the number of classes, and that of each split."""

    n_classes: int
    splits: tuple[float, ...]


def inception_score(
    probabilities: ArrayLike,
    splits: int = 1,
    *,
    level: float = 0.95,
    extractor: Extractor | None = None,
) -> InceptionScore:
    """Return exp of the mean divergence of p(y|x) from the mean p(y) over generated images.

    probabilities: (n images, classes), rows sum to 1. One split: limits by the delta method on
    the log scale, where an image's influence is KL(p(y|x) || p(y)) less its mean (bounds from n
    images that behave alike where none varies). Several splits
    (runs of images in the given order, as first published): the mean over splits with t limits
    (as for one split where all score the same).
    Biased upwards at small N, and blind to copies and to images missing within a class.
    Raises InsufficientData below 2 images in a split; ValueError for negative entries or rows
    that do not sum to 1. Sources: Salimans et al. 2016, arXiv 1606.03498, section 4; Barratt &
    Sharma 2018, arXiv 1801.01973.
    """
    check_level(level)
    p = _checked(probabilities)
    n, classes = p.shape
    if not is_whole(splits, 1):
        raise ValueError(f"splits is {splits!r}; take a whole number from 1.")
    if n < 2 * splits:
        raise InsufficientData(
            f"{n} generated images in {splits} splits; each split needs at least 2."
        )
    parts = [_divergences(part) for part in np.array_split(p, splits)]
    scores = [exp(float(part.mean())) for part in parts]
    estimate = min(float(classes), max(1.0, float(np.mean(scores))))
    (low, high), how, notes = _limits(parts, scores, classes, level)
    return InceptionScore(
        estimate=estimate,
        low=min(estimate, max(1.0, low)),
        high=max(estimate, min(float(classes), high)),
        method=(
            f"inception score of {n} generated images, {classes} classes, {splits} splits; {how}"
        ),
        counts={"generated": n},
        warnings=(BLIND, *notes),
        extractor=extractor,
        n_classes=classes,
        splits=tuple(scores),
    )


def _limits(
    parts: list[Floats], scores: list[float], classes: int, level: float
) -> tuple[tuple[float, float], str, tuple[str, ...]]:
    """Return the limits, how they were made, and a warning where nothing varies."""
    if np.ptp(scores) > 1e-9:
        se = float(np.std(scores, ddof=1)) / sqrt(len(scores))
        mean, reach = float(np.mean(scores)), critical(level, len(scores) - 1) * se
        return (mean - reach, mean + reach), f"t over splits {level:.4g}", ()
    values = np.concatenate(parts)
    centre, n = float(values.mean()), values.size
    reach = critical(level) * float(values.std(ddof=1)) / sqrt(n)
    if reach > 1e-9:
        return (exp(centre - reach), exp(centre + reach)), f"delta method {level:.4g}", ()
    # A share q of other images moves the divergence by h(q) + q log(classes) at most.
    q = 1 - ((1 - level) / 2) ** (1 / n)
    bound = float(entr(q) + entr(1 - q)) + q * log(classes)
    note = f"all {n} images diverge alike: limits are exact bounds"
    return (exp(centre - bound), exp(centre + bound)), "exact bounds", (note,)


def _divergences(p: Floats) -> Floats:
    """Return KL(p(y|x) || p(y)) of each image, in nats: (n,)."""
    return np.asarray(rel_entr(p, p.mean(axis=0)).sum(axis=1))


def _checked(probabilities: ArrayLike) -> Floats:
    p = features_of(probabilities, "probabilities")
    if p.shape[1] < 2:
        raise ValueError("probabilities have 1 column; the score needs 2 classes or more.")
    wrong = int(((p < 0).any(axis=1) | (np.abs(p.sum(axis=1) - 1) > 1e-3)).sum())
    if wrong:
        raise ValueError(
            f"{wrong} of {len(p)} rows of probabilities are negative somewhere or do not sum to 1; "
            f"give the softmax of the classifier."
        )
    return np.asarray(p / p.sum(axis=1, keepdims=True))
