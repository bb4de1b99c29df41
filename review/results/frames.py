"""A snapshot's rows as a frame. Feedback and reports read only this."""

import hashlib
import json
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from review.catalog.storage import read_bytes, read_chunks
from review.results.errors import SnapshotBroken

if TYPE_CHECKING:
    import pandas as pd

    from review.results.models import Snapshot

CHUNK = 1000


def load_snapshot(snapshot: "Snapshot") -> "pd.DataFrame":
    """Return one row per reading, with the columns of metrics.report.dictionary.

    The file's hash is checked. Frames of the last two snapshots stay in memory; pandas copies on
    write, so a caller may change what it gets. Raises SnapshotBroken, MediaMissing.
    """
    return _frame(snapshot.storage_key, snapshot.content_sha256).copy(deep=False)


def tidy_snapshot(snapshot: "Snapshot") -> "pd.DataFrame":
    """Return one row per reading with plain values only, as exports and the API give it."""
    return _tidy(snapshot.storage_key, snapshot.content_sha256).copy(deep=False)


@lru_cache(maxsize=1)
def _tidy(storage_key: str, sha256: str) -> "pd.DataFrame":
    from metrics.report.tidy import tidy_frame

    return tidy_frame(_frame(storage_key, sha256))


@lru_cache(maxsize=2)
def _frame(storage_key: str, sha256: str) -> "pd.DataFrame":
    content = read_bytes(storage_key)
    _check(hashlib.sha256(content).hexdigest(), storage_key, sha256)
    return parse_rows(content)


def _check(found: str, storage_key: str, sha256: str) -> None:
    if found != sha256:
        raise SnapshotBroken(
            f"The file of snapshot {sha256[:12]} was changed on disk. Restore {storage_key} from "
            "the backup; no number is shown from it."
        )


def read_case(snapshot: "Snapshot", *, part: int, case: str) -> list[dict[str, Any]]:
    """Return the rows of one case as they are written, parsing no other row; the hash is checked.

    Keys are sorted and unspaced (services.snapshot_bytes), so a case's lines are found by text.
    Raises SnapshotBroken, MediaMissing.
    """
    wanted = json.dumps({"case": case}, separators=(",", ":"))[1:-1].encode()
    digest, rest, lines = hashlib.sha256(), b"", []
    for piece in read_chunks(snapshot.storage_key):
        digest.update(piece)
        whole, _, rest = (rest + piece).rpartition(b"\n")
        lines += _lines_with(wanted, whole)
    _check(digest.hexdigest(), snapshot.storage_key, snapshot.content_sha256)
    rows = [json.loads(line) for line in lines]
    return [row for row in rows if row["case"] == case and row["part"] == part]


def _lines_with(wanted: bytes, text: bytes) -> list[bytes]:
    """Return the lines that hold `wanted`, without splitting the others."""
    found, at = [], text.find(wanted)
    while at >= 0:
        start, end = text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at)
        found.append(text[start : end if end >= 0 else len(text)])
        at = text.find(wanted, end) if end >= 0 else -1
    return found


def parse_rows(content: bytes) -> "pd.DataFrame":
    """Return JSON lines as a typed frame.

    A thousand lines are parsed at once: the parser then shares their keys, and equal texts are
    interned, which keeps a hundred thousand readings in memory of tens of megabytes.
    """
    from metrics.report.dictionary import COLUMNS, typed_frame

    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    lines = content.splitlines()
    for start in range(0, len(lines), CHUNK):
        for row in json.loads(b"[" + b",".join(lines[start : start + CHUNK]) + b"]"):
            for name, values in columns.items():
                value = row.get(name)
                values.append(sys.intern(value) if isinstance(value, str) else value)
    return typed_frame(columns)
