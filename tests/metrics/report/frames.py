"""Frames for tests of reports."""

from typing import Any

import pandas as pd

from metrics.report.dictionary import COLUMNS, typed_frame
from metrics.report.facts import Arm, Facts
from tests.worlds.snapshots import World, facts_of, rows_of

HASH = "ab" * 32


def invented(world: World, **changes: Any) -> tuple[pd.DataFrame, Facts]:
    """Return an invented snapshot and its facts; `changes` overwrite a column in every row."""
    rows = [row | changes for row in rows_of(world)]
    frame = typed_frame({name: [row.get(name) for row in rows] for name in COLUMNS})
    return frame, Facts.of(HASH, facts_of(world))


def verdict_rows(counts: dict[tuple[str, str], tuple[int, int]]) -> pd.DataFrame:
    """Return one reader's plausibility part with x of n plausible per (class, arm)."""
    rows = []
    for (code, arm), (x, n) in counts.items():
        for index in range(n):
            name = f"{code}-{arm}-{index}"
            rows.append(
                {
                    "reader": "R01", "part": 1, "part_kind": "plausibility", "replicate": 0,
                    "role": "main", "case": name, "image": name, "arm": arm,
                    "source": "synthetic", "class": code, "outcome": "answered",
                    "verdict": index < x, "position": len(rows) + 1, "session": 0,
                }
            )  # fmt: skip
    return typed_frame({name: [row.get(name) for row in rows] for name in COLUMNS})


def facts_with(*arms: tuple[str, str], **raw: Any) -> Facts:
    """Return facts of a study with these arms, as (code, source), and classes A and B."""
    return Facts(
        snapshot=HASH,
        title="Worked by hand",
        classes={"A": "Class A", "B": "Class B"},
        arms=tuple(Arm(code, code, source) for code, source in arms),
        criteria={},
        raw=raw,
    )


def readings_of(rows: list[dict[str, Any]], **shared: Any) -> pd.DataFrame:
    """Return main, first readings of one part; every row overwrites what they share."""
    usual = {
        "reader": "R01", "part": 1, "part_kind": "plausibility", "replicate": 0, "role": "main",
        "arm": "gen", "source": "synthetic", "class": "A", "outcome": "answered", "session": 0,
    }  # fmt: skip
    full = [
        usual | {"case": f"C{k}", "image": f"C{k}", "position": k + 1} | shared | row
        for k, row in enumerate(rows)
    ]
    return typed_frame({name: [row.get(name) for row in full] for name in COLUMNS})
