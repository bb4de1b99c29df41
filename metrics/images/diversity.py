"""How much do a generator's images of one class differ from each other?"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData
from metrics.images.features import Floats
from metrics.images.means import bounds
from metrics.images.result import Measure
from metrics.images.ssim import LEAST_SIDE, LEAST_VALUE, METRICS, Metric
from metrics.stats.bootstrap import SEED
from metrics.stats.intervals import check_level, critical, is_whole
from metrics.stats.readings import labels

LEAST = 4
MOST_PAIRS = 200


@dataclass(frozen=True, kw_only=True)
class Diversity(Measure):
    """Hold the mean similarity of two images of one class: the higher, the less diverse.

    per_class: the same within each class; the headline is the plain mean over classes.
    """

    metric: Metric
    per_class: dict[Hashable, Measure]
    seed: int


def diversity(
    images: Sequence[ArrayLike],
    classes: ArrayLike,
    *,
    most_pairs: int = MOST_PAIRS,
    data_range: float | None = None,
    seed: int = SEED,
    level: float = 0.95,
) -> Diversity:
    """Return the mean pairwise MS-SSIM of images within their class; SSIM below 176 px.

    images: n of one shape; classes: n labels. In each class the images stand in a circle, drawn
    with `seed`, and each is compared with its next ones, up to `most_pairs` pairs in all. Every
    image so weighs the same. The error is the jackknife over images (conservative for a part of
    all pairs), limits t on n - 1 for a class; those of the mean join the classes' own. Print it
    beside that of the real images: diverse means as low as theirs.
    Raises InsufficientData for a class with fewer than 4 images; ValueError for unequal lengths,
    images of different shapes, and as `ssim`.
    Sources: Odena, Olah & Shlens 2017, arXiv 1610.09585, section 4.2; Wang et al. 2003.
    """
    check_level(level)
    names = labels(classes, "classes")
    if len(names) != len(images) or not len(names):
        raise ValueError(f"{len(images)} images and {len(names)} classes; give one class each.")
    shapes = {np.shape(image) for image in images}
    if len(shapes) > 1:
        raise ValueError(f"Images have {len(shapes)} shapes, such as {sorted(shapes)[:2]}.")
    if not is_whole(most_pairs, 1):
        raise ValueError(f"most_pairs is {most_pairs!r}; compare at least 1 pair.")
    metric: Metric = "ms-ssim" if min(next(iter(shapes))[:2], default=0) >= LEAST_SIDE else "ssim"
    rng = np.random.default_rng(seed)
    per_class = {}
    for name in dict.fromkeys(names):
        own = np.flatnonzero(names == name)
        if len(own) < LEAST:
            raise InsufficientData(
                f"Class {name!r} has {len(own)} images; diversity needs at least {LEAST}."
            )
        circle = rng.permutation(own)
        steps = max(1, min((len(own) - 1) // 2, most_pairs // len(own)))
        values = _around(images, circle, steps, metric, data_range)
        per_class[name] = _one_class(values, metric, level)
    return _all_classes(per_class, metric, seed)


def _around(
    images: Sequence[ArrayLike],
    circle: NDArray[np.intp],
    steps: int,
    metric: Metric,
    data_range: float | None,
) -> Floats:
    """Compare each image with its next ones in the circle: (n, steps)."""
    n = len(circle)
    values = np.empty((n, steps))
    for i in range(n):
        for step in range(1, steps + 1):
            other = images[circle[(i + step) % n]]
            values[i, step - 1] = METRICS[metric](images[circle[i]], other, data_range=data_range)
    return values


def _one_class(values: Floats, metric: Metric, level: float) -> Measure:
    """Average the pairs of a class; jackknife over its images."""
    n, steps = values.shape
    mean, pairs = float(values.mean()), values.size
    touching = values.sum(axis=1)
    for step in range(1, steps + 1):
        touching = touching + np.roll(values[:, step - 1], step)
    left_out = (values.sum() - touching) / (pairs - 2 * steps)
    reach = critical(level, n - 1) * sqrt(float((n - 1) * left_out.var()))
    low, high, how = mean - reach, mean + reach, f"jackknife over images, t {level:.4g}"
    notes: tuple[str, ...] = ()
    if reach < 1e-9:
        low, high = bounds(mean, n // 2, level, LEAST_VALUE.get(metric, 0.0))
        how, notes = "exact bounds", (f"all {pairs} pairs are equally alike: {n // 2} count",)
    return Measure(
        mean,
        max(-1.0, min(low, mean)),
        min(1.0, max(high, mean)),
        f"mean {metric} of {pairs} pairs of {n} images; {how}",
        counts={"images": n, "pairs": pairs},
        warnings=notes,
    )


def _all_classes(per_class: dict[Hashable, Measure], metric: Metric, seed: int) -> Diversity:
    """Average classes; each limit joins the distances of the classes' own limits."""
    classes = list(per_class.values())
    mean = float(np.mean([one.estimate for one in classes]))
    down = float(np.linalg.norm([one.estimate - one.low for one in classes])) / len(classes)
    up = float(np.linalg.norm([one.high - one.estimate for one in classes])) / len(classes)
    notes = []
    if metric == "ssim":
        notes.append(f"images below {LEAST_SIDE} px: SSIM at one scale instead of MS-SSIM")
    notes += [f"class {name}: {note}" for name, one in per_class.items() for note in one.warnings]
    return Diversity(
        estimate=mean,
        low=max(-1.0, mean - down),
        high=min(1.0, mean + up),
        method=f"mean {metric} of two images of one class, mean over {len(classes)} classes",
        counts={
            "images": sum(one.counts["images"] for one in classes),
            "pairs": sum(one.counts["pairs"] for one in classes),
            "classes": len(classes),
        },
        warnings=tuple(notes),
        metric=metric,
        per_class=per_class,
        seed=seed,
    )
