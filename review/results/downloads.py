"""What can be downloaded from a snapshot, and how each file is made."""

from collections.abc import Callable
from dataclasses import dataclass

from review.catalog.storage import read_bytes
from review.results.errors import NothingToReport
from review.results.exports import pack, readings, tables
from review.results.exports.browser import NO_BROWSER, find_browser
from review.results.exports.figures import figure_of
from review.results.models import Export, Snapshot
from review.results.reports import (
    SMALL_ROWS,
    ask_worker,
    find_export,
    keep_export,
)


@dataclass(frozen=True)
class Download:
    """One file: its name, type, what it is, and how it is built."""

    name: str
    content_type: str
    label: str
    build: Callable[[Snapshot], bytes]
    slow: bool = False

    @property
    def suffix(self) -> str:
        return "." + self.name.rsplit(".", 1)[1]


def _tables_tex(snapshot: Snapshot) -> bytes:
    return tables.tables_latex(pack.report_data(snapshot))


DOWNLOADS: dict[str, Download] = {
    download.name: download
    for download in (
        Download(
            "readings.csv", "text/csv; charset=utf-8", "Readings, CSV, one row each",
            readings.readings_csv,
        ),
        Download(
            "readings.json", "application/json", "Readings, JSON with the data dictionary",
            readings.readings_json,
        ),
        Download(
            "readings.xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "Readings, Excel workbook with the data dictionary",
            readings.readings_xlsx,
        ),
        Download(
            "readings.parquet", "application/vnd.apache.parquet", "Readings, Parquet, typed",
            readings.readings_parquet,
        ),
        Download(
            "dictionary.csv", "text/csv; charset=utf-8", "Data dictionary: what each column means",
            readings.dictionary_csv,
        ),
        Download(
            "tables.tex",
            "application/x-tex; charset=utf-8",
            "All tables for LaTeX (booktabs, longtable)",
            _tables_tex,
        ),
        Download(
            "report.html", "text/html; charset=utf-8", "Whole report, one file, no network needed",
            pack.report_html,
        ),
        Download(
            "report.pdf", "application/pdf", "Whole report as PDF", pack.report_pdf, slow=True
        ),
        Download(
            "figures.zip", "application/zip", "All figures, SVG and PNG",
            pack.figures_zip, slow=True,
        ),
        Download(
            "methods.txt", "text/plain; charset=utf-8", "Methods paragraph, facts filled in",
            pack.methods_txt,
        ),
        Download(
            "checklists.csv", "text/csv; charset=utf-8", "CLAIM and STARD-AI, filled where known",
            pack.checklists_csv,
        ),
        Download(
            "turing-imrmc.txt", "text/plain; charset=utf-8", "Turing part for iMRMC",
            pack.imrmc_txt,
        ),
    )
}  # fmt: skip


BY_BROWSER = ("report.pdf", "figures.zip")
FIGURES = "figures.zip"


def find_download(name: str) -> Download:
    """Return a download by file name. Raises NothingToReport."""
    if name not in DOWNLOADS:
        raise NothingToReport(f"There is no file {name!r}. There are: {', '.join(DOWNLOADS)}.")
    return DOWNLOADS[name]


def available_downloads(snapshot: Snapshot) -> list[Download]:
    """Return the files that this snapshot and this server can give."""
    parts = {part["kind"] for part in snapshot.exclusions["facts"]["parts"]}
    absent = set() if find_browser() else {*BY_BROWSER}
    absent |= set() if "turing" in parts else {"turing-imrmc.txt"}
    return [one for one in DOWNLOADS.values() if one.name not in absent]


def build_download(snapshot: Snapshot, name: str) -> Export:
    """Build a file and keep it, or return the one that is there."""
    download = find_download(name)
    found = find_export(snapshot, name)
    return found or keep_export(snapshot, name, download.build(snapshot), download.suffix)


def ready_download(snapshot: Snapshot, name: str) -> bytes | None:
    """Return a file's bytes; None while a worker builds it for a large study."""
    download = find_download(name)
    found = find_export(snapshot, name)
    if found is None and name in BY_BROWSER and find_browser() is None:
        raise NothingToReport(NO_BROWSER)
    if found is None and snapshot.rows <= SMALL_ROWS and not download.slow:
        found = build_download(snapshot, name)
    if found is None:
        ask_worker("review.results.tasks.build_file", snapshot.pk, name)
        return None
    return read_bytes(found.storage_key)


def ready_figure(snapshot: Snapshot, key: str, suffix: str) -> bytes | None:
    """Return one figure's bytes; None while a worker draws them all. Raises NothingToReport."""
    archive = ready_download(snapshot, FIGURES)
    return None if archive is None else figure_of(archive, key, suffix)
