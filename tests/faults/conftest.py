"""Things that break: a small disk, a database cluster of the test's own, a site to kill."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cluster import Cluster, find_binaries
from tests.faults.site import Site


@dataclass(frozen=True)
class SmallDisk:
    """A file system of 24 MB."""

    folder: Path

    def fill(self, leave: int = 0) -> None:
        """Take all the space that is left but `leave` bytes, in pages."""
        try:
            with (self.folder / "filler").open("wb", buffering=0) as filler:
                while filler.write(b"x" * 65536):
                    pass
        except OSError:
            free = os.statvfs(self.folder).f_bavail * 4096
        size = (self.folder / "filler").stat().st_size
        os.truncate(self.folder / "filler", max(0, size - max(0, leave - free)))

    def free(self) -> None:
        """Give the space back."""
        (self.folder / "filler").unlink()

    def half_written(self) -> list[str]:
        """Return temporary files and folders that somebody left."""
        return [path.name for path in self.folder.rglob("*") if ".tmp-" in path.name]


@pytest.fixture
def disk(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDisk]:
    """Put media, uploads and var on a disk of 24 MB.

    Needs the right to mount: root, or `unshare -Urm python -m pytest tests/faults`.
    """
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk here; run under `unshare -Urm`")
    try:
        for name in ("media", "temporary", "var"):
            (folder / name).mkdir()
        place = {"location": str(folder / "media"), "base_url": None}
        local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": place}
        settings.STORAGES = settings.STORAGES | {"default": local}
        settings.FILE_UPLOAD_TEMP_DIR = str(folder / "temporary")
        settings.VAR = folder / "var"
        settings.LEASE_SECONDS = 3600
        monkeypatch.setenv("SEMBLANCE_TORCH_THREADS", "1")
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL cluster that nobody else uses."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no initdb and pg_ctl under /usr/lib/postgresql; install PostgreSQL's server")
    with Cluster.started(binaries) as cluster:
        yield cluster


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An empty installation; whatever it started is killed at the end."""
    site = Site(tmp_path / "var")
    site.var.mkdir()
    yield site
    site.kill_all()
