"""Chromium without a window: it prints our own pages and hands back what their scripts drew."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from review.results.errors import NothingToReport

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS = 120
NO_BROWSER = (
    "This server has no Chromium, so there is no PDF and no figure file. Ask an admin to install "
    "it (Debian: apt install chromium), or open report.html: print it, and save figures by the "
    "button above each."
)
VIRTUAL_MS = 20_000  # the page's own clock stops here, whatever the machine's load


def find_browser() -> str | None:
    """Return the path of a Chromium, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def print_pdf(page: bytes, *, width: int, height: int) -> bytes:
    """Return the page as PDF, laid out in a window of width x height CSS pixels.

    Raises NothingToReport where there is no Chromium or it prints nothing.
    """
    with tempfile.TemporaryDirectory(prefix="semblance-pdf-") as folder:
        printed = Path(folder, "page.pdf")
        size = f"--window-size={width},{height}"
        done = _run(folder, page, ["--no-pdf-header-footer", size, f"--print-to-pdf={printed}"])
        if not printed.exists():
            raise NothingToReport(f"Chromium made no PDF ({_last_words(done)}). Use report.html.")
        return printed.read_bytes()


def drawn_page(page: bytes) -> str:
    """Return the page's HTML after its scripts have run. Raises NothingToReport."""
    with tempfile.TemporaryDirectory(prefix="semblance-page-") as folder:
        done = _run(folder, page, ["--window-size=1200,900", "--dump-dom"])
        text = done.stdout.decode(errors="replace")
        if not text.strip():
            raise NothingToReport(f"Chromium drew nothing ({_last_words(done)}).")
        return text


def _run(folder: str, page: bytes, options: list[str]) -> "subprocess.CompletedProcess[bytes]":
    browser = find_browser()
    if browser is None:
        raise NothingToReport(NO_BROWSER)
    path = Path(folder, "page.html")
    path.write_bytes(page)
    command = [
        browser,
        "--headless",
        "--disable-gpu",
        f"--user-data-dir={folder}/profile",
        f"--virtual-time-budget={VIRTUAL_MS}",
        *options,
        path.as_uri(),
    ]
    if os.geteuid() == 0:  # in containers; the page is our own
        command.insert(1, "--no-sandbox")
    try:
        return subprocess.run(  # noqa: S603  fixed program, our own page
            command, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NothingToReport(
            f"Chromium did not finish in {SECONDS} s. Try again when the server is less busy."
        ) from error


def _last_words(done: "subprocess.CompletedProcess[bytes]") -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no reason given"
