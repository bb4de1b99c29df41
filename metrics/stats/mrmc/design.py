"""From a tidy frame of readings to the arrays that the multi-reader analysis works on."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metrics.errors import InsufficientData
from metrics.stats.readings import numbers, require_columns, tidy
from metrics.stats.roc import Bools, Floats

Metric = Literal["auc", "accuracy", "sensitivity", "specificity"]
Nesting = Literal["crossed", "cases within readers", "cases within modalities"]
METRICS: tuple[Metric, ...] = ("auc", "accuracy", "sensitivity", "specificity")
COLUMNS = ("reader", "case", "truth", "rating")


@dataclass(frozen=True)
class Design:
    """Hold the readings as arrays.

    ratings: (t modalities, r readers, n cases), NaN where not read; positive: (n,). The labels
    are those of the frame, in sorted or categorical order. expected: (t, r, n), cells with a row
    in the frame or that a crossed design would have filled (someone read the case there).
    """

    modalities: tuple[Hashable, ...]
    readers: tuple[Hashable, ...]
    cases: tuple[Hashable, ...]
    positive: Bools
    ratings: Floats
    nesting: Nesting
    expected: Bools

    @property
    def shape(self) -> tuple[int, int]:
        """Give (t modalities, r readers)."""
        return len(self.modalities), len(self.readers)

    @property
    def n_readings(self) -> int:
        """Count the readings that have a rating."""
        return int((~np.isnan(self.ratings)).sum())

    @property
    def missing(self) -> int:
        """Count the expected readings that have no rating."""
        return int((self.expected & np.isnan(self.ratings)).sum())

    def only(self, modality: int) -> "Design":
        """Give the design of one modality alone, with the cases expected in it."""
        ratings = self.ratings[modality : modality + 1]
        expected = self.expected[modality : modality + 1]
        here = expected.any(axis=(0, 1))
        labels = tuple(self.cases[k] for k in np.flatnonzero(here))
        return Design(
            modalities=(self.modalities[modality],),
            readers=self.readers,
            cases=labels,
            positive=self.positive[here],
            ratings=ratings[:, :, here],
            nesting=self.nesting,
            expected=expected[:, :, here],
        )


def read_design(frame: pd.DataFrame) -> Design:
    """Arrange a frame with columns reader, case, truth, rating and, if several, modality.

    truth: 0 or 1, the same on every row of a case; rating: higher = more positive, NaN = missing.
    Raises ValueError for absent columns, two readings of one case by one reader in one modality,
    or a truth that changes; InsufficientData when a modality x reader cell has no reading.
    """
    frame = tidy(frame)
    require_columns(frame, COLUMNS)
    if frame.empty:
        raise InsufficientData("0 readings: a multi-reader analysis needs readings of cases.")
    reader, case = _levels(frame["reader"]), _levels(frame["case"])
    names = frame["modality"] if "modality" in frame.columns else pd.Series("all", frame.index)
    modality = _levels(names)
    shape = (len(modality.categories), len(reader.categories), len(case.categories))
    cells = np.ravel_multi_index((modality.codes, reader.codes, case.codes), shape)
    _refuse_repeats(cells)
    ratings = np.full(shape, np.nan)
    ratings.flat[cells] = numbers(frame["rating"], "rating", bounded=False)
    positive = _truths(frame, case)
    _refuse_empty(ratings, modality, reader)
    return Design(
        modalities=tuple(modality.categories),
        readers=tuple(reader.categories),
        cases=tuple(case.categories),
        positive=positive,
        ratings=ratings,
        nesting=_nesting(ratings),
        expected=_expected(ratings, cells),
    )


def require_cases(design: Design, metric: Metric) -> None:
    """Raise InsufficientData where a cell has too few cases for the metric and its variance."""
    read = ~np.isnan(design.ratings)
    n1 = (read & design.positive).sum(axis=2)
    n0 = (read & ~design.positive).sum(axis=2)
    needs = {"auc": np.minimum(n1, n0), "accuracy": n1 + n0, "sensitivity": n1, "specificity": n0}
    short = np.argwhere(needs[metric] < 2)
    if short.size:
        m, r = short[0]
        raise InsufficientData(
            f"Reader {design.readers[r]!r} read {n1[m, r]} positive and {n0[m, r]} negative cases "
            f"in modality {design.modalities[m]!r}; {metric} and its variance need at least 2 of "
            f"each kind that it counts. Add cases or leave this reader out."
        )


def _levels(column: pd.Series) -> pd.Categorical:
    """Give a column's categories in use: their own order if categorical, else sorted."""
    if column.isna().any():
        raise ValueError(f"{int(column.isna().sum())} rows have no {column.name}: name every row.")
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pd.Categorical(column).remove_unused_categories()
    return pd.Categorical(column)


def _refuse_repeats(cells: NDArray[np.intp]) -> None:
    repeats = cells.size - np.unique(cells).size
    if repeats:
        raise ValueError(
            f"{repeats} of {cells.size} readings repeat a reader, case and modality. Pass first "
            f"readings only; hidden repeats belong to intra-reader agreement."
        )


def _truths(frame: pd.DataFrame, case: pd.Categorical) -> Bools:
    truth = numbers(frame["truth"], "truth")
    if not np.isin(truth, (0.0, 1.0)).all():
        raise ValueError("Truth must be 0 (negative) or 1 (positive) on every row.")
    n = np.bincount(case.codes, minlength=len(case.categories))
    share = np.bincount(case.codes, weights=truth, minlength=len(case.categories)) / n
    mixed = int(((share > 0) & (share < 1)).sum())
    if mixed:
        raise ValueError(f"{mixed} cases change their truth between rows: one truth per case.")
    return np.asarray(share == 1.0)


def _refuse_empty(ratings: Floats, modality: pd.Categorical, reader: pd.Categorical) -> None:
    empty = np.argwhere(np.isnan(ratings).all(axis=2))
    if empty.size:
        m, r = empty[0]
        raise InsufficientData(
            f"{len(empty)} modality x reader cells have no rating, first reader "
            f"{reader.categories[r]!r} in {modality.categories[m]!r}. Every reader must have read "
            f"some cases in every modality; leave such readers out."
        )


def _nesting(ratings: Floats) -> Nesting:
    """Say whether each case belongs to one reader or to one modality only."""
    read = ~np.isnan(ratings)
    t, r, _ = ratings.shape
    if r > 1 and (read.any(axis=0).sum(axis=0) <= 1).all():
        return "cases within readers"
    if t > 1 and (read.any(axis=1).sum(axis=0) <= 1).all():
        return "cases within modalities"
    return "crossed"


def _expected(ratings: Floats, cells: NDArray[np.intp]) -> Bools:
    """Mark cells that have a row; unless cases are dealt out, all readers' of a case read there."""
    rows = np.zeros(ratings.shape, dtype=bool)
    rows.flat[cells] = True
    if _nesting(ratings) == "cases within readers":
        return rows
    return np.asarray(rows | (~np.isnan(ratings)).any(axis=1, keepdims=True))
