"""Where cases and readings went: nothing is dropped without being counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from metrics.report import words
from metrics.report.document import Row, Table
from metrics.report.facts import Facts
from metrics.report.selection import arms_of, cases, primary

STEPS = {
    "drawn": "Images drawn",
    "cases": "Cases",
    "added": "of which added while the study ran",
    "assigned": "Assignments to readers",
    "void": "voided",
    "repeats": "hidden repeats (agreement within readers only)",
    "calibration": "practice readings (with feedback, counted nowhere)",
    "controls": "controls",
    "primary": "Primary assignments",
    "missing": "missing (never answered)",
    "cannot_judge": "cannot judge",
    "answered": "Primary readings answered",
    "recognised": "of which on images that the reader recognised",
}


@dataclass(frozen=True)
class FlowRow(Row):
    """Hold one step of one part."""

    part: int
    kind: str
    step: str
    label: str
    n: int


@dataclass(frozen=True)
class OutcomeRow(Row):
    """Hold the outcomes of one reader in one arm of one part."""

    part: int
    kind: str
    reader: str
    arm: str
    answered: int
    cannot_judge: int
    missing: int
    n_images: int


def flow_rows(facts: Facts) -> tuple[FlowRow, ...]:
    """Return the steps of every part, as frozen at unblinding."""
    parts: list[Mapping[str, Any]] = list(facts.flow.get("parts") or [])
    return tuple(
        FlowRow(part["part"], part["kind"], step, label, int(part.get(step, 0)))
        for part in parts
        for step, label in STEPS.items()
    )


def additions_text(facts: Facts) -> str:
    """Say how many cases were added while the study ran, when and why; nothing if none were."""
    said = []
    for one in facts.flow.get("additions") or []:
        where = words.sentence_list(
            f"{len(codes)} to part {order} ({codes[0]} to {codes[-1]})"
            for order, codes in one["codes"].items()
        )
        n = sum(len(codes) for codes in one["codes"].values())
        said.append(f"{words.count(n, 'case')} on {one['at'][:10]}, {where}: “{one['reason']}”")
    return f"Added while the study ran, by amendment: {'; '.join(said)}." if said else ""


def outcome_rows(frame: pd.DataFrame, facts: Facts) -> tuple[OutcomeRow, ...]:
    """Return missing and cannot-judge readings per part, reader and arm."""
    rows = []
    for (order, kind, reader), mine in primary(frame).groupby(["part", "part_kind", "reader"]):
        for arm in arms_of(mine, facts):
            cell = mine[mine["arm"] == arm]
            counts = cell["outcome"].value_counts()
            rows.append(
                OutcomeRow(
                    int(order),
                    str(kind),
                    str(reader),
                    arm,
                    int(counts.get("answered", 0)),
                    int(counts.get("cannot_judge", 0)),
                    int(counts.get("missing", 0)),
                    cases(cell).nunique(),
                )
            )
    return tuple(rows)


def flow_table(rows: tuple[FlowRow, ...], key: str = "flow") -> Table:
    """Return a line per step, a column per part."""
    parts = list(dict.fromkeys((row.part, row.kind) for row in rows))
    cells = {(row.part, row.step): row.n for row in rows}
    return Table(
        key=key,
        title="Flow of cases and readings",
        records=rows,
        header=("Step", *(f"#Part {order}, {kind}" for order, kind in parts)),
        body=tuple(
            (label, *(f"{cells[order, step]:,}" for order, _ in parts))
            for step, label in STEPS.items()
        ),
        caption="Counts, frozen at unblinding. Hidden repeats, calibration and control cases are "
        "analysed apart and never enter a primary rate.",
    )


def outcome_table(rows: tuple[OutcomeRow, ...], facts: Facts, key: str = "outcomes") -> Table:
    """Return a line per part, reader and arm."""
    return Table(
        key=key,
        title="Missing and cannot judge, per reader and arm",
        records=rows,
        header=("Part", "Reader", "Arm", "#answered", "#cannot judge", "#missing"),
        body=tuple(
            (
                f"{row.part}, {row.kind}",
                row.reader,
                facts.arm(row.arm).label,
                str(row.answered),
                str(row.cannot_judge),
                str(row.missing),
            )
            for row in rows
        ),
        caption="Primary assignments. A difference between arms would bias a rate: the "
        "sensitivity tables give the worst and best case.",
    )
