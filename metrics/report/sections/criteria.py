"""The criteria page: what makes images implausible."""

import pandas as pd

from metrics.report import figures, words
from metrics.report.criteria import (
    AS_ANSWERED,
    FULL,
    CriterionRow,
    by_class_table,
    criterion_rows,
    criterion_table,
)
from metrics.report.document import Figure, Section, Table, empty_section
from metrics.report.facts import Facts
from metrics.report.readers import standing_notes
from metrics.report.selection import of_kind, parts_of, primary, readers_of

KEY, TITLE = "criteria", "Criteria"
ENOUGH = 20  # full forms from which they lead the sentence


def section(frame: pd.DataFrame, facts: Facts) -> Section:
    """Return the section; without answered criteria it says so."""
    rows = primary(of_kind(frame, "plausibility"))
    if not readers_of(rows) or not facts.criteria:
        return empty_section(KEY, TITLE, "No criterion was answered in this study.")
    figures_: list[Figure] = []
    tables: list[Table] = []
    readings: list[str] = []
    for suffix, part in parts_of(rows):
        found = criterion_rows(part, facts)
        tables += [
            criterion_table(found, facts, f"criteria{suffix}"),
            by_class_table(found, facts, f"criteria-by-class{suffix}"),
        ]
        figures_.extend(_figures(found, facts, suffix))
        readings.append(_reading(found, facts))
    notes = standing_notes(len(readers_of(rows)), facts)
    return Section(
        KEY, TITLE, " ".join(readings), tuple(figures_), tuple(tables), words.unique(notes)
    )


def _figures(rows: tuple[CriterionRow, ...], facts: Facts, suffix: str) -> list[Figure]:
    """Return a heat map of failures as answered per arm."""
    found = []
    for arm in dict.fromkeys(row.arm for row in rows):
        mine = [r for r in rows if r.arm == arm and r.class_code and r.form == AS_ANSWERED]
        classes = list(dict.fromkeys(row.class_name for row in mine))
        labels = list(dict.fromkeys(row.label for row in mine))
        cells = {(row.class_name, row.label): row.estimate for row in mine}
        matrix = [[cells.get((name, label)) for label in labels] for name in classes]
        title = f"Failed criteria, {facts.arm(arm).label}"
        key = f"criteria{suffix}-{arm}"
        found.append(figures.heatmap(matrix, (classes, labels), key, title, ("class", "criterion")))
    return found


def _reading(rows: tuple[CriterionRow, ...], facts: Facts) -> str:
    said = []
    for arm in dict.fromkeys(row.arm for row in rows):
        mine = [r for r in rows if r.arm == arm and not r.class_code and r.estimate is not None]
        full = [row for row in mine if row.form == FULL and row.n_judged >= ENOUGH]
        full = full or [row for row in mine if row.form == AS_ANSWERED]
        if full:
            worst = max(full, key=lambda row: row.estimate or 0.0)
            if not worst.estimate:
                said.append(f"{facts.arm(arm).label}: no criterion failed (n = {worst.n_judged})")
                continue
            limits = words.with_limits(worst.estimate, worst.low, worst.high)
            limits = words.marked(limits, worst.warnings)
            said.append(
                f"{facts.arm(arm).label}: “{worst.label}” fails most, {limits} "
                f"({worst.form}, n = {worst.n_judged}, {words.method(worst.method)})"
            )
    return f"{'; '.join(said)}. Snapshot {facts.hash}."
