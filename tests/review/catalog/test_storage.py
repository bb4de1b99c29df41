"""Content-addressed files: a name that exists holds the whole content; leavings are swept."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from review.catalog import storage
from review.catalog.errors import MediaMissing


def test_a_file_is_named_by_its_content(media: Path) -> None:
    key = storage.put_bytes("assets", b"hello", ".png")

    assert key.startswith("assets/2c/2cf24dba")
    assert storage.put_bytes("assets", b"hello", ".png") == key
    assert storage.read_bytes(key) == b"hello"


def test_a_missing_file_is_told(media: Path) -> None:
    with pytest.raises(MediaMissing, match="is gone"):
        storage.read_bytes("assets/ab/none.png")


def test_sweeps_what_dead_writers_left_and_nothing_else(media: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    storage.put_bytes("assets", b"hello", ".png")
    folder = next((media / "assets").iterdir())
    prefix = f"{storage.TEMPORARY}{storage._host()}"
    dead, busy = folder / f"{prefix}-{child.pid}-a", folder / f"{prefix}-{os.getpid()}-b"
    elsewhere, ancient = folder / ".tmp-otherhost-1-c", folder / ".tmp-otherhost-1-d"
    for path in (dead, busy, elsewhere, ancient):
        path.write_bytes(b"half")
    os.utime(ancient, (time.time() - 90_000,) * 2)

    removed = storage.sweep_temporaries()

    assert removed == 2
    assert not dead.exists()
    assert not ancient.exists()
    assert busy.exists()
    assert elsewhere.exists()
