"""Checkpoint folders in the media store: one folder on local media, one tar on remote media.

A folder is named by the hash of its card, so it never changes once it is there.
"""

import io
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from review.catalog.storage import key_for, local_path, media_exists, read_bytes


def publish_folder(folder: Path, card_sha256: str) -> str:
    """Move a finished folder into the store and return its key; the folder is gone afterwards."""
    key = key_for("checkpoints", card_sha256)
    target = local_path(key)
    if target is None:
        if not media_exists(f"{key}.tar"):
            default_storage.save(f"{key}.tar", ContentFile(_pack(folder)))
        shutil.rmtree(folder)
        return key
    if target.exists():
        shutil.rmtree(folder)
        return key
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(folder, target)
    return key


def open_folder(key: str) -> Path:
    """Return a local folder with the checkpoint; remote ones are unpacked once into a cache."""
    target = local_path(key)
    if target is not None:
        return target
    cached = settings.VAR / "cache" / key
    if not cached.exists():
        _unpack(read_bytes(f"{key}.tar"), cached)
    return Path(cached)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a new empty folder on the filesystem of the store, for what will be published."""
    root = local_path("checkpoints") or settings.VAR / "cache" / "checkpoints"
    root.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=root, prefix=".tmp-"))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def sweep_scratch(older_than_s: float = 86_400) -> int:
    """Remove scratch folders that a killed training left a day ago or earlier; return how many."""
    root = local_path("checkpoints") or settings.VAR / "cache" / "checkpoints"
    old = [p for p in root.glob(".tmp-*") if time.time() - p.stat().st_mtime > older_than_s]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    return len(old)


def _pack(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            tar.add(path, arcname=str(path.relative_to(folder)), recursive=False)
    return buffer.getvalue()


def _unpack(content: bytes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=".tmp-"))
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(scratch, filter="data")
    try:
        os.replace(scratch, target)
    except OSError:  # another process unpacked it first
        shutil.rmtree(scratch)
