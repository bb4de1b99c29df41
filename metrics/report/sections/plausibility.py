"""The plausibility page: rates per class and arm, arms compared, wrong-class controls."""

import pandas as pd

from metrics.report import figures, words
from metrics.report.controls import control_rows, control_table
from metrics.report.differences import (
    DifferenceRow,
    OverallRow,
    difference_rows,
    difference_table,
    overall_rows,
    overall_table,
)
from metrics.report.document import Figure, Section, Table, empty_section
from metrics.report.facts import Facts
from metrics.report.gestalt import gestalt_parts
from metrics.report.plausibility import (
    EVERY,
    basis,
    ceiling_reading,
    comparable,
    rate_rows,
    rate_table,
    screening_warning,
)
from metrics.report.readers import standing_notes
from metrics.report.selection import (
    arms_of,
    for_rates,
    of_kind,
    pairs_of,
    parts_of,
    primary,
    readers_of,
)
from metrics.report.sensitivity import plausibility_rows, sensitivity_table

KEY, TITLE = "plausibility", "Plausibility"


def section(frame: pd.DataFrame, facts: Facts) -> Section:
    """Return the section; without a plausibility part it says so."""
    rows = primary(of_kind(frame, "plausibility"))
    if not readers_of(rows):
        return empty_section(
            KEY, TITLE, "No plausibility reading was given in this study, so there is no rate."
        )
    figures_: list[Figure] = []
    tables: list[Table] = []
    readings: list[tuple[str, str]] = []
    warnings: list[str] = []
    for suffix, part in parts_of(rows):
        figure, found, reading = _part(part, facts, suffix)
        figures_.append(figure)
        tables.extend(found)
        readings.append(reading)
        warnings.extend(screening_warning(part))
    wrong_class = control_rows(of_kind(frame, "plausibility"), facts)
    tables.extend(control_table(wrong_class) if wrong_class else [])
    notes = (*standing_notes(len(readers_of(rows)), facts), *_ceiling_note(rows, facts))
    return Section(
        key=KEY,
        title=TITLE,
        reading=" ".join(f"{first} {rest}" for first, rest in readings),
        headline=" ".join(first for first, _ in readings),
        figures=tuple(figures_),
        tables=tuple(tables),
        warnings=words.unique((*notes, *warnings)),
    )


def _part(
    part: pd.DataFrame, facts: Facts, suffix: str
) -> tuple[Figure, list[Table], tuple[str, str]]:
    """Return the figure and tables of one part, its headline and what follows it."""
    overall_verdicts, agreement = gestalt_parts(part, facts, f"gestalt{suffix}")
    part = for_rates(part)
    rates = rate_rows(part, facts)
    title = "Plausibility per class and arm"
    tables = [rate_table(rates, facts, f"plausibility{suffix}", title)]
    overall: list[OverallRow] = []
    compared: list[DifferenceRow] = []
    for pair in pairs_of(arms_of(part, facts), facts):
        differences = difference_rows(part, pair, facts)
        if differences:
            key = f"difference{suffix}-{pair[0]}-{pair[1]}"
            tables.append(difference_table(differences, facts, key))
            compared.extend(differences)
        overall.extend(overall_rows(part, pair, facts))
    if overall:
        tables.append(overall_table(overall, facts, f"overall{suffix}"))
    tables += overall_verdicts
    tables.append(sensitivity_table(plausibility_rows(part, facts), facts, f"sensitivity{suffix}"))
    headline = f"Images judged plausible: {ceiling_reading(rates, facts)}."
    said = (_difference_sentence(compared, overall, facts), agreement, basis(part, facts))
    rest = " ".join(filter(None, said))
    figure = figures.forest(comparable(rates), facts, f"plausibility{suffix}", title)
    return figure, tables, (headline, rest)


def _difference_sentence(rows: list[DifferenceRow], overall: list[OverallRow], facts: Facts) -> str:
    """Say the overall differences from the analysis that fits the number of readers."""
    chosen: list[DifferenceRow | OverallRow] = [
        row for row in rows if row.class_name == EVERY and row.estimate is not None
    ]
    chosen += [
        row
        for row in overall
        if row.question.startswith("common difference") and row.estimate is not None
    ]
    if not chosen:
        return ""
    said = "; ".join(
        f"{facts.arm(row.arm).label} minus {facts.arm(row.reference).label} "
        f"{words.points_with_limits(row.estimate, row.low, row.high)}"
        for row in chosen
    )
    methods = words.sentence_list(words.unique(words.method(row.method) for row in chosen))
    return f"Differences in points: {said}. Method: {methods}; {chosen[0].estimand}."


def _ceiling_note(rows: pd.DataFrame, facts: Facts) -> tuple[str, ...]:
    if any(facts.arm(arm).source == "real" for arm in arms_of(rows, facts)):
        return ()
    return ("No real images were judged: the rates have no ceiling to be read against.",)
