"""Content-addressed media: a file's name is the SHA-256 of its bytes.

Local files are written to a temporary name on the same filesystem, synced, then renamed, so that a
name that exists always holds the whole content. Write the file first, its row second.
"""

import hashlib
import os
import socket
import tempfile
import time
from pathlib import Path
from typing import Literal

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

from review.catalog.errors import MediaFull, MediaMissing

TEMPORARY = ".tmp-"
Kind = Literal["assets", "renditions", "checkpoints", "snapshots", "masks", "exports"]


def key_for(kind: Kind, digest: str, suffix: str = "") -> str:
    """Return `kind/ab/<sha><suffix>`."""
    return f"{kind}/{digest[:2]}/{digest}{suffix}"


def put_bytes(kind: Kind, content: bytes, suffix: str = "") -> str:
    """Store `content` once and return its key. Raises MediaFull when the disk is full."""
    key = key_for(kind, hashlib.sha256(content).hexdigest(), suffix)
    if default_storage.exists(key):
        return key
    if isinstance(default_storage, FileSystemStorage):
        _write_local(Path(default_storage.path(key)), content)
    else:
        default_storage.save(key, ContentFile(content))
    return key


def read_bytes(key: str) -> bytes:
    """Return the bytes behind `key`. Raises MediaMissing."""
    try:
        with default_storage.open(key, "rb") as file:
            return bytes(file.read())
    except FileNotFoundError as error:
        raise MediaMissing(f"Media file {key!r} is gone. Restore it from the backup.") from error


def media_exists(key: str) -> bool:
    return default_storage.exists(key)


def local_path(key: str) -> Path | None:
    """Return the path of a local file, or None when the store is remote."""
    if isinstance(default_storage, FileSystemStorage):
        return Path(default_storage.path(key))
    return None


def _write_local(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_temporary_prefix())
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o640)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise MediaFull(
            f"Could not store {len(content)} bytes: {error.strerror}. Free space on the media "
            "disk and try again; nothing was half-written."
        ) from error


def sweep_temporaries(older_than_s: float = 86_400) -> int:
    """Remove temporary files of local processes that died, and very old ones. Return how many."""
    if not isinstance(default_storage, FileSystemStorage):
        return 0
    removed = 0
    for path in Path(default_storage.location).glob(f"*/??/{TEMPORARY}*"):
        try:
            abandoned = time.time() - path.stat().st_mtime > older_than_s or _owner_died(path.name)
            if abandoned:
                path.unlink()
                removed += 1
        except FileNotFoundError:  # its owner has just renamed it
            continue
    return removed


def _temporary_prefix() -> str:
    """Name host and process, so that a sweep can tell a dead writer from a busy one."""
    return f"{TEMPORARY}{_host()}-{os.getpid()}-"


def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _owner_died(name: str) -> bool:
    host, _, rest = name.removeprefix(TEMPORARY).partition("-")
    pid = rest.partition("-")[0]
    if host != _host() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
