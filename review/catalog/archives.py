"""Open an uploaded zip only when its directory keeps every limit. No Django."""

import stat
import struct
import zipfile
from pathlib import PurePosixPath
from typing import IO

from review.catalog.errors import ImageRejected, ImportRefused

MAX_ENTRIES = 20_000
MAX_DIRECTORY_BYTES = 4 * 1024 * 1024
MAX_UNPACKED = 4 * 1024**3
MAX_MEMBER = 200 * 1024 * 1024
MAX_RATIO = 200  # deflate reaches 1000 on constant data; images and tables stay below 20
RATIO_FROM = 1024 * 1024  # small members may be as empty as they like
NESTED = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"}
END_RECORD = b"PK\x05\x06"
ZIP64_LOCATOR = b"PK\x06\x07"  # would let the directory be larger than the record says


def open_archive(file: IO[bytes]) -> zipfile.ZipFile:
    """Return the opened archive, or raise ImportRefused with the limit that it breaks."""
    _check_directory(file)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError) as error:
        raise ImportRefused(f"The archive is not a readable zip file ({error}).") from error
    try:
        _check_entries(archive.infolist())
    except ImportRefused:
        archive.close()
        raise
    return archive


def _check_directory(file: IO[bytes]) -> None:
    """Look at the end record by hand, before the whole directory is read into memory."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - 65_557))
    tail = file.read()
    at = tail.rfind(END_RECORD)
    if at < 0 or at + 22 > len(tail):
        raise ImportRefused("The file is not a zip archive. Pack the images as .zip and try again.")
    if tail[max(0, at - 20) : at].startswith(ZIP64_LOCATOR):
        raise ImportRefused("The archive is in the zip64 format for huge files. Split it.")
    entries, length = struct.unpack_from("<HI", tail, at + 10)
    if entries > MAX_ENTRIES or length > MAX_DIRECTORY_BYTES:
        raise ImportRefused(
            f"The archive lists {entries:,} files in {length:,} bytes; the limits are "
            f"{MAX_ENTRIES:,} files and {MAX_DIRECTORY_BYTES:,} bytes. Split it, or import from a "
            "folder on the server."
        )
    file.seek(0)


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise ImportRefused(
            f"The archive holds {len(entries):,} files; the limit is {MAX_ENTRIES:,}."
        )
    seen: set[str] = set()
    total = 0
    for entry in entries:
        if entry.is_dir():
            continue
        _check_entry(entry)
        if entry.filename in seen:
            raise ImportRefused(f"The archive holds {entry.filename!r} twice.")
        seen.add(entry.filename)
        total += entry.file_size
        if total > MAX_UNPACKED:
            raise ImportRefused(f"The archive unpacks to more than {MAX_UNPACKED:,} bytes.")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    from review.catalog.trees import check_name

    name = entry.orig_filename
    try:
        check_name(name)
    except ImageRejected as unsafe:
        raise ImportRefused(f"The archive is not safe: {unsafe}.") from unsafe
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ImportRefused(f"The archive holds a symbolic link ({name!r}); links are not taken.")
    if entry.flag_bits & 0x1:
        raise ImportRefused(f"The archive is encrypted ({name!r}). Send it without a password.")
    if PurePosixPath(name).suffix.lower() in NESTED:
        raise ImportRefused(f"The archive holds another archive ({name!r}). Unpack that one first.")
    if entry.file_size > MAX_MEMBER:
        raise ImportRefused(f"{name!r} unpacks to {entry.file_size:,} bytes; limit {MAX_MEMBER:,}.")
    ratio = entry.file_size / max(1, entry.compress_size)
    if entry.file_size > RATIO_FROM and ratio > MAX_RATIO:
        raise ImportRefused(
            f"{name!r} unpacks to {ratio:,.0f} times its packed size; the limit is {MAX_RATIO}."
        )
