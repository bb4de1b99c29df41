"""One row per reading with plain values only: what the exports hold."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from metrics.report.dictionary import DICTIONARY, Column

NESTED = {"criteria": "criterion_", "findings": "finding_", "covariates": "covariate_"}


def tidy_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the snapshot with nested columns spread out and lists joined by `;`.

    `criteria` and `findings` become one column each per criterion and finding, `covariates` one
    per fact; the order of rows and columns depends on the snapshot alone.
    """
    columns: dict[str, pd.Series] = {}
    for column in DICTIONARY:
        values = frame[column.name]
        if column.kind == "mapping":
            columns |= dict(_spread(values, NESTED[column.name]))
        elif column.kind == "list":
            columns[column.name] = pd.Series([";".join(map(str, v)) for v in values], dtype="str")
        elif column.kind == "time":
            columns[column.name] = _iso(values)
        else:
            columns[column.name] = values.reset_index(drop=True)
    return pd.DataFrame(columns)


def _spread(values: pd.Series, prefix: str) -> Iterator[tuple[str, pd.Series]]:
    """Yield a column per key; numbers stay numbers where all of them are."""
    keys = sorted({key for mapping in values for key in mapping})
    for key in keys:
        cells = [mapping.get(key) for mapping in values]
        if all(isinstance(cell, (int, float)) or cell is None for cell in cells):
            yield prefix + key, pd.Series(cells, dtype="float64")
        else:
            yield prefix + key, pd.Series(["" if c is None else str(c) for c in cells], dtype="str")


def _iso(values: pd.Series) -> pd.Series:
    texts = [
        "" if pd.isna(moment) else moment.isoformat(timespec="milliseconds") for moment in values
    ]
    return pd.Series(texts, dtype="str")


def dictionary_rows(columns: list[str], criteria: dict[str, str]) -> list[dict[str, Any]]:
    """Return name, kind and meaning of every exported column, in the file's order."""
    known = {column.name: column for column in DICTIONARY}
    rows = []
    for name in columns:
        column = known.get(name) or _derived(name, criteria)
        kind = "text" if column.kind in {"list", "mapping", "time"} else column.kind
        rows.append({"column": name, "kind": kind, "meaning": column.meaning})
    return rows


def _derived(name: str, criteria: dict[str, str]) -> Column:
    code = name.removeprefix("criterion_")
    if code != name:
        meaning = f"Criterion “{criteria.get(code, code)}”: passes, fails, not_judgeable or empty."
        return Column(name, "text", meaning)
    code = name.removeprefix("finding_")
    if code != name:
        return Column(name, "text", f"Finding {code}: present, absent, not_judgeable or empty.")
    return Column(name, "text", f"Covariate {name.removeprefix('covariate_')} of the image.")
