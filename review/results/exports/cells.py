"""Cells of text files: safe in a spreadsheet, exact for a program."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


def safe_text(text: str) -> str:
    """Return text that no spreadsheet takes for a formula (OWASP ASVS 5, 1.2.10).

    Only text is changed: a number keeps its sign because it never comes here.
    """
    return f"'{text}" if text.startswith(DANGEROUS) else text


def safe_cell(value: Any) -> Any:
    """Return text made safe, numbers as they are, and the empty string for anything missing."""
    if isinstance(value, str):
        return safe_text(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return value


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return UTF-8 CSV with LF line ends; floats with all digits, missing values empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([safe_cell(name) for name in header])
    writer.writerows([_written(value) for value in row] for row in rows)
    return buffer.getvalue().encode()


def _written(value: Any) -> Any:
    cell = safe_cell(value)
    return repr(cell) if isinstance(cell, float) else cell
