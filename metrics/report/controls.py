"""Wrong-class controls: real images shown under a class that they do not have."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.selection import cases, readers_of, verdicts
from metrics.stats.proportions import interval


@dataclass(frozen=True)
class ControlRow(Row):
    """Hold how often one reader called wrong-class controls plausible; low is attentive."""

    reader: str
    n_images: int
    n_judged: int
    n_plausible: int
    estimate: float | None
    low: float | None
    high: float | None
    method: str


def control_rows(frame: pd.DataFrame, facts: Facts) -> tuple[ControlRow, ...]:
    """Return a row per reader over control cases whose class is not the one asked about."""
    wrong = frame[(frame["role"] == "control") & (frame["class"] != frame["truth_class"])]
    wrong = wrong[wrong["replicate"] == 0]
    rows = []
    for reader in readers_of(wrong):
        mine = wrong[wrong["reader"] == reader]
        values = verdicts(mine)
        n, yes = int((~np.isnan(values)).sum()), int(np.nansum(values))
        found = interval(yes, n) if n else None
        rows.append(
            ControlRow(
                reader,
                cases(mine).nunique(),
                n,
                yes,
                found.estimate if found else None,
                found.low if found else None,
                found.high if found else None,
                found.method if found else "refused",
            )
        )
    return tuple(rows)


def control_table(rows: tuple[ControlRow, ...]) -> list[Table]:
    """Return the table of controls, one line per reader."""
    return [
        Table(
            key="controls",
            title="Wrong-class controls",
            records=rows,
            header=("Reader", "#Called plausible (95 %)", "#judged", "#images"),
            body=tuple(
                (
                    row.reader,
                    words.with_limits(row.estimate, row.low, row.high),
                    str(row.n_judged),
                    str(row.n_images),
                )
                for row in rows
            ),
            caption="Real images under a wrong, non-confusable class: plausible is an error here. "
            "Method: Wilson.",
        )
    ]
