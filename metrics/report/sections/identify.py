"""The identify page."""

import numpy as np
import pandas as pd

from metrics.report import figures, words
from metrics.report.document import Figure, Section, Table, empty_section
from metrics.report.facts import Facts
from metrics.report.identify import (
    MACRO,
    ScoreRow,
    cell_rows,
    confusions,
    matrix_table,
    named,
    score_rows,
    score_table,
)
from metrics.report.readers import standing_notes
from metrics.report.selection import of_kind, parts_of, primary, readers_of
from metrics.stats.confusion import Confusion

KEY, TITLE = "identify", "Identify"


def section(frame: pd.DataFrame, facts: Facts) -> Section:
    """Return the section; without an identify part it says so."""
    named = ~frame["part"].isin(facts.parts_with_findings())
    rows = primary(of_kind(frame[named], "identify"))
    if not readers_of(rows):
        return empty_section(KEY, TITLE, "No class was named blind in this study.")
    figures_: list[Figure] = []
    tables: list[Table] = []
    readings: list[str] = []
    warnings = list(standing_notes(len(readers_of(rows)), facts))
    for suffix, part in parts_of(rows):
        order = int(part["part"].iloc[0])
        found = confusions(part, facts)
        scores = score_rows(order, found, facts)
        tables += [score_table(scores, facts, f"identify{suffix}")] if scores else []
        for arm, one in found.items():
            if isinstance(one, str):
                warnings.append(f"{facts.arm(arm).label}: {one}")
                continue
            figures_.append(_figure(one, arm, facts, suffix))
            key = f"confusion{suffix}-{arm}"
            tables.append(matrix_table(cell_rows(order, arm, one), facts, key))
        readings.append(_reading(scores, facts))
    return Section(
        KEY,
        TITLE,
        f"{' '.join(readings)} Snapshot {facts.hash}.",
        tuple(figures_),
        tuple(tables),
        words.unique(warnings),
    )


def _figure(found: Confusion, arm: str, facts: Facts, suffix: str) -> Figure:
    counts = found.matrix.astype(float)
    sums = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, sums, out=np.zeros_like(counts), where=sums > 0)
    names = (
        [named(str(code), facts) for code in found.classes],
        [str(code) for code in found.answers],
    )
    title = f"Perceived class, {facts.arm(arm).label}"
    axes = ("intended", "perceived")
    return figures.heatmap(shares.tolist(), names, f"confusion{suffix}-{arm}", title, axes)


def _reading(rows: tuple[ScoreRow, ...], facts: Facts) -> str:
    said = [
        f"{facts.arm(row.arm).label}: the intended class was named in "
        f"{words.with_limits(row.estimate, row.low, row.high)} of "
        f"{words.count(row.n_readings, 'reading')} ({words.method(row.method)}; {row.estimand})"
        for row in rows
        if row.class_name == MACRO and row.score == "accuracy"
    ]
    return f"{'; '.join(said)}."
