"""Plausibility per class and arm, in the layout of the paper's Tables 3 and 4."""

from collections.abc import Iterable

import pandas as pd

from metrics.report import words
from metrics.report.document import Table
from metrics.report.facts import Facts
from metrics.report.rates import (
    Place,
    RateRow,
    estimate_or_reason,
    is_screened,
    macro_estimate,
    rate_row,
)
from metrics.report.selection import arms_of, classes_of, readers_of, split_by

AVERAGE = "Average of classes"
EVERY = "All images"


def rate_rows(part: pd.DataFrame, facts: Facts) -> tuple[RateRow, ...]:
    """Return a row per class and arm, then per arm the average of classes and all images.

    part: the primary rows of one plausibility part.
    """
    order = int(part["part"].iloc[0])
    rows: list[RateRow] = []
    by_class, by_arm = split_by(part, "class"), split_by(part, "arm")
    for code in classes_of(part, facts):
        cells = split_by(by_class[code], "arm")
        for arm in arms_of(by_class[code], facts):
            cell = cells[arm]
            place = Place(order, code, facts.class_name(code), arm, facts.arm(arm).source)
            rows.append(rate_row(cell, place, *estimate_or_reason(cell)))
    for arm in arms_of(part, facts):
        cell, source = by_arm[arm], facts.arm(arm).source
        rows.append(_average_row(cell, Place(order, "", AVERAGE, arm, source)))
        every = Place(order, "", EVERY, arm, source)
        rows.append(rate_row(cell, every, *estimate_or_reason(cell)))
    return tuple(rows)


def _average_row(cell: pd.DataFrame, place: Place) -> RateRow:
    try:
        return rate_row(cell, place, macro_estimate(cell))
    except ValueError as error:
        return rate_row(cell, place, None, str(error))


def rate_table(rows: Iterable[RateRow], facts: Facts, key: str, title: str) -> Table:
    """Return the paper's layout: a line per class, a column per arm, closing averages."""
    every = tuple(rows)
    arms = list(dict.fromkeys(row.arm for row in every))
    lines = list(dict.fromkeys(row.class_name for row in every))
    cells = {(row.class_name, row.arm): row for row in every}
    header = ["Class", *(f"#{facts.arm(arm).label}" for arm in arms), "#images per arm"]
    body = tuple(
        (name, *(_cell(cells.get((name, arm))) for arm in arms), _sizes(cells, name, arms))
        for name in lines
    )
    return Table(
        key=key,
        title=title,
        records=every,
        header=tuple(header),
        body=body,
        caption=_caption(every),
        total=sum(name in {AVERAGE, EVERY} for name in lines),
    )


def _cell(row: RateRow | None) -> str:
    if row is None:
        return words.NONE
    return words.marked(words.with_limits(row.estimate, row.low, row.high), row.warnings)


def _sizes(cells: dict[tuple[str, str], RateRow], name: str, arms: list[str]) -> str:
    return " / ".join(
        str(cells[name, arm].n_images) if (name, arm) in cells else "0" for arm in arms
    )


def _caption(rows: tuple[RateRow, ...]) -> str:
    readers = max((row.n_readers for row in rows), default=0)
    return (
        f"Share of images judged plausible with 95 % limits per class, not simultaneous; "
        f"{words.count(readers, 'reader')}. {words.methods(rows)}{_average_note(rows)}"
        f"{words.luck(rows)}"
    )


def _average_note(rows: tuple[RateRow, ...]) -> str:
    if not speaks_otherwise(rows):
        return ""
    return (
        f" “{AVERAGE}” speaks of these readers only: its limits leave out how much readers differ, "
        "and are narrower for that."
    )


def speaks_otherwise(rows: Iterable[RateRow]) -> bool:
    """Say whether the average of classes is of other readers than the row of all images."""
    said = {(row.arm, row.class_name): row.estimand for row in rows if row.estimate is not None}
    return any(
        name == AVERAGE and said.get((arm, EVERY), estimand) != estimand
        for (arm, name), estimand in said.items()
    )


def comparable(rows: Iterable[RateRow]) -> list[RateRow]:
    """Return the rows whose limits may stand in one figure: all of the same readers."""
    every = list(rows)
    mixed = speaks_otherwise(every)
    return [row for row in every if not (mixed and row.class_name == AVERAGE)]


def basis(part: pd.DataFrame, facts: Facts) -> str:
    """Say what the rates of a part rest on, with what was not judged."""
    judged = int(part["verdict"].notna().sum())
    cannot = int((part["outcome"] == "cannot_judge").sum())
    missing = int((part["outcome"] == "missing").sum())
    return (
        f"From {words.count(judged, 'verdict')} of {words.count(len(readers_of(part)), 'reader')} "
        f"on {words.count(part['case'].nunique(), 'image')}; {cannot} could not be judged and "
        f"{missing} are missing (both are counted in the tables). Snapshot {facts.hash}."
    )


def ceiling_reading(rows: Iterable[RateRow], facts: Facts) -> str:
    """Return one sentence per arm: the average, and the real images as the ceiling."""
    parts = []
    for row in rows:
        if row.class_name == EVERY and row.estimate is not None:
            word = " (the ceiling)" if row.source == "real" else ""
            limits = _cell(row)
            size = words.count(row.n_images, "image")
            parts.append(f"{facts.arm(row.arm).label}{word}: {limits} of {size}")
    return "; ".join(parts)


def screening_warning(part: pd.DataFrame) -> tuple[str, ...]:
    """Say that shown images were screened, where they were."""
    if not is_screened(part):
        return ()
    return (
        "Some arms show screened images: rates are weighted by logged probabilities; the share "
        "“as shown” in the downloads is biased upwards and is a description only.",
    )
