"""Labels or counts in, a scored confusion matrix out."""

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData
from metrics.stats.bootstrap import DRAWS, SEED, check_draws
from metrics.stats.confusion.scores import Confusion, Sample, score
from metrics.stats.intervals import check_level
from metrics.stats.readings import label_codes, labels, require_columns, table_of
from metrics.stats.result import READERS_LIKE_THESE, THIS_READER

Codes = NDArray[np.intp]


def confusion(
    intended: ArrayLike,
    perceived: ArrayLike,
    *,
    cases: ArrayLike | None = None,
    readers: ArrayLike | None = None,
    classes: Sequence[Hashable] | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Confusion:
    """Score perceived against intended classes, one entry per reading.

    `classes` are the intended classes in order (default: those seen, sorted); other answers
    become extra columns and count as errors. Missing answers are left out and counted.
    Without `cases` every reading is of another image: Wilson limits for precision, recall and
    accuracy, bootstrap over images within classes for F1 and macro means. With `cases` and
    `readers` both are resampled (readers and images random; conservative). Where the copies do
    not vary, limits combine the exact ones of the classes.
    Raises InsufficientData when a class has no answer at all; ValueError for unequal lengths or
    a case with two intended classes. Source: Opitz & Burst 2019, arXiv 1911.03347; Owen 2007,
    Ann Appl Stat 1:386.
    """
    frame = _frame(intended, perceived, cases, readers)
    answered, names = frame.dropna(subset=["perceived"]), _classes(frame["intended"], classes)
    extra = [answer for answer in pd.unique(answered["perceived"]) if answer not in names]
    answers = [*names, *sorted(extra, key=str)]
    rows = pd.Index(names).get_indexer(answered["intended"])
    columns = pd.Index(answers, dtype=object).get_indexer(answered["perceived"])
    matrix = _count(rows, columns, (len(names), len(answers)))
    case_codes = label_codes(answered["case"], len(answered), "cases")
    reader_codes = label_codes(answered["reader"], len(answered), "readers")
    again = pd.Series(case_codes).duplicated()
    images = np.bincount(rows[~again], minlength=len(names))
    n_readers = int(reader_codes.max(initial=0)) + 1
    crossed = n_readers > 1 or bool(again.any())
    check_level(level)
    check_draws(draws)
    _require_answers(matrix, names)
    rng = np.random.default_rng(seed)
    codes = (rows, columns, case_codes, reader_codes) if crossed else None
    copies = _copies(matrix, codes, rng, draws)
    return score(
        Sample(
            matrix=matrix,
            classes=tuple(names),
            answers=tuple(answers),
            copies=copies,
            independent=not crossed,
            images=images,
            n_readers=n_readers,
            n_missing=len(frame) - len(answered),
            estimand=READERS_LIKE_THESE if n_readers > 1 else THIS_READER,
            level=level,
            draws=draws,
            seed=seed,
        )
    )


def _copies(
    matrix: NDArray[np.int64],
    codes: tuple[Codes, Codes, Codes, Codes] | None,
    rng: np.random.Generator,
    draws: int,
) -> NDArray[np.float64]:
    """Resample readers and images where `codes` tells them apart, else images within classes."""
    if codes is None:
        return _independent_copies(matrix, rng, draws)
    return _crossed_copies(codes, matrix.shape, rng, draws)


def confusion_from_matrix(
    matrix: ArrayLike,
    classes: Sequence[Hashable] | None = None,
    *,
    estimand: str = "this classifier",
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Confusion:
    """Score counts (intended classes x answers, one reading per image), as `confusion`.

    Columns beyond the classes are other answers. Raises ValueError for other shapes or values.
    """
    counts = table_of(matrix, "matrix")
    if counts.ndim != 2 or counts.shape[1] < counts.shape[0] or not counts.size:
        raise ValueError(f"matrix has shape {counts.shape}; it must be classes x answers.")
    if (counts < 0).any() or (counts != np.round(counts)).any():
        raise ValueError("matrix must hold whole counts >= 0.")
    k, m = counts.shape
    names = list(range(k)) if classes is None else list(classes)
    if len(names) != k:
        raise ValueError(f"{len(names)} classes name {k} rows; give one each.")
    check_level(level)
    check_draws(draws)
    whole = counts.astype(np.int64)
    _require_answers(whole, names)
    return score(
        Sample(
            matrix=whole,
            classes=tuple(names),
            answers=(*names, *(f"other {j}" for j in range(1, m - k + 1))),
            copies=_independent_copies(whole, np.random.default_rng(seed), draws),
            independent=True,
            images=whole.sum(axis=1),
            n_readers=1,
            n_missing=0,
            estimand=estimand,
            level=level,
            draws=draws,
            seed=seed,
        )
    )


def confusion_by_arm(
    readings: pd.DataFrame,
    *,
    classes: Sequence[Hashable] | None = None,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[Hashable, Confusion]:
    """Return `confusion` of each arm; columns arm, reader, case, intended, perceived.

    Real images are an arm as any other: the ceiling of the synthetic ones. Formulas, errors and
    source as `confusion`; ValueError for missing columns.
    """
    require_columns(readings, ["arm", "reader", "case", "intended", "perceived"])
    return {
        arm: confusion(
            part["intended"],
            part["perceived"],
            cases=part["case"],
            readers=part["reader"],
            classes=classes,
            level=level,
            draws=draws,
            seed=seed,
        )
        for arm, part in readings.groupby("arm", sort=False)
    }


def _frame(
    intended: ArrayLike, perceived: ArrayLike, cases: ArrayLike | None, readers: ArrayLike | None
) -> pd.DataFrame:
    """Return one row per reading. Raises ValueError for lengths or classes that disagree."""
    classes = labels(intended, "intended")
    columns = {
        "perceived": perceived,
        "case": np.arange(len(classes)) if cases is None else cases,
        "reader": np.zeros(len(classes)) if readers is None else readers,
    }
    arrays = {"intended": classes} | {name: labels(part, name) for name, part in columns.items()}
    sizes = {name: len(part) for name, part in arrays.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"Unequal lengths {sizes}; give one entry per reading.")
    frame = pd.DataFrame(arrays)
    if frame["intended"].isna().any():
        raise ValueError(f"{int(frame['intended'].isna().sum())} readings lack their class.")
    two_faced = frame.groupby("case")["intended"].nunique()
    if (two_faced > 1).any():
        raise ValueError(f"{int((two_faced > 1).sum())} cases have more than one intended class.")
    return frame


def _classes(intended: pd.Series, classes: Sequence[Hashable] | None) -> list[Hashable]:
    seen = list(pd.unique(intended))
    if classes is None:
        return sorted(seen, key=None if len({type(name) for name in seen}) == 1 else str)
    unknown = [name for name in seen if name not in classes]
    if unknown:
        raise ValueError(f"Intended classes {unknown[:5]} are not among {list(classes)}.")
    return [name for name in classes if name in seen]


def _count(rows: Codes, columns: Codes, shape: tuple[int, int]) -> NDArray[np.int64]:
    flat = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(np.int64)


def _require_answers(matrix: NDArray[np.int64], names: Sequence[Hashable]) -> None:
    silent = [names[k] for k in np.flatnonzero(matrix.sum(axis=1) == 0)]
    if silent or not len(names):
        raise InsufficientData(
            f"{int(matrix.sum())} answers, none for classes {silent}; recall needs one each. "
            f"Leave the class out and say so."
        )


def _independent_copies(
    matrix: NDArray[np.int64], rng: np.random.Generator, draws: int
) -> NDArray[np.float64]:
    """Resample images within each intended class: (draws, classes, answers)."""
    rows = [rng.multinomial(int(row.sum()), row / row.sum(), size=draws) for row in matrix]
    return np.stack(rows, axis=1).astype(float)


def _crossed_copies(
    codes: tuple[Codes, Codes, Codes, Codes],
    shape: tuple[int, ...],
    rng: np.random.Generator,
    draws: int,
) -> NDArray[np.float64]:
    """Resample images within classes and readers; a reading weighs the product of both."""
    rows, columns, cases, readers = codes
    cells = rows * shape[1] + columns
    first = np.unique(cases, return_index=True)[1]
    pools = [cases[first][rows[first] == k] for k in range(shape[0])]
    n_readers = int(readers.max()) + 1
    copies = np.empty((draws, shape[0] * shape[1]))
    for copy in copies:
        drawn = np.concatenate([rng.choice(pool, len(pool)) for pool in pools])
        image = np.bincount(drawn, minlength=len(first))
        reader = np.bincount(rng.integers(n_readers, size=n_readers), minlength=n_readers)
        weights = image[cases] * reader[readers]
        copy[:] = np.bincount(cells, weights=weights, minlength=len(copy))
    return copies.reshape(draws, shape[0], shape[1])
