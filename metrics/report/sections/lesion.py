"""The lesion page: rates per class and arm, and where the defects are."""

import pandas as pd

from metrics.report import figures, words
from metrics.report.document import Figure, Section, Table, empty_section
from metrics.report.facts import Facts
from metrics.report.gestalt import gestalt_parts
from metrics.report.lesion import defect_figure, defect_rows, defect_table, marked
from metrics.report.plausibility import (
    EVERY,
    basis,
    ceiling_reading,
    comparable,
    rate_rows,
    rate_table,
    screening_warning,
)
from metrics.report.rates import RateRow
from metrics.report.readers import standing_notes
from metrics.report.selection import for_rates, of_kind, parts_of, primary, readers_of

KEY, TITLE = "lesion", "Lesion"


def section(frame: pd.DataFrame, facts: Facts) -> Section:
    """Return the section; without a lesion part it says so."""
    rows = primary(of_kind(frame, "lesion"))
    if not readers_of(rows):
        return empty_section(KEY, TITLE, "No lesion was judged by itself in this study.")
    figures_: list[Figure] = []
    tables: list[Table] = []
    readings: list[str] = []
    warnings = list(standing_notes(len(readers_of(rows)), facts))
    for suffix, part in parts_of(rows):
        narrow = for_rates(part)
        rates = rate_rows(narrow, facts)
        title = "Lesions judged plausible, per class and arm"
        overall_verdicts, agreement = gestalt_parts(part, facts, f"lesion-gestalt{suffix}")
        figures_ += [
            figures.forest(comparable(rates), facts, f"lesion{suffix}", title),
            defect_figure(part, facts, f"defects{suffix}"),
        ]
        tables += [
            rate_table(rates, facts, f"lesion{suffix}", title),
            defect_table(defect_rows(part, facts), facts, f"defects{suffix}"),
            *overall_verdicts,
        ]
        readings.append(
            f"Lesions judged plausible: {ceiling_reading(rates, facts)}. "
            f"{_method(rates)}{_marked(len(marked(part)))} {agreement}{' ' if agreement else ''}"
            f"{basis(narrow, facts)}"
        )
        warnings.extend(screening_warning(part))
    return Section(
        key=KEY,
        title=TITLE,
        reading=" ".join(readings),
        figures=tuple(figures_),
        tables=tuple(tables),
        warnings=words.unique(warnings),
    )


def _method(rows: tuple[RateRow, ...]) -> str:
    """Say how the rates of all images were found, and for whom they speak."""
    found = [row for row in rows if row.class_name == EVERY and row.estimate is not None]
    said = words.unique(f"{words.method(row.method)}; {row.estimand}" for row in found)
    return f"Method: {' and '.join(said)}. " if said else ""


def _marked(n: int) -> str:
    return f"{words.count(n, 'defect was', 'defects were')} marked with a point."
