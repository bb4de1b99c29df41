"""The report pack: HTML, PDF, figures, methods, checklists and the iMRMC file."""

from html import escape
from typing import Any

from review.results.errors import NothingToReport
from review.results.exports import figures
from review.results.exports.browser import print_pdf
from review.results.exports.cells import csv_bytes
from review.results.exports.html import html_report
from review.results.frames import load_snapshot
from review.results.models import Snapshot
from review.results.reports import compute_report, ready_report

Json = dict[str, Any]


def report_data(snapshot: Snapshot) -> Json:
    return ready_report(snapshot) or compute_report(snapshot)


def methods_txt(snapshot: Snapshot) -> bytes:
    """Return the methods paragraph as plain text."""
    from metrics.report.methods import methods_text

    report = report_data(snapshot)
    sections = tuple(report["sections"])
    return (methods_text(_facts(snapshot), sections, report["code_version"]) + "\n").encode()


def checklists_csv(snapshot: Snapshot) -> bytes:
    rows = _checklist(snapshot)
    header = ["guideline", "section", "topic", "known_by", "answer"]
    return csv_bytes(header, (list(row.values()) for row in rows))


def report_html(snapshot: Snapshot) -> bytes:
    """Return the whole report as one file that needs no network."""
    methods = methods_txt(snapshot).decode().strip().split("\n\n")
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in methods)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row.values()) + "</tr>"
        for row in _checklist(snapshot)
    )
    head = "".join(
        f"<th>{name}</th>" for name in ("List", "Section", "Topic", "Known by", "Answer")
    )
    extra = (
        f"<section><h2>Methods</h2>{paragraphs}</section><section><h2>Checklists</h2>"
        "<p class=small>Topics in our words; item numbers and wording are those of the published "
        f"lists.</p><div class=scroll><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div></section>"
    )
    return html_report(report_data(snapshot), extra=extra)


def report_pdf(snapshot: Snapshot) -> bytes:
    """Print the HTML report with Chromium. Raises NothingToReport where there is none."""
    # the width of an A4 page between its margins
    return print_pdf(report_html(snapshot), width=690, height=1000)


def figures_zip(snapshot: Snapshot) -> bytes:
    """Draw every figure as SVG and PNG. Raises NothingToReport without Chromium or figures."""
    return figures.figures_zip(report_data(snapshot))


def imrmc_txt(snapshot: Snapshot) -> bytes:
    """Return the turing part for iMRMC. Raises NothingToReport without one."""
    from metrics.report.mrmc_input import turing_imrmc

    try:
        return turing_imrmc(load_snapshot(snapshot), _facts(snapshot)).encode()
    except ValueError as error:
        raise NothingToReport(f"No iMRMC file: {error}") from error


def _facts(snapshot: Snapshot) -> Any:
    from metrics.report.facts import Facts

    return Facts.of(snapshot.content_sha256, snapshot.exclusions)


def _checklist(snapshot: Snapshot) -> list[Json]:
    from dataclasses import asdict

    from metrics.report.checklists import checklist_rows

    return [asdict(row) for row in checklist_rows(_facts(snapshot))]
