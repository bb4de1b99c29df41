"""From a tidy frame of test scores to the arrays of a paired comparison."""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metrics.errors import InsufficientData
from metrics.stats.readings import labels, numbers, require_columns, tidy
from metrics.stats.roc import Bools, Floats

COLUMNS = ("seed", "arm", "case", "truth", "score")
LEAST_SEEDS = 3


@dataclass(frozen=True)
class Trials:
    """Hold the scores of two arms, several seeds and shared cases.

    scores: (2 arms, s seeds, c classes, n cases), baseline first; positive: (c, n). Two classes
    have one row of scores, that of the positive class. clusters: (n,) codes, all different where
    images are independent.
    """

    arms: tuple[Hashable, Hashable]
    seeds: tuple[Hashable, ...]
    classes: tuple[Hashable, ...]
    scores: Floats
    positive: Bools
    clusters: NDArray[np.intp]
    n_missing: int

    @property
    def n_cases(self) -> int:
        """Count the test images."""
        return self.positive.shape[1]

    @property
    def n_clusters(self) -> int:
        """Count the clusters, such as patients."""
        return int(self.clusters.max()) + 1

    @property
    def is_clustered(self) -> bool:
        """Say whether some cluster has more than one image."""
        return self.n_clusters < self.n_cases

    @property
    def counts(self) -> dict[str, int]:
        """Give what a comparison rests on."""
        return {
            "images": self.n_cases,
            "clusters": self.n_clusters,
            "seeds": len(self.seeds),
            "missing": self.n_missing,
        }


def read_trials(frame: pd.DataFrame, baseline: Hashable, augmented: Hashable) -> Trials:
    """Arrange a frame with columns seed, arm, case, truth, score and maybe cluster and class.

    One row per test image, arm and seed: truth 0 or 1, score higher = more positive. With a
    column `class`, one row per class as well: score is that of the row's class, truth the case's
    own class. cluster: the patient, say. Other arms are left out. Images without a score in some
    training are left out everywhere and counted.
    Raises InsufficientData below 3 seeds in both arms or without complete images; ValueError for
    absent columns, unknown arms, repeated rows, or truths and clusters that change within a case.
    """
    rows = tidy(frame)
    require_columns(rows, COLUMNS)
    rows = _two_arms(rows, baseline, augmented)
    seeds = _seeds(rows, baseline, augmented)
    rows = rows[rows["seed"].isin(seeds)].assign(score=lambda part: numbers(part["score"], "score"))
    many = "class" in rows.columns
    classes = tuple(sorted(rows["class"].unique().tolist(), key=str)) if many else (1,)
    keys = ["arm", "seed", *(["class"] if many else []), "case"]
    if rows.duplicated(keys).any():
        raise ValueError(
            f"{int(rows.duplicated(keys).sum())} of {len(rows)} rows repeat {', '.join(keys)}; "
            f"give one score each."
        )
    cases = pd.unique(rows["case"])
    levels = [(baseline, augmented), seeds, *([classes] if many else []), tuple(cases)]
    grid = rows.set_index(keys)["score"].reindex(pd.MultiIndex.from_product(levels)).to_numpy()
    scores = grid.reshape(2, len(seeds), len(classes), len(cases))
    complete = ~np.isnan(scores).any(axis=(0, 1, 2))
    if not complete.any():
        raise InsufficientData(
            f"0 of {len(cases)} images have a score in all {2 * len(seeds)} trainings; score the "
            f"same test images every time."
        )
    kept = pd.Index(cases)[complete]
    truth = _one_per_case(rows, "truth")[kept]
    return Trials(
        arms=(baseline, augmented),
        seeds=seeds,
        classes=classes,
        scores=scores[..., complete],
        positive=_positive(truth, classes, many=many),
        clusters=_clusters(rows, kept),
        n_missing=int((~complete).sum()),
    )


def _two_arms(rows: pd.DataFrame, baseline: Hashable, augmented: Hashable) -> pd.DataFrame:
    for name in {"seed", "case", "truth", "class", "cluster"} & {*rows.columns}:
        labels(rows[name], name)  # a list in a cell is no label
    found = pd.unique(labels(rows["arm"], "arm")).tolist()
    unknown = [arm for arm in (baseline, augmented) if arm not in found]
    if unknown or baseline == augmented:
        raise ValueError(
            f"The frame has arms {found}; baseline={baseline!r} and augmented={augmented!r} must "
            f"be two of them."
        )
    rows = rows[rows["arm"].isin([baseline, augmented])]
    named = [name for name in ("seed", "case", "truth", "class") if name in rows.columns]
    gaps = {name: int(rows[name].isna().sum()) for name in named}
    if any(gaps.values()):
        raise ValueError(f"Rows lack labels {gaps}; fill in {', '.join(named)} of every row.")
    return rows


def _seeds(rows: pd.DataFrame, baseline: Hashable, augmented: Hashable) -> tuple[Hashable, ...]:
    """Return the seeds of both arms. Raises InsufficientData below 3."""
    own = [set(rows.loc[rows["arm"] == arm, "seed"].tolist()) for arm in (baseline, augmented)]
    both = sorted(own[0] & own[1], key=str)
    if len(both) < LEAST_SEEDS:
        raise InsufficientData(
            f"{len(both)} training seeds in both arms ({len(own[0])} in {baseline!r}, "
            f"{len(own[1])} in {augmented!r}); a comparison needs at least {LEAST_SEEDS}, because "
            f"one training says nothing of the next. Train again with other seeds."
        )
    return tuple(both)


def _one_per_case(rows: pd.DataFrame, column: str) -> pd.Series:
    """Return the value of each case. Raises ValueError where a case has several."""
    grouped = rows.groupby("case", sort=False)[column]
    mixed = int((grouped.nunique(dropna=False) > 1).sum())
    if mixed:
        raise ValueError(f"{mixed} cases change their {column} between rows: one per case.")
    return grouped.first()


def _positive(truth: pd.Series, classes: tuple[Hashable, ...], *, many: bool) -> Bools:
    """Return which cases belong to each class: (c, n)."""
    if not many:
        values = numbers(truth, "truth")
        if not np.isin(values, (0.0, 1.0)).all():
            raise ValueError(
                "Truth must be 0 or 1 on every row; for several classes add a column class, one "
                "row per class."
            )
        return np.asarray(values == 1.0)[None]
    unknown = [name for name in truth.unique().tolist() if name not in classes]
    if unknown or len(classes) < 2:
        raise ValueError(
            f"The column class has {list(classes)}, truth also {unknown[:5]}; give each image a "
            f"score for every class."
        )
    values = truth.to_numpy(dtype=object)
    return np.array([values == name for name in classes])


def _clusters(rows: pd.DataFrame, kept: pd.Index) -> NDArray[np.intp]:
    if "cluster" not in rows.columns:
        return np.arange(len(kept))
    if rows["cluster"].isna().any():
        raise ValueError(
            f"{int(rows['cluster'].isna().sum())} rows lack their cluster; fill it in, or leave "
            f"the column out."
        )
    return np.asarray(pd.factorize(_one_per_case(rows, "cluster")[kept])[0])
