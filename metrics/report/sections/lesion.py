"""The lesion page: rates per class and arm, and where the defects are."""

import pandas as pd

from metrics.report import figures, words
from metrics.report.document import Figure, Section, Table, empty_section
from metrics.report.facts import Facts
from metrics.report.lesion import defect_figure, defect_rows, defect_table, marked
from metrics.report.plausibility import ceiling_reading, rate_rows, rate_table, screening_warning
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
        figures_ += [
            figures.forest(rates, facts, f"lesion{suffix}", title),
            defect_figure(part, facts, f"defects{suffix}"),
        ]
        tables += [
            rate_table(rates, facts, f"lesion{suffix}", title),
            defect_table(defect_rows(part, facts), facts, f"defects{suffix}"),
        ]
        readings.append(
            f"Lesions judged plausible: {ceiling_reading(rates, facts)}. "
            f"{words.count(len(marked(part)), 'point')} of defects were marked."
        )
        warnings.extend(screening_warning(part))
    return Section(
        key=KEY,
        title=TITLE,
        reading=f"{' '.join(readings)} Snapshot {facts.hash}.",
        figures=tuple(figures_),
        tables=tuple(tables),
        warnings=words.unique(warnings),
    )
