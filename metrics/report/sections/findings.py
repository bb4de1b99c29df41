"""The findings page: sensitivity and specificity per finding and arm."""

import pandas as pd

from metrics.report import figures, words
from metrics.report.document import Figure, Section, Table, empty_section
from metrics.report.facts import Facts
from metrics.report.findings import (
    NOTE,
    SENSITIVITY,
    SPECIFICITY,
    FindingRow,
    arm_name,
    finding_rows,
    said_rows,
    said_table,
    score_table,
)
from metrics.report.plausibility import screening_warning
from metrics.report.readers import standing_notes
from metrics.report.selection import parts_of, primary, readers_of

KEY, TITLE = "findings", "Findings"


def section(frame: pd.DataFrame, facts: Facts) -> Section:
    """Return the section; where no part asked for findings it says so."""
    asked = primary(frame[frame["part"].isin(facts.parts_with_findings())])
    if not readers_of(asked):
        return empty_section(
            KEY, TITLE, "No part of this study asked for several findings of one image."
        )
    figures_: list[Figure] = []
    tables: list[Table] = []
    readings: list[str] = []
    warnings = [NOTE, *standing_notes(len(readers_of(asked)), facts)]
    for suffix, part in parts_of(asked):
        codes = facts.findings(int(part["part"].iloc[0]))
        rows = finding_rows(part, codes, facts)
        tables += [
            score_table(rows, facts, f"findings{suffix}"),
            said_table(said_rows(part, codes, facts), facts, f"findings-said{suffix}"),
        ]
        figures_ += [_figure(rows, score, facts, suffix) for score in (SENSITIVITY, SPECIFICITY)]
        readings.append(_reading(rows, facts))
        warnings += screening_warning(part)
    return Section(
        KEY,
        TITLE,
        f"{' '.join(readings)} Snapshot {facts.hash}.",
        tuple(figures_),
        tuple(tables),
        words.unique(warnings),
    )


def _figure(rows: tuple[FindingRow, ...], score: str, facts: Facts, suffix: str) -> Figure:
    shown = [row for row in rows if row.score == score and row.estimate is not None]
    labels = [f"{row.finding_name}, {arm_name(row.arm, facts)}" for row in shown]
    axis = figures.percent_axis(score)
    return figures.dots(shown, labels, f"{score}{suffix}", score.capitalize(), axis)


def _reading(rows: tuple[FindingRow, ...], facts: Facts) -> str:
    said = []
    for arm in dict.fromkeys(row.arm for row in rows):
        parts = [text for score in (SENSITIVITY, SPECIFICITY) if (text := _mean(rows, arm, score))]
        if parts:
            said.append(f"{arm_name(arm, facts)}: {words.sentence_list(parts)}")
    if not said:
        return "No sensitivity or specificity could be estimated."
    return f"{'; '.join(said)}; plain means over findings, limits per finding in the table."


def _mean(rows: tuple[FindingRow, ...], arm: str, score: str) -> str:
    mine = [r.estimate for r in rows if r.arm == arm and r.score == score]
    known = [value for value in mine if value is not None]
    if not known:
        return ""
    mean = words.percent(sum(known) / len(known))
    return f"mean {score} {mean} of {words.count(len(known), 'finding')}"
