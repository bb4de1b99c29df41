"""Decode untrusted image bytes in a limited child process. No Django.

    with Decoder() as decoder:
        for blob in blobs:
            decoded = decoder.decode(blob)    # or ImageRejected with the reason

One child serves a whole batch (about 1 ms per small image; a process per image costs 150 ms). A
child that dies or hangs is replaced, and the file that did it is rejected with that as the reason.
The child's answer is checked like any other untrusted input.
"""

import json
import os
import selectors
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from review.catalog.containers.limits import MAX_PIXELS, MAX_SIDE, check_bytes
from review.catalog.containers.profile import IntakeProfile
from review.catalog.errors import ImageRejected

WALL_SECONDS = 30.0
FILES_PER_CHILD = 500  # a fresh child now and then gives fragmented memory back
MAX_HEADER_BYTES = 1 << 20
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class DecodedImage:
    """Canonical pixels, (h, w) uint8 or uint16 or (h, w, 3) uint8, and the file's profile."""

    pixels: np.ndarray
    profile: IntakeProfile


class ChildLostError(Exception):
    """The child died, hung or talked nonsense; the message says which."""


class Decoder:
    """A limited decoding child for one batch; use as a context manager."""

    def __init__(self, wall_seconds: float = WALL_SECONDS) -> None:
        self.wall_seconds = wall_seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._served = 0

    def __enter__(self) -> "Decoder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def decode(self, blob: bytes) -> DecodedImage:
        """Decode one file. Raises ImageRejected with the reason, whatever the bytes are."""
        check_bytes(len(blob))
        if self._served >= FILES_PER_CHILD:
            self.close()
        self._served += 1
        deadline = time.monotonic() + self.wall_seconds
        try:
            answer = self._ask(blob, deadline)
            return _check_answer(*answer)
        except ChildLostError as lost:
            self.close()
            raise ImageRejected(f"the decoder gave up on this file: {lost}") from lost

    def decode_file(self, path: Path) -> DecodedImage:
        """Decode a file on disk; a too large one is refused before it is read."""
        check_bytes(path.stat().st_size)
        return self.decode(path.read_bytes())

    def close(self) -> None:
        """End the child, if any, and leave no zombie."""
        child, self._child, self._served = self._child, None, 0
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def child_pid(self) -> int | None:
        """Process id of the running child, for tests and monitoring."""
        return self._child.pid if self._child else None

    def _ask(self, blob: bytes, deadline: float) -> tuple[dict[str, Any], bytearray]:
        child = self._child = self._child or _start_child()
        if child.stdin is None or child.stdout is None:
            raise ChildLostError("it has no pipes")
        _write(child.stdin.fileno(), struct.pack(">Q", len(blob)) + blob, deadline)
        source = child.stdout.fileno()
        text = _read_frame(source, MAX_HEADER_BYTES, deadline)
        body = _read_frame(source, MAX_PIXELS * 3, deadline)
        try:
            header = json.loads(bytes(text))
        except ValueError as error:
            raise ChildLostError("its answer is not JSON") from error
        if not isinstance(header, dict):
            raise ChildLostError("its answer has another form")
        return header, body


def _start_child() -> subprocess.Popen[bytes]:
    """Start the child with a bare environment: no secret of ours is there to be read."""
    environment = {
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "review.catalog.decode_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd="/",
        start_new_session=True,
    )
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)
    return child


def _wait(descriptor: int, event: int, deadline: float) -> None:
    left = deadline - time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, event)
        if left <= 0 or not selector.select(left):
            raise ChildLostError("no answer in time")


def _write(descriptor: int, frame: bytes, deadline: float) -> None:
    view = memoryview(frame)
    while view:
        _wait(descriptor, selectors.EVENT_WRITE, deadline)
        try:
            view = view[os.write(descriptor, view) :]
        except BrokenPipeError as error:
            raise ChildLostError("it ended before it read the file") from error
        except BlockingIOError:
            continue


def _read_exactly(descriptor: int, length: int, deadline: float) -> bytearray:
    frame = bytearray(length)
    view, at = memoryview(frame), 0
    while at < length:
        _wait(descriptor, selectors.EVENT_READ, deadline)
        got = os.readv(descriptor, [view[at:]])
        if got == 0:
            raise ChildLostError("it ended; too much memory or processor time, or a crash")
        at += got
    return frame


def _read_frame(descriptor: int, limit: int, deadline: float) -> bytearray:
    (length,) = struct.unpack(">Q", _read_exactly(descriptor, 8, deadline))
    if length > limit:
        raise ChildLostError(f"its answer announces {length:,} bytes; the limit is {limit:,}")
    return _read_exactly(descriptor, length, deadline)


def _check_answer(header: dict[str, Any], body: bytearray) -> DecodedImage:
    """Trust nothing: shape, type and length of the answer must agree with the limits."""
    if "rejected" in header:
        raise ImageRejected(str(header["rejected"])[:500])
    shape, dtype = tuple(header.get("shape", ())), header.get("dtype")
    legal = (len(shape) == 2 and dtype in ("uint8", "uint16")) or (
        len(shape) == 3 and shape[2] == 3 and dtype == "uint8"
    )
    if not legal or not all(isinstance(n, int) and 0 < n <= MAX_SIDE for n in shape):
        raise ChildLostError("its answer has an impossible shape")
    pixels = np.frombuffer(body, dtype=np.dtype(dtype).newbyteorder("<"))
    if pixels.size != int(np.prod(shape)) or len(body) > 3 * MAX_PIXELS:
        raise ChildLostError("its answer has another length than its shape")
    try:
        profile = IntakeProfile.from_json(header["profile"])
    except (KeyError, TypeError, ValueError) as error:
        raise ChildLostError("its answer has no profile") from error
    return DecodedImage(pixels.reshape(shape), profile)


__all__ = ["DecodedImage", "Decoder", "ImageRejected", "IntakeProfile"]
