"""The whole report of one snapshot."""

from collections.abc import Callable

import pandas as pd

from metrics.report.document import Report, Section
from metrics.report.facts import Facts
from metrics.report.sections import (
    acceptability,
    agreement,
    criteria,
    findings,
    flow,
    identify,
    lesion,
    overview,
    plausibility,
    times,
    turing,
)

SECTIONS: tuple[Callable[[pd.DataFrame, Facts], Section], ...] = (
    plausibility.section,
    turing.section,
    identify.section,
    findings.section,
    lesion.section,
    acceptability.section,
    criteria.section,
    agreement.section,
    times.section,
    flow.section,
)


def build_report(frame: pd.DataFrame, facts: Facts, code_version: str) -> Report:
    """Return every section of the report.

    frame: a snapshot as `typed_frame` gives it. The same frame and facts give the same report.
    """
    sections = tuple(make(frame, facts) for make in SECTIONS)
    head = overview.section(frame, facts, sections)
    return Report(facts.title, facts.snapshot, code_version, (head, *sections))
