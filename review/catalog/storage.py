"""Content-addressed media: a file's name is the SHA-256 of its bytes.

Local files are written to a temporary name on the same filesystem, synced, then renamed, so that a
name that exists always holds the whole content. Write the file first, its row second.
"""

import errno
import hashlib
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage

from review.catalog.errors import MediaFull, MediaMissing

TEMPORARY = ".tmp-"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SPACE_RETRY_S = 60.0  # work that met a full disk is tried again that often
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


def read_chunks(key: str, size: int = 1 << 20) -> Iterator[bytes]:
    """Yield the bytes behind `key` in pieces, for files that memory should not hold whole."""
    try:
        with default_storage.open(key, "rb") as file:
            while piece := file.read(size):
                yield bytes(piece)
    except FileNotFoundError as error:
        raise MediaMissing(f"Media file {key!r} is gone. Restore it from the backup.") from error


def media_exists(key: str) -> bool:
    return default_storage.exists(key)


def local_path(key: str) -> Path | None:
    """Return the path of a local file, or None when the store is remote."""
    if isinstance(default_storage, FileSystemStorage):
        return Path(default_storage.path(key))
    return None


def is_disk_full(error: BaseException) -> bool:
    """Say whether an error means that a disk or a quota takes no more.

    safetensors raises a type of its own whose text holds the number.
    """
    if isinstance(error, MediaFull):
        return True
    if isinstance(error, OSError):
        return error.errno in FULL
    return "(os error 28)" in str(error)


def describe_full(error: BaseException) -> str:
    """Say which disk is full, how much is free on it, and what to do."""
    if isinstance(error, MediaFull):
        return str(error)
    path = getattr(error, "filename", None)
    return _no_room(Path(os.fsdecode(path)) if path else _media_root(), "a file", error)


def full_media(size: int | None, error: BaseException, path: Path | None = None) -> MediaFull:
    """Return the error to raise when `size` bytes could not be stored in the media folder."""
    what = "a file" if size is None else f"{size:,} bytes"
    return MediaFull(_no_room(path or _media_root(), what, error))


def _no_room(path: Path, what: str, error: BaseException) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    folder = next((one for one in [path, *path.parents] if one.is_dir()), Path("/"))
    free = shutil.disk_usage(folder).free
    return (
        f"Could not store {what} in {folder}: {reason}; {free:,} bytes are free there. Free space "
        "on that disk and try again; nothing was half-written."
    )


def _media_root() -> Path:
    root = local_path("")
    return root if root is not None else Path(tempfile.gettempdir())


def _write_local(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
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
        raise full_media(len(content), error, path.parent) from error


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
