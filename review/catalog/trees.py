"""Files to import, in a folder or an archive, read by name and never outside it. No Django."""

import os
import zipfile
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Protocol

from review.catalog.containers.limits import MAX_BYTES, check_bytes
from review.catalog.errors import ImageRejected, ImportRefused

MAX_TABLE_BYTES = 200 * 1024 * 1024


class Tree(Protocol):
    """Names with forward slashes, relative to the root."""

    def names(self) -> list[str]:
        """Return every file, sorted; hidden ones and folders that start with _ left out."""
        ...

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        """Return the content of `name`. Raises ImageRejected when it may not or cannot be read."""
        ...

    def has(self, name: str) -> bool:
        """Say whether the file is there."""
        ...


def check_name(name: str) -> PurePosixPath:
    """Return a safe relative path, or raise ImageRejected for one that leads elsewhere."""
    path = PurePosixPath(name)
    if not name or "\0" in name or "\\" in name or path.is_absolute() or ":" in path.parts[0]:
        raise ImageRejected(f"the path {name!r} is not a plain relative path")
    if ".." in path.parts:
        raise ImageRejected(f"the path {name!r} leads out of the folder")
    return path


def is_visible(path: PurePosixPath) -> bool:
    """Say whether a file counts as content: not hidden, not in a companion folder like _masks."""
    return not any(part.startswith((".", "_")) for part in path.parts)


class FolderTree:
    """A folder on this machine. Symbolic links are never followed."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise ImportRefused(
                f"{str(root)!r} is not a folder. Give the folder that holds images."
            )
        self.root = root.resolve()

    def names(self) -> list[str]:
        found: list[str] = []
        for folder, folders, files in os.walk(self.root, followlinks=False):
            here = Path(folder).relative_to(self.root)
            linked = [name for name in folders if (Path(folder) / name).is_symlink()]
            found.extend((here / name).as_posix() for name in [*files, *linked])
        return sorted(name for name in found if is_visible(PurePosixPath(name)))

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        path = self._locate(name)
        size = path.stat().st_size
        if limit == MAX_BYTES:
            check_bytes(size)
        elif size > limit:
            raise ImageRejected(f"{size:,} bytes; the limit is {limit:,}")
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            raise ImageRejected(f"cannot be read ({error.strerror})") from error
        with os.fdopen(descriptor, "rb") as file:
            return file.read(limit + 1)

    def has(self, name: str) -> bool:
        return (self.root / name).is_file()

    def _locate(self, name: str) -> Path:
        """Walk down part by part: no link on the way may lead elsewhere."""
        path = self.root
        for part in check_name(name).parts:
            path = path / part
            if path.is_symlink():
                raise ImageRejected("a symbolic link; copy the file itself")
        if not path.is_file():
            raise ImageRejected("the file is missing" if not path.exists() else "not a plain file")
        return path


class ZipTree:
    """A checked archive, read member by member in memory; nothing is unpacked to disk."""

    def __init__(self, file: IO[bytes]) -> None:
        from review.catalog.archives import open_archive

        self._zip = open_archive(file)
        self._members = {info.filename: info for info in self._zip.infolist() if not info.is_dir()}

    def __enter__(self) -> "ZipTree":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def names(self) -> list[str]:
        return sorted(name for name in self._members if is_visible(PurePosixPath(name)))

    def read(self, name: str, limit: int = MAX_BYTES) -> bytes:
        check_name(name)
        info = self._members.get(name)
        if info is None:
            raise ImageRejected("the file is missing")
        if info.file_size > limit:
            raise ImageRejected(f"{info.file_size:,} bytes; the limit is {limit:,}")
        try:
            with self._zip.open(info) as member:
                return member.read(limit + 1)
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
            raise ImageRejected(f"damaged inside the archive ({error})") from error
        except Exception as error:  # zlib and lzma raise their own types
            raise ImageRejected(f"damaged inside the archive ({error})") from error

    def has(self, name: str) -> bool:
        return name in self._members
