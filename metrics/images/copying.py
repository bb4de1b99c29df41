"""Does a generator repeat its training images? Distances to the nearest of them, compared.

Nothing here proves privacy: an attacker can win where every distance passes (arXiv 2505.01524).
The most that may be said is that no copies were found at a threshold.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData
from metrics.images.features import Floats, features_of, require_images
from metrics.images.neighbours import nearest, nearest_others
from metrics.images.result import Extractor, Measure, in_words
from metrics.stats.intervals import check_level, check_number, critical, is_whole, upper_tail
from metrics.stats.proportions.binomial import wilson_limits
from metrics.stats.readings import label_codes, labels
from metrics.stats.turing import AreaTest, delong

FEWEST = 20  # images of a cell below which z is not yet normal
QUANTILE = 0.01
NAMES = ("train", "generated", "held out")


@dataclass(frozen=True, kw_only=True)
class CellCopying(Measure):
    """Hold z of one cell (class): far below 0 = copies, far above 0 = generated images far off.

    farther: chance that a generated image lies farther from training than a held-out one, with
    DeLong's limits; .5 without copying.
    """

    cell: Hashable
    p: float
    farther: AreaTest
    weight: float
    is_counted: bool


@dataclass(frozen=True, kw_only=True)
class Copying(Measure):
    """Hold C_T over cells; p is two-sided, against no difference from held-out images."""

    p: float
    cells: tuple[CellCopying, ...]

    @property
    def sentence(self) -> str:
        """Say the result in words that promise nothing."""
        return self.beside("held-out real images")

    def beside(self, others: str) -> str:
        """Say the result where `others` took the place of held-out images."""
        if self.high < 0:
            return f"Generated images lie nearer to training images than {others} do."
        if self.low > 0:
            return f"Generated images lie farther from training images than {others} do."
        return f"No nearer to training images, on average, than {others}."


@dataclass(frozen=True)
class Pair:
    """Hold a generated image, the training image nearest to it, and their distance."""

    generated: int
    train: int
    distance: float
    is_below: bool


@dataclass(frozen=True, kw_only=True)
class ClosestPairs(Measure):
    """Hold the share of generated images below the threshold, and the closest pairs to look at.

    held_out_below: that share of the held-out images. expected: what to expect of unseen images
    that come from the held-out ones' law; p, one-sided, of as many below or more by chance.
    """

    threshold: float
    quantile: float
    held_out_below: float
    expected: float
    p: float
    is_more: bool
    n_below: int
    n_exact: int
    pairs: tuple[Pair, ...]

    @property
    def sentence(self) -> str:
        """Say the result in words that promise nothing."""
        n = self.counts["generated"]
        if self.n_below == 0:
            return f"No copies found at threshold {self.threshold:.4g} among {n} generated images."
        more = "more than" if self.is_more else "not clearly more than"
        return (
            f"{self.n_below} of {n} generated images lie nearer than {self.threshold:.4g} to a "
            f"training image, {more} the {self.expected:.2%} to expect of unseen real ones; look "
            f"at the pairs."
        )


@dataclass(frozen=True, kw_only=True)
class Authenticity(Measure):
    """Hold the share of authentic generated images, beside that of held-out real ones if given."""

    held_out: Measure | None
    is_authentic: tuple[bool, ...]


def copying(
    train: ArrayLike,
    generated: ArrayLike,
    held_out: ArrayLike,
    *,
    cells: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    fewest: int = FEWEST,
    level: float = 0.95,
    extractor: Extractor | None = None,
) -> Copying:
    """Test whether generated images lie nearer to training images than held-out real ones do.

    train: (l, d), generated: (m, d), held_out: (n, d) features; held-out images must come from
    other patients than the training images. cells: the labels of the three sets, such as classes;
    distances stay within a cell. L(x) = distance to the nearest training image.
    z = (U - n m / 2) / sqrt(n m (n + m + 1) / 12), U = pairs with L(generated) > L(held out), ties
    half; C_T = sum of P_n(cell) z(cell) / sum of P_n(cell), P_n the share of held-out images, over
    cells with at least `fewest` generated and held-out images. Limits add the error that z has
    without copying: 1 in a cell, sqrt(sum P_n^2) / sum P_n for C_T. The paper's z, without the .5
    that its authors' code adds to U.
    Raises InsufficientData when no cell has enough images of all three sets; ValueError for
    malformed features or labels. Source: Meehan, Chaudhuri & Dasgupta 2020, arXiv 2004.05675.
    """
    check_level(level)
    if not is_whole(fewest, 1):
        raise ValueError(f"fewest is {fewest!r}; take a whole number of images, {FEWEST} or so.")
    sets = _three(train, generated, held_out)
    names = _cell_labels(cells, sets)
    tested, notes = _cells(sets, names, fewest, level)
    counted = [one for one in tested if one.is_counted]
    counts = dict(zip(NAMES, map(len, sets), strict=True))
    if not counted:
        raise InsufficientData(
            f"{in_words(counts)} images in {len({*names[1], *names[2]})} cells: none has "
            f"a training image and {fewest} of both others. Add images or merge cells."
        )
    weights = np.array([one.weight for one in counted])
    estimate = float(weights @ [one.estimate for one in counted] / weights.sum())
    se = float(np.linalg.norm(weights) / weights.sum())
    reach = critical(level) * se
    return Copying(
        estimate=estimate,
        low=estimate - reach,
        high=estimate + reach,
        method=f"C_T of {len(counted)} cells, Mann-Whitney z of distances to training images",
        counts=counts,
        warnings=notes,
        extractor=extractor,
        p=min(1.0, 2 * upper_tail(abs(estimate) / se)),
        cells=tested,
    )


def _cells(
    sets: list[Floats], names: list[NDArray[np.object_]], fewest: int, level: float
) -> tuple[tuple[CellCopying, ...], tuple[str, ...]]:
    """Test each cell that has a training image and two images of both other sets."""
    tested, notes = [], []
    for cell in dict.fromkeys([*names[2], *names[1]]):
        parts = [part[own == cell] for part, own in zip(sets, names, strict=True)]
        sizes = dict(zip(NAMES, map(len, parts), strict=True))
        if sizes["train"] < 1 or min(sizes["generated"], sizes["held out"]) < 2:
            notes.append(f"cell {cell} cannot be tested: {in_words(sizes)} images")
            continue
        one = _cell(cell, parts, sizes["held out"] / len(sets[2]), fewest, level)
        tested.append(one)
        if not one.is_counted:
            notes.append(f"cell {cell} is not in C_T: {in_words(sizes)} images")
    return tuple(tested), tuple(notes)


def closest_pairs(
    train: ArrayLike,
    generated: ArrayLike,
    held_out: ArrayLike,
    *,
    count: int = 20,
    quantile: float = QUANTILE,
    level: float = 0.95,
    extractor: Extractor | None = None,
) -> ClosestPairs:
    """List the generated images that lie nearest to a training image, for somebody to look at.

    train: (l, d), generated: (m, d), held_out: (n, d) features. The threshold is the `quantile`
    of the distances from held-out to training images (the lower neighbour, so the smallest one
    below 1 / quantile held-out images): c of n held-out images lie below it as well. An exact
    copy in feature space, at distance 0, is always below. Limits of the share are Wilson's and
    take the threshold as known. The comparison does not: c moves as the generated images' number
    does, which of m images of the same law is beta-binomial(m, c + 1, n - c), with the share
    (c + 1) / (n + 1) on average; more is said where p < (1 - level) / 2.
    Raises InsufficientData below 2 held-out images; ValueError for malformed features.
    Source: Epstein 1954, Ann Math Stat 25:762 (exceedances).
    """
    check_level(level)
    if not 0 < check_number(quantile, "quantile") < 1:
        raise ValueError(f"quantile is {quantile!r}; take a share between 0 and 1, such as .01.")
    if not is_whole(count, 0):
        raise ValueError(f"count is {count!r}; list a whole number of pairs, 0 or more.")
    t, g, h = _three(train, generated, held_out)
    require_images(h, "held out", 2, "the threshold")
    found = nearest(g, t)
    apart = nearest(h, t).distance
    threshold = float(np.quantile(apart, quantile, method="lower"))
    below, usual = ((part < threshold) | (part == 0) for part in (found.distance, apart))
    order = np.argsort(found.distance, kind="stable")[: int(count)]
    n_below = int(below.sum())
    low, high = wilson_limits(n_below, len(g), level)
    p = exceedance(n_below, len(g), int(usual.sum()), len(h))
    notes = []
    if threshold == 0:
        notes.append("a held-out image has the features of a training image: check the split")
    if len(h) < 1 / quantile:
        notes.append(f"{len(h)} held-out images: the threshold is the smallest of their distances")
    return ClosestPairs(
        estimate=n_below / len(g),
        low=low,
        high=high,
        method=(
            f"share of generated images nearer to a training image than {quantile:.3g} of held-out "
            f"ones; wilson {level:.4g}"
        ),
        counts={"train": len(t), "generated": len(g), "held out": len(h)},
        warnings=tuple(notes),
        extractor=extractor,
        threshold=threshold,
        quantile=quantile,
        held_out_below=float(usual.mean()),
        expected=float(usual.sum() + 1) / (len(h) + 1),
        p=p,
        is_more=p < (1 - level) / 2,
        n_below=n_below,
        n_exact=int((found.distance == 0).sum()),
        pairs=tuple(
            Pair(int(i), int(found.index[i]), float(found.distance[i]), bool(below[i]))
            for i in order
        ),
    )


def exceedance(n_below: int, m: int, c: int, n: int) -> float:
    """Return the chance that n_below or more of m images lie below what c of n held-out images
    lie below, when all are of one law: beta-binomial(m, c + 1, n - c), conservative where
    distances tie, 1 where c is n. Source: Epstein 1954, Ann Math Stat 25:762."""
    from scipy.stats import betabinom

    return float(betabinom.sf(n_below - 1, m, c + 1, n - c)) if c < n else 1.0


def authenticity(
    train: ArrayLike,
    generated: ArrayLike,
    held_out: ArrayLike | None = None,
    *,
    level: float = 0.95,
    extractor: Extractor | None = None,
) -> Authenticity:
    """Return the share of generated images that are no noisy copy of a training image.

    train: (l, d), generated: (m, d) and, for comparison, held_out: (n, d) features. A generated
    image is authentic when its nearest training image is nearer to another training image than to
    it. How many honest images are authentic depends on the dimension and on l: compare with
    held-out ones. Limits are Wilson's.
    Raises InsufficientData below 2 training images; ValueError for malformed features.
    Source: Alaa et al. 2022, arXiv 2102.08921 (authenticity).
    """
    check_level(level)
    t, g = features_of(train, "train"), features_of(generated, "generated")
    h = None if held_out is None else features_of(held_out, "held out")
    _same_width([part for part in (t, h, g) if part is not None])
    require_images(t, "train", 2, "authenticity")
    between = nearest_others(t, 1).distance[:, 0]
    marks = _authentic(g, t, between)
    counts = {"train": len(t), "generated": len(g)}
    baseline = None
    if h is not None:
        baseline = _share(_authentic(h, t, between), {"train": len(t), "held out": len(h)}, level)
    own = _share(marks, counts, level)
    return Authenticity(
        estimate=own.estimate,
        low=own.low,
        high=own.high,
        method=own.method,
        counts=counts,
        extractor=extractor,
        held_out=baseline,
        is_authentic=tuple(bool(mark) for mark in marks),
    )


def _authentic(points: Floats, train: Floats, between: Floats) -> NDArray[np.bool_]:
    found = nearest(points, train)
    return np.asarray(found.distance > between[found.index])


def _share(marks: NDArray[np.bool_], counts: dict[str, int], level: float) -> Measure:
    low, high = wilson_limits(int(marks.sum()), len(marks), level)
    return Measure(
        float(marks.mean()), low, high, f"authenticity; wilson {level:.4g}", counts=counts
    )


def _cell(
    cell: Hashable, parts: list[Floats], weight: float, fewest: int, level: float
) -> CellCopying:
    """Test one cell from its training, held-out and generated features."""
    train, generated, held_out = parts
    n, m = len(held_out), len(generated)
    far = [nearest(part, train).distance for part in (held_out, generated)]
    farther = delong(np.repeat([0, 1], [n, m]), np.concatenate(far), level=level)
    z = (farther.estimate - 0.5) * n * m / sqrt(n * m * (n + m + 1) / 12)
    reach = critical(level)
    return CellCopying(
        estimate=z,
        low=z - reach,
        high=z + reach,
        method="Mann-Whitney z of distances to training images",
        counts={"train": len(train), "generated": m, "held out": n},
        cell=cell,
        p=min(1.0, 2 * upper_tail(abs(z))),
        farther=farther,
        weight=weight,
        is_counted=min(n, m) >= fewest,
    )


def _three(train: ArrayLike, generated: ArrayLike, held_out: ArrayLike) -> list[Floats]:
    given = (train, generated, held_out)
    sets = [features_of(values, name) for values, name in zip(given, NAMES, strict=True)]
    _same_width(sets)
    return sets


def _same_width(sets: list[Floats]) -> None:
    widths = [part.shape[1] for part in sets]
    if len(set(widths)) > 1:
        raise ValueError(f"The sets have {widths} dimensions; take all from one extractor.")


def _cell_labels(
    cells: tuple[ArrayLike, ArrayLike, ArrayLike] | None, sets: list[Floats]
) -> list[NDArray[np.object_]]:
    if cells is None:
        return [np.full(len(part), "all", dtype=object) for part in sets]
    if len(cells) != 3:
        raise ValueError(f"{len(cells)} lists of cells; give those of the three sets.")
    for own, part in zip(cells, sets, strict=True):
        label_codes(own, len(part), "cells")
    return [labels(own, "cells") for own in cells]
