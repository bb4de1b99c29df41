"""Serve our own scripts without comments and blank space: a fifth less on the wire."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rjsmin
from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.files.storage import FileSystemStorage


class OwnFilesFinder(FileSystemFinder):
    """Find the files of STATICFILES_DIRS; of a script, its short copy in VAR/scripts.

    A copy is written anew when its source has another time of change.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.short = FileSystemStorage(location=settings.VAR / "scripts")

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        found: Any = super().find(path, find_all=find_all, **kwargs)  # type: ignore[call-overload]
        if not found or not path.endswith(".js"):
            return found
        short = self._shortened(path, Path(found[0] if find_all else found))
        return [short] if find_all else short

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Any]]:
        for path, storage in super().list(ignore_patterns):
            if path.endswith(".js"):
                self._shortened(path, Path(storage.path(path)))
                yield path, self.short
            else:
                yield path, storage

    def _shortened(self, path: str, source: Path) -> str:
        """Return the place of a script's short copy, written whole or not at all."""
        copy = Path(self.short.path(path))
        changed = source.stat().st_mtime_ns
        if copy.is_file() and copy.stat().st_mtime_ns == changed:
            return str(copy)
        copy.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=copy.parent, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(rjsmin.jsmin(source.read_text(encoding="utf-8")))
        os.utime(scratch, ns=(changed, changed))
        Path(scratch).chmod(0o644)
        Path(scratch).replace(copy)
        return str(copy)
