"""Precision, recall and F1 of a confusion matrix and of its bootstrap copies."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metrics.stats.bootstrap import percentile_limits
from metrics.stats.proportions.binomial import exact_limits, wilson_limits
from metrics.stats.result import Estimate

Array = NDArray[np.float64]
Limits = tuple[float, float]


@dataclass(frozen=True)
class ClassScores:
    """Hold one class: how often it was intended (support) and answered, and its scores.

    A class that was never answered has precision 0 with limits 0 and 1.
    """

    name: Hashable
    support: int
    answered: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True)
class Confusion:
    """Hold the counts and scores of one arm or classifier; the headline is the macro F1.

    matrix: (classes, answers) counts; the first columns are the classes in order.
    """

    matrix: NDArray[np.int64]
    classes: tuple[Hashable, ...]
    answers: tuple[Hashable, ...]
    accuracy: Estimate
    macro_precision: Estimate
    macro_recall: Estimate
    macro_f1: Estimate
    per_class: tuple[ClassScores, ...]
    f1_of_macro_means: float
    draws: int
    seed: int

    @property
    def estimate(self) -> float:
        """Give the macro F1, the mean of the classes' F1."""
        return self.macro_f1.estimate

    @property
    def low(self) -> float:
        """Give the lower limit of the macro F1."""
        return self.macro_f1.low

    @property
    def high(self) -> float:
        """Give the upper limit of the macro F1."""
        return self.macro_f1.high

    @property
    def method(self) -> str:
        """Name how the macro F1 and its limits were computed."""
        return self.macro_f1.method

    @property
    def counts(self) -> dict[str, int]:
        """Give what the scores rest on."""
        return self.macro_f1.counts

    @property
    def estimand(self) -> str:
        """Say for whom the scores speak."""
        return self.macro_f1.estimand

    @property
    def warnings(self) -> tuple[str, ...]:
        """Give what limits the macro F1."""
        return self.macro_f1.warnings


@dataclass(frozen=True)
class Sample:
    """Hold what the scores rest on: counts, bootstrap copies (draws, classes, answers), sizes.

    `independent` says that every reading is of another image, so Wilson's limits hold;
    `images` is the number of images of each class.
    """

    matrix: NDArray[np.int64]
    classes: tuple[Hashable, ...]
    answers: tuple[Hashable, ...]
    copies: Array
    independent: bool
    images: NDArray[np.int64]
    n_readers: int
    n_missing: int
    estimand: str
    level: float
    draws: int
    seed: int


def score(sample: Sample) -> Confusion:
    """Return all scores of a sample with their intervals."""
    values = values_of(sample.matrix[None].astype(float))
    copies = values_of(sample.copies)
    intervals = _Intervals(sample)
    per_class = tuple(intervals.of_class(k, values, copies) for k in range(len(sample.classes)))
    macro = {
        name: intervals.macro(name, values[name][0], copies[name], per_class)
        for name in ("precision", "recall", "f1")
    }
    both = macro["precision"].estimate + macro["recall"].estimate
    product = macro["precision"].estimate * macro["recall"].estimate
    return Confusion(
        matrix=sample.matrix,
        classes=sample.classes,
        answers=sample.answers,
        accuracy=intervals.accuracy(values, copies),
        macro_precision=macro["precision"],
        macro_recall=macro["recall"],
        macro_f1=macro["f1"],
        per_class=per_class,
        f1_of_macro_means=2 * product / both if both > 0 else 0.0,
        draws=sample.draws,
        seed=sample.seed,
    )


def values_of(matrices: Array) -> dict[str, Array]:
    """Return scores of matrices (draws, classes, answers): (draws, classes), accuracy (draws,).

    Precision without answers is 0; recall and F1 of a class that a bootstrap copy lost are NaN.
    """
    k = matrices.shape[1]
    hits = np.diagonal(matrices[:, :, :k], axis1=1, axis2=2)
    support, answered = matrices.sum(axis=2), matrices.sum(axis=1)[:, :k]
    nothing = np.full(hits.shape, np.nan)
    total = support.sum(axis=1)
    return {
        "precision": np.divide(hits, answered, out=np.zeros(hits.shape), where=answered > 0),
        "recall": np.divide(hits, support, out=nothing.copy(), where=support > 0),
        "f1": np.divide(2 * hits, support + answered, out=nothing, where=support > 0),
        "accuracy": np.divide(
            hits.sum(axis=1), total, out=np.full(total.shape, np.nan), where=total > 0
        ),
    }


class _Intervals:
    """Build the estimates of one sample."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.how = f"bootstrap over images {sample.level:.4g}, {sample.draws} draws"
        if sample.n_readers > 1:
            self.how = f"bootstrap over images and readers {sample.level:.4g}"

    def of_class(self, k: int, values: dict[str, Array], copies: dict[str, Array]) -> ClassScores:
        """Return the scores of class k."""
        support = int(self.sample.matrix[k].sum())
        answered = int(self.sample.matrix[:, k].sum())
        recall = self._rate("recall", k, support, values, copies)
        precision = self._rate("precision", k, answered, values, copies)
        f1 = float(values["f1"][0, k])
        fallback = tuple(
            2 * p * r / (p + r) if p + r > 0 else 0.0
            for p, r in ((precision.low, recall.low), (precision.high, recall.high))
        )
        return ClassScores(
            self.sample.classes[k],
            support,
            answered,
            precision,
            recall,
            self._bootstrap("F1", f1, copies["f1"][:, k], (fallback[0], fallback[1])),
        )

    def accuracy(self, values: dict[str, Array], copies: dict[str, Array]) -> Estimate:
        """Return the share of readings whose answer is the intended class."""
        rate, matrix = float(values["accuracy"][0]), self.sample.matrix
        total = int(matrix.sum())
        if self.sample.independent:
            limits = wilson_limits(int(np.trace(matrix)), total, self.sample.level)
            return self._estimate(rate, limits, f"accuracy, wilson {self.sample.level:.4g}")
        plain = exact_limits(rate, float(self.sample.images.sum()), self.sample.level)
        return self._bootstrap("accuracy", rate, copies["accuracy"], plain)

    def macro(
        self, name: str, values: Array, copies: Array, classes: tuple[ClassScores, ...]
    ) -> Estimate:
        """Return the plain mean of a score over classes."""
        mean = float(values.mean())
        parts: list[Estimate] = [getattr(scores, name) for scores in classes]
        down = np.linalg.norm([part.estimate - part.low for part in parts]) / len(parts)
        up = np.linalg.norm([part.high - part.estimate for part in parts]) / len(parts)
        fallback = (mean - float(down), mean + float(up))
        label = "F1" if name == "f1" else name
        return self._bootstrap(f"macro {label}", mean, copies.mean(axis=1), fallback)

    def _rate(
        self, name: str, k: int, n: int, values: dict[str, Array], copies: dict[str, Array]
    ) -> Estimate:
        """Return precision or recall of class k out of n readings."""
        rate = float(values[name][0, k])
        if n == 0:
            note = (f"class {self.sample.classes[k]!r} was never answered",)
            return self._estimate(rate, (0.0, 1.0), f"{name}, no answer", note)
        if self.sample.independent:
            limits = wilson_limits(int(self.sample.matrix[k, k]), n, self.sample.level)
            return self._estimate(rate, limits, f"{name}, wilson {self.sample.level:.4g}")
        plain = exact_limits(rate, min(n, float(self.sample.images[k])), self.sample.level)
        return self._bootstrap(name, rate, copies[name][:, k], plain)

    def _bootstrap(self, name: str, value: float, copies: Array, fallback: Limits) -> Estimate:
        """Return percentile limits, or the fallback where the copies do not vary."""
        if np.nanstd(copies) < 1e-12:
            note = ("bootstrap copies do not vary; limits from the exact or Wilson limits",)
            return self._estimate(value, fallback, f"{name}, {self.sample.level:.4g}", note)
        low, high, notes = percentile_limits(copies, self.sample.level)
        return self._estimate(value, (low, high), f"{name}, {self.how}", notes)

    def _estimate(
        self, value: float, limits: Limits, method: str, notes: tuple[str, ...] = ()
    ) -> Estimate:
        low, high = limits
        return Estimate(
            value,
            max(0.0, min(low, value)),
            min(1.0, max(high, value)),
            method,
            n_images=int(self.sample.images.sum()),
            n_readers=self.sample.n_readers,
            n_readings=int(self.sample.matrix.sum()),
            n_missing=self.sample.n_missing,
            estimand=self.sample.estimand,
            warnings=notes,
        )
