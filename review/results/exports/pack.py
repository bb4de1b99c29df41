"""The report pack: self-contained HTML, its PDF, methods, checklists and the iMRMC file."""

import os
import shutil
import subprocess
import tempfile
from html import escape
from pathlib import Path
from typing import Any

from review.results.errors import NothingToReport
from review.results.exports.cells import csv_bytes
from review.results.exports.html import html_report
from review.results.frames import load_snapshot
from review.results.models import Snapshot
from review.results.reports import compute_report, ready_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PDF_SECONDS = 120
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
        f"lists.</p><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></section>"
    )
    return html_report(report_data(snapshot), extra=extra)


def report_pdf(snapshot: Snapshot) -> bytes:
    """Print the HTML report with Chromium. Raises NothingToReport where there is none."""
    browser = find_browser()
    if browser is None:
        raise NothingToReport(
            "This server has no Chromium, so there is no PDF. Open report.html and print it."
        )
    with tempfile.TemporaryDirectory(prefix="semblance-pdf-") as folder:
        page, printed = Path(folder, "report.html"), Path(folder, "report.pdf")
        page.write_bytes(report_html(snapshot))
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-pdf-header-footer",
            "--window-size=690,1000",  # the width of an A4 page between its margins
            f"--user-data-dir={folder}/profile",
            "--virtual-time-budget=20000",
            f"--print-to-pdf={printed}",
            page.as_uri(),
        ]
        if os.geteuid() == 0:  # in containers; the page is our own
            command.insert(1, "--no-sandbox")
        done = subprocess.run(  # noqa: S603  fixed program, our own page
            command, capture_output=True, timeout=PDF_SECONDS, check=False
        )
        if not printed.exists():
            reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise NothingToReport(f"Chromium made no PDF ({''.join(reason)}). Use report.html.")
        return printed.read_bytes()


def find_browser() -> str | None:
    """Return the path of a Chromium, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


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
