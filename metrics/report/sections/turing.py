"""The Turing page: readers, ROC curves, all readers together, generators against each other."""

import pandas as pd

from metrics.report import figures, words
from metrics.report.calls import scores, truth, uneven_note
from metrics.report.document import Figure, Section, Table, empty_section
from metrics.report.facts import Facts
from metrics.report.generators import generator_rows, generator_table
from metrics.report.readers import standing_notes
from metrics.report.selection import of_kind, parts_of, primary, readers_of
from metrics.report.sensitivity import sensitivity_table, turing_rows
from metrics.report.turing import (
    EVERY_READER,
    MEASURES,
    MeasureRow,
    VerdictRow,
    all_readers,
    measure_rows,
    pooled_rows,
    verdict_rows,
)
from metrics.report.turing_tables import measure_table, pooled_table, verdict_table
from metrics.stats.roc import Curve, curve

KEY, TITLE = "turing", "Turing test"


def section(frame: pd.DataFrame, facts: Facts) -> Section:
    """Return the section; without a turing part it says so."""
    rows = primary(of_kind(frame, "turing"))
    if not readers_of(rows):
        return empty_section(
            KEY, TITLE, "Nobody was asked “real or synthetic?” in this study. Add a turing part."
        )
    figures_: list[Figure] = []
    tables: list[Table] = []
    headlines: list[str] = []
    readings: list[str] = []
    warnings = list(standing_notes(len(readers_of(rows)), facts))
    for suffix, part in parts_of(rows):
        area = all_readers(part)
        if isinstance(area, str):
            warnings.append(f"All readers together: {area}")
        analysis = None if isinstance(area, str) else area
        measures = measure_rows(part, analysis)
        verdicts = verdict_rows(part, analysis, facts)
        warnings += [f"{note}." for note in (uneven_note(part),) if note]
        figures_.extend(_figures(part, measures, suffix))
        tables += [
            measure_table(measures, f"turing{suffix}"),
            verdict_table(verdicts, facts, f"turing-verdicts{suffix}"),
            pooled_table(pooled_rows(part, facts), facts, f"turing-calls{suffix}"),
        ]
        tables.append(sensitivity_table(turing_rows(part), facts, f"turing-sensitivity{suffix}"))
        between = generator_rows(part, facts)
        tables += [generator_table(between, facts, f"turing-generators{suffix}")] if between else []
        headline, rest = _verdict(verdicts)
        headlines.append(headline)
        readings.append(f"{headline} {rest} {_basis(part, facts)}")
    if not facts.plan_names_margin:
        warnings.append(
            f"The analysis plan names no margin: ±{facts.margin:g} is a default, chosen before "
            "seeing the data but not registered by this study."
        )
    return Section(
        KEY,
        TITLE,
        " ".join(readings),
        tuple(figures_),
        tuple(tables),
        words.unique(warnings),
        headline=" ".join(headlines),
    )


def _figures(part: pd.DataFrame, measures: tuple[MeasureRow, ...], suffix: str) -> list[Figure]:
    curves = _curves(part)
    found = [figures.roc(curves, f"roc{suffix}", "ROC curve per reader")] if curves else []
    shown = [row for row in measures if row.measure in {"sensitivity", "specificity"}]
    shown = [row for row in shown if row.estimate is not None]
    if shown:
        labels = [f"{row.reader}, {MEASURES[row.measure].split(' (')[0].lower()}" for row in shown]
        axis = figures.percent_axis("share of images called rightly")
        title = "Sensitivity and specificity"
        found.append(figures.dots(shown, labels, f"calls{suffix}", title, axis))
    return found


def _curves(part: pd.DataFrame) -> list[tuple[str, Curve]]:
    found = []
    for reader in readers_of(part):
        mine = part[part["reader"] == reader]
        try:
            found.append((reader, curve(truth(mine), scores(mine))))
        except ValueError:  # this reader saw one kind of image only; the table says so
            continue
    return found


def _basis(part: pd.DataFrame, facts: Facts) -> str:
    answered = int(part["turing"].notna().sum())
    missing = len(part) - answered
    return (
        f"From {words.count(answered, 'answer')} of "
        f"{words.count(len(readers_of(part)), 'reader')} on "
        f"{words.count(part['case'].nunique(), 'image')}, {missing} without an answer. "
        f"Snapshot {facts.hash}."
    )


def _verdict(verdicts: tuple[VerdictRow, ...]) -> tuple[str, str]:
    """Say the verdict of the only reader, or of all together, and then how it was found.

    One of several readers never stands for the others.
    """
    head = verdicts[-1]
    if len(verdicts) > 1 and head.reader != EVERY_READER:
        return (
            "Nothing is said of all readers together: their common analysis is refused.",
            "The table has each reader's own verdict.",
        )
    whose = "All readers together" if head.reader == EVERY_READER else f"Reader {head.reader}"
    if head.estimate is None:
        return f"{whose}: no verdict.", head.sentence
    limits = words.number_with_limits(head.estimate, head.low, head.high)
    return (
        f"{whose}, {head.endpoint} {limits}: {head.sentence}",
        f"Verdict: {head.state}. Method: {words.method(head.method)}.",
    )
