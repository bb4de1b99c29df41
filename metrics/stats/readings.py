"""Readings in, arrays out: the checks that every statistic makes before it counts."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from metrics.errors import InsufficientData


def numbers(
    values: ArrayLike, name: str = "values", *, bounded: bool = True
) -> NDArray[np.float64]:
    """Return a 1-d float array with NaN for missing (None, pandas.NA, NaN).

    Raises ValueError for text, more than one dimension and, if bounded, infinite values.
    """
    try:
        array = pd.Series(values).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a 1-d array of numbers or missing: {error}") from error
    if bounded and np.isinf(array).any():
        raise ValueError(f"{name} has {int(np.isinf(array).sum())} infinite entries; remove them.")
    return array


def table_of(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return a float array of any shape. Raises ValueError for text or rows of unequal length."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers, in rows of one length: {error}") from error


def labels(values: ArrayLike, name: str) -> NDArray[np.object_]:
    """Return a 1-d array of labels. Raises ValueError for anything that is no list of them."""
    try:
        array = pd.Series(values).to_numpy(dtype=object)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a list of labels: {error}") from error
    if any(isinstance(label, list | dict | np.ndarray) for label in array):
        raise ValueError(f"{name} must be a list of labels, not of lists.")
    return array


def binary(values: ArrayLike, name: str = "values") -> NDArray[np.float64]:
    """Return 0, 1 or NaN for each value. Raises ValueError for any other value."""
    array = numbers(values, name)
    strange = array[~np.isnan(array) & (array != 0) & (array != 1)]
    if strange.size:
        raise ValueError(
            f"{name} must be 0, 1 or missing; {strange.size} of {array.size} are not, "
            f"for example {strange[0]:g}. Decide the cut first."
        )
    return array


def label_codes(given: ArrayLike, n: int, name: str = "clusters") -> NDArray[np.intp]:
    """Return a code 0, 1, ... for each of n labels. Raises ValueError if one is missing."""
    codes = pd.factorize(labels(given, name), use_na_sentinel=True)[0]
    if len(codes) != n:
        raise ValueError(f"{name} has {len(codes)} entries for {n} values; give one each.")
    if (codes < 0).any():
        raise ValueError(f"{name} misses {int((codes < 0).sum())} of {n} labels; fill them in.")
    return codes


def tidy(readings: object) -> pd.DataFrame:
    """Return a frame of a frame, a list of rows as dicts or a dict of columns.

    Raises ValueError for anything else.
    """
    if isinstance(readings, pd.DataFrame):
        return readings
    if isinstance(readings, dict | list):
        return pd.DataFrame(readings)
    raise ValueError(
        f"Readings are a {type(readings).__name__}; give a data frame with one row per reading."
    )


def require_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise ValueError unless the frame has every column."""
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ValueError(
            f"The frame has columns {', '.join(map(str, frame.columns))}; "
            f"it also needs {', '.join(missing)}."
        )


def rectangle(ratings: ArrayLike) -> NDArray[np.object_]:
    """Return ratings as a 2-d object array, None where masked and at the end of shorter rows.

    Raises ValueError unless the ratings are rows (one per item) of ratings.
    """
    if isinstance(ratings, pd.DataFrame):
        return ratings.to_numpy(dtype=object)
    if isinstance(ratings, np.ma.MaskedArray) and ratings.ndim == 2:
        plain = ratings.data.astype(object)
        plain[np.ma.getmaskarray(ratings)] = None
        return np.asarray(plain)
    try:
        rows = [list(row) for row in ratings]  # type: ignore[union-attr, arg-type]
    except TypeError as error:
        raise ValueError("ratings must be items x readers: one row of ratings each.") from error
    grid = np.full((len(rows), max(map(len, rows), default=0)), None, dtype=object)
    for line, row in zip(grid, rows, strict=True):
        line[: len(row)] = row
    return grid


def case_by_reader(readings: pd.DataFrame, value: str = "value") -> pd.DataFrame:
    """Return a frame with a row per case and a column per reader, NaN where nothing was read.

    Raises ValueError for missing columns or labels and when a reader read a case twice;
    InsufficientData for an empty frame.
    """
    readings = tidy(readings)
    require_columns(readings, ["reader", "case", value])
    if readings.empty:
        raise InsufficientData("The frame has 0 readings; one is needed at least.")
    if readings[["reader", "case"]].isna().to_numpy().any():
        raise ValueError("A reading lacks its reader or its case; fill in both labels.")
    repeats = int(readings.duplicated(["reader", "case"]).sum())
    if repeats:
        raise ValueError(
            f"{repeats} of {len(readings)} readings repeat a reader and case; keep the first "
            f"reading of each for the primary analysis."
        )
    case_codes, cases = pd.factorize(readings["case"])
    reader_codes, readers = pd.factorize(readings["reader"])
    grid = np.full((len(cases), len(readers)), np.nan)
    grid[case_codes, reader_codes] = numbers(readings[value], value)
    return pd.DataFrame(grid, index=cases, columns=readers)
