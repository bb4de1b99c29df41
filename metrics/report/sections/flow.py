"""The flow page."""

import pandas as pd

from metrics.report import figures, words
from metrics.report.document import Section, empty_section
from metrics.report.facts import Facts
from metrics.report.flow import (
    OutcomeRow,
    additions_text,
    flow_rows,
    flow_table,
    outcome_rows,
    outcome_table,
)
from metrics.report.readers import simulated_note

KEY, TITLE = "flow", "Flow of cases"


def section(frame: pd.DataFrame, facts: Facts) -> Section:
    """Return where every case and reading went."""
    steps = flow_rows(facts)
    if not steps:
        return empty_section(KEY, TITLE, "No assignment was made in this study.")
    outcomes = outcome_rows(frame, facts)
    flow = facts.flow
    seats = flow.get("readers") or {}
    removed = int(flow.get("withdrawn_without_consent") or 0)
    reading = (
        f"{words.count(int(seats.get('seats', 0)), 'reader')} had a seat; "
        f"{int(seats.get('withdrawn_removed', 0))} withdrew their data "
        f"({words.count(removed, 'reading')} left out of everything), "
        f"{int(seats.get('withdrawn_kept', 0))} stopped and left theirs. "
        f"The snapshot holds {words.count(len(frame), 'row')}: one per assignment that is not "
        f"void, answered or not. Snapshot {facts.hash}."
    )
    figure = figures.stacked(
        list(dict.fromkeys(_name(row) for row in outcomes)),
        [
            (label.replace("_", " "), _sums(outcomes, label))
            for label in ("answered", "cannot_judge", "missing")
        ],
        "outcomes",
        "Outcome of primary assignments",
    )
    notes = [note for note in (additions_text(facts), simulated_note(facts)) if note]
    return Section(
        KEY,
        TITLE,
        reading,
        (figure,),
        (flow_table(steps), outcome_table(outcomes, facts)),
        tuple(notes),
    )


def _name(row: OutcomeRow) -> str:
    return f"{row.reader}, part {row.part}"


def _sums(rows: tuple[OutcomeRow, ...], label: str) -> list[int]:
    sums: dict[str, int] = {}
    for row in rows:
        sums[_name(row)] = sums.get(_name(row), 0) + int(getattr(row, label))
    return list(sums.values())
