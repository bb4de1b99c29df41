"""Folders that prove their own content: files, then a card with every file's SHA-256, written last.

A folder without a card is unfinished work and is refused. Weights are safetensors only: nothing
here can run code on load.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from generation.families.errors import BrokenState

CARD = "card.json"
MAX_CARD_BYTES = 4 * 2**20
MAX_HEADER_BYTES = 16 * 2**20
_CHUNK = 2**20


def canonical_json(value: Any) -> bytes:
    """Return the one byte string of a JSON value: sorted keys, no spaces, no NaN."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while piece := source.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def write_card(folder: Path, card: dict[str, Any]) -> str:
    """Write the card over all files of the folder and return its hash, the folder's identity."""
    files = {name: file_sha256(folder / name) for name in _file_names(folder)}
    text = canonical_json({**card, "files": files})
    for name in files:
        _sync(folder / name)
    with (folder / CARD).open("wb") as target:
        target.write(text)
        target.flush()
        os.fsync(target.fileno())
    return hashlib.sha256(text).hexdigest()


def card_hash(folder: Path) -> str:
    """Return the hash of a folder's card as it lies there, without checking the files."""
    return file_sha256(folder / CARD)


def read_card(folder: Path, expected: str | None = None) -> dict[str, Any]:
    """Return the card after checking it against the files, and itself against `expected`.

    Raises BrokenState when the card is missing, too large or another one, when a file is missing,
    altered or not on the card, and when a weight file is not plain safetensors.
    """
    path = folder / CARD
    if not path.is_file():
        raise BrokenState(f"{folder} has no {CARD}: it was never finished. Remove it.")
    if path.stat().st_size > MAX_CARD_BYTES:
        raise BrokenState(f"{path} is larger than {MAX_CARD_BYTES} bytes.")
    if expected is not None and card_hash(folder) != expected:
        raise BrokenState(f"The card of {folder} is not the registered one ({expected[:12]}).")
    card: dict[str, Any] = json.loads(path.read_bytes())
    listed, present = card.get("files", {}), set(_file_names(folder))
    if present != set(listed):
        odd = ", ".join(sorted(present ^ set(listed)))
        raise BrokenState(f"Files of {folder} and its card differ: {odd}.")
    for name, digest in listed.items():
        if file_sha256(folder / name) != digest:
            raise BrokenState(f"{folder / name} was altered after its card was written.")
        if name.endswith(".safetensors"):
            check_safetensors(folder / name)
    return card


def check_safetensors(path: Path) -> None:
    """Refuse a file whose header is not that of a safetensors file of sane size."""
    with path.open("rb") as source:
        length = int.from_bytes(source.read(8), "little")
        room = path.stat().st_size - 8
        header = source.read(length) if 0 < length <= min(room, MAX_HEADER_BYTES) else b""
    try:
        names = json.loads(header)
    except ValueError as error:
        raise BrokenState(f"{path} is not a safetensors file; nothing else is loaded.") from error
    if not isinstance(names, dict):
        raise BrokenState(f"{path} has no safetensors header; nothing else is loaded.")


@contextmanager
def publishing(target: Path) -> Iterator[Path]:
    """Give a scratch folder beside `target`; move it there in one step when the block succeeds.

    A reader sees the old folder, no folder, or the new one, never half of it. The scratch folder
    lies in the same parent so that `os.replace` stays on one file system.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield scratch
        _move_over(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _move_over(scratch: Path, target: Path) -> None:
    """Put `scratch` at `target`; an old folder steps aside first, for a folder has no overwrite."""
    old = scratch.with_name(f"{scratch.name}.old")
    if target.exists():
        target.replace(old)
    scratch.replace(target)
    shutil.rmtree(old, ignore_errors=True)
    _sync(target.parent)


def _file_names(folder: Path) -> list[str]:
    """List all files below the folder but the card, as POSIX paths; refuse links."""
    names = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise BrokenState(f"{path} is a link; a checkpoint holds plain files only.")
        if path.is_file() and path != folder / CARD:
            names.append(path.relative_to(folder).as_posix())
    return names


def _sync(path: Path) -> None:
    """Force a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
