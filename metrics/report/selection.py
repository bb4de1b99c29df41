"""Which readings a table counts."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metrics.report.facts import Facts


def of_kind(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return the rows of the parts of one kind."""
    return frame[frame["part_kind"] == kind]


def primary(frame: pd.DataFrame) -> pd.DataFrame:
    """Return first showings of main cases: no hidden repeats, calibration or control cases."""
    return frame[(frame["replicate"] == 0) & (frame["role"] == "main")]


RATE_COLUMNS = [
    "part", "part_kind", "reader", "case", "image", "arm", "source", "class", "role", "stratum",
    "inclusion_probability", "cluster_key", "outcome", "verdict", "flags",
]  # fmt: skip


def for_rates(part: pd.DataFrame) -> pd.DataFrame:
    """Return only the columns that rates need: many small selections then copy little."""
    narrow = part[RATE_COLUMNS].copy()
    narrow["verdict"] = verdicts(part)
    return narrow


def split_by(frame: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    """Return the rows of each value of a column, in one pass."""
    return {str(value): rows for value, rows in frame.groupby(column, sort=False)}


def cases(frame: pd.DataFrame) -> pd.Series:
    """Return a name for each row's case that is unique across parts."""
    return frame["part"].astype("str") + "/" + frame["case"]


def verdicts(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Return 1 plausible, 0 implausible, NaN where nobody judged."""
    return frame["verdict"].to_numpy(dtype=float, na_value=np.nan)


def readers_of(frame: pd.DataFrame) -> list[str]:
    """Return the codes of readers who answered something, in order."""
    return sorted(frame.loc[frame["outcome"] == "answered", "reader"].unique())


def classes_of(frame: pd.DataFrame, facts: Facts) -> list[str]:
    """Return the class codes present, in the domain's order."""
    present = set(frame["class"].unique())
    known = [code for code in facts.classes if code in present]
    return known + sorted(present - set(known))


def arms_of(frame: pd.DataFrame, facts: Facts) -> list[str]:
    """Return the arm codes present: synthetic ones in the study's order, then the real ones."""
    present = set(frame["arm"].unique())
    known = [arm.code for arm in facts.arms if arm.code in present]
    known += sorted(present - set(known))
    return sorted(known, key=lambda code: facts.arm(code).source == "real")


def pairs_of(arms: list[str], facts: Facts) -> list[tuple[str, str]]:
    """Return the comparisons: a later generator minus an earlier one, each generator minus real."""
    synthetic = [code for code in arms if facts.arm(code).source != "real"]
    real = [code for code in arms if facts.arm(code).source == "real"]
    between = [(b, a) for i, a in enumerate(synthetic) for b in synthetic[i + 1 :]]
    return between + [(code, ceiling) for code in synthetic for ceiling in real]


def parts_of(frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return (key suffix, rows) per part; the suffix is empty when there is only one."""
    orders = sorted(frame["part"].unique())
    if len(orders) == 1:
        return [("", frame)]
    return [(f"-part-{order}", frame[frame["part"] == order]) for order in orders]
