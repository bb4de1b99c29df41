"""One row per reading, as CSV, JSON, XLSX and Parquet."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from review.results.exports.cells import csv_bytes, safe_text
from review.results.frames import tidy_snapshot
from review.results.models import Snapshot

if TYPE_CHECKING:
    import pandas as pd

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip entry can carry


def plain_rows(frame: "pd.DataFrame") -> Iterator[list[Any]]:
    """Yield rows of str, int, float, bool and None."""
    columns = [
        [None if missing else value for value, missing in zip(column, column.isna(), strict=True)]
        for column in (frame[name].astype("object") for name in frame.columns)
    ]
    yield from map(list, zip(*columns, strict=True))


def readings_csv(snapshot: Snapshot) -> bytes:
    frame = tidy_snapshot(snapshot)
    return csv_bytes(list(frame.columns), plain_rows(frame))


def dictionary(snapshot: Snapshot, columns: list[str]) -> list[dict[str, Any]]:
    from metrics.report.tidy import dictionary_rows

    criteria = {row["code"]: row["label"] for row in snapshot.exclusions["facts"]["criteria"]}
    return dictionary_rows(columns, criteria)


def dictionary_csv(snapshot: Snapshot) -> bytes:
    rows = dictionary(snapshot, list(tidy_snapshot(snapshot).columns))
    return csv_bytes(["column", "kind", "meaning"], (list(row.values()) for row in rows))


def readings_json(snapshot: Snapshot) -> bytes:
    """Return {"snapshot", "study", "dictionary", "readings"}; missing values are null."""
    frame = tidy_snapshot(snapshot)
    names = list(frame.columns)
    document = {
        "snapshot": snapshot.content_sha256,
        "study": snapshot.exclusions["facts"]["title"],
        "dictionary": dictionary(snapshot, names),
        "readings": [dict(zip(names, row, strict=True)) for row in plain_rows(frame)],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def readings_parquet(snapshot: Snapshot) -> bytes:
    """Return Parquet with typed columns; the snapshot's hash is in the file's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(tidy_snapshot(snapshot), preserve_index=False)
    table = table.replace_schema_metadata({"snapshot": snapshot.content_sha256})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def readings_xlsx(snapshot: Snapshot) -> bytes:
    """Return a workbook of readings and dictionary; text cells are never formulas."""
    from openpyxl import Workbook

    frame = tidy_snapshot(snapshot)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("readings")
    sheet.append([_text_cell(sheet, name) for name in frame.columns])
    for row in plain_rows(frame):
        sheet.append([_text_cell(sheet, value) for value in row])
    meanings = book.create_sheet("dictionary")
    meanings.append(["column", "kind", "meaning"])
    for line in dictionary(snapshot, list(frame.columns)):
        meanings.append([_text_cell(meanings, value) for value in line.values()])
    # openpyxl stamps the time of writing: the snapshot's own time keeps files identical
    book.properties.created = book.properties.modified = snapshot.at.replace(tzinfo=None)
    buffer = io.BytesIO()
    book.save(buffer)
    return _timeless(buffer.getvalue(), snapshot.at)


def _text_cell(sheet: Any, value: Any) -> Any:
    """Return a value; text as an explicit text cell, so that `=1+1` stays text.

    Control characters are left out: XML has no way to write them.
    """
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if not isinstance(value, str) or not value:
        return value
    safe = safe_text(ILLEGAL_CHARACTERS_RE.sub("", value))
    if safe == value:
        return value
    cell = WriteOnlyCell(sheet, value="")
    cell.value, cell.data_type = safe, "s"
    return cell


def _timeless(content: bytes, at: datetime) -> bytes:
    """Return the zip with fixed entry times and the save time replaced by the snapshot's."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for entry in sorted(source.namelist()):
            body = source.read(entry)
            if entry == "docProps/core.xml":
                body = _fixed_times(body, at)
            info = zipfile.ZipInfo(entry, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, body)
    return out.getvalue()


def _fixed_times(core: bytes, at: datetime) -> bytes:
    import re

    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    pattern = rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</)"
    return re.sub(pattern, rb"\g<1>" + stamp + rb"\g<2>", core)
