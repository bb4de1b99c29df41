"""The first page: what was read, and what the other pages say in a sentence each."""

from dataclasses import dataclass

import pandas as pd

from metrics.report import figures, words
from metrics.report.document import Row, Section, Table
from metrics.report.facts import Facts
from metrics.report.look_plan import looks_text
from metrics.report.looks import look_rows
from metrics.report.plausibility import EVERY
from metrics.report.rates import RateRow
from metrics.report.readers import standing_notes
from metrics.report.selection import cases, parts_of, primary, readers_of

KEY, TITLE = "overview", "Overview"


@dataclass(frozen=True)
class PartRow(Row):
    """Hold the size of one part."""

    part: int
    kind: str
    n_images: int
    n_readers: int
    n_assigned: int
    n_answered: int
    n_cannot_judge: int
    n_missing: int


def section(frame: pd.DataFrame, facts: Facts, others: tuple[Section, ...]) -> Section:
    """Return the sizes of the parts and the readings of the other sections."""
    rows = tuple(_part_row(part) for _, part in parts_of(primary(frame))) if len(frame) else ()
    people = len(readers_of(frame))
    reading = (
        f"{words.count(people, 'reader')} gave "
        f"{words.count(sum(row.n_answered for row in rows), 'primary reading')} in "
        f"{words.count(len(rows), 'part')}. {_headline(others)}Snapshot {facts.hash}."
    )
    return Section(
        KEY,
        TITLE,
        reading,
        _figures(others, facts),
        (_table(rows), *_looks(frame, facts)),
        standing_notes(people, facts),
        is_empty=not people,
    )


def _headline(others: tuple[Section, ...]) -> str:
    """Return what the pages that lead with a claim say of it."""
    return "".join(f"{one.headline} " for one in others if one.headline)


def _part_row(part: pd.DataFrame) -> PartRow:
    counts = part["outcome"].value_counts()
    return PartRow(
        int(part["part"].iloc[0]),
        str(part["part_kind"].iloc[0]),
        cases(part).nunique(),
        len(readers_of(part)),
        len(part),
        *(int(counts.get(key, 0)) for key in ("answered", "cannot_judge", "missing")),
    )


def _figures(others: tuple[Section, ...], facts: Facts) -> tuple[figures.Figure, ...]:
    """Return plausibility over all images per arm, of the first plausibility part."""
    tables = [table for one in others for table in one.tables if table.key.startswith("plausib")]
    rows = [row for table in tables[:1] for row in table.records if isinstance(row, RateRow)]
    totals = [row for row in rows if row.class_name == EVERY]
    if not totals:
        return ()
    return (figures.forest(totals, facts, "overview", "Plausibility, all images"),)


def _looks(frame: pd.DataFrame, facts: Facts) -> tuple[Table, ...]:
    """Return the interim looks and the final bound, where the plan has looks."""
    rows = look_rows(frame, facts)
    if not rows:
        return ()
    return (
        Table(
            key="interim-looks",
            title="Interim looks and the final bound",
            records=rows,
            header=("Look", "#planned at", "#taken at", "#readings", "#z", "#bound", "Decision"),
            body=tuple(
                (
                    f"{row.look}" + (", final" if row.look == len(rows) else ""),
                    words.percent(row.planned_fraction, 0),
                    words.percent(row.fraction, 0),
                    words.NONE if row.n_readings is None else f"{row.n_readings:,}",
                    words.number(row.statistic, 3),
                    words.number(row.bound, 3),
                    row.decision,
                )
                for row in rows
            ),
            caption=f"{looks_text(facts)} Method of the test: {rows[-1].method}.",
        ),
    )


def _table(rows: tuple[PartRow, ...]) -> Table:
    return Table(
        key="parts",
        title="What was read",
        records=rows,
        header=(
            "Part",
            "#images",
            "#readers",
            "#assigned",
            "#answered",
            "#cannot judge",
            "#missing",
        ),
        body=tuple(
            (
                f"{row.part}, {row.kind}",
                f"{row.n_images:,}",
                str(row.n_readers),
                f"{row.n_assigned:,}",
                f"{row.n_answered:,}",
                str(row.n_cannot_judge),
                str(row.n_missing),
            )
            for row in rows
        ),
        caption="Primary cases: first showings without controls and calibration.",
    )
