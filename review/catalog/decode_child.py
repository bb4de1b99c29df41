"""The limited child process: untrusted bytes in, canonical pixels out, nothing else.

Frames on the pipes are an 8-byte big-endian length and that many bytes. In: one file. Out: a JSON
header, then the pixels in C order, little-endian (empty after a rejection). Run by
`review.catalog.decode.Decoder` only.
"""

import json
import os
import resource
import struct
import sys
from typing import BinaryIO

import numpy as np

from review.catalog.containers.limits import MAX_BYTES
from review.catalog.containers.pixels import decode
from review.catalog.errors import ImageRejected

HEADROOM_BYTES = 240 * 1024 * 1024  # address space above what the interpreter holds at start
CPU_SECONDS_PER_FILE = 10
CPU_SECONDS_PER_CHILD = 900


def main() -> None:
    """Serve until the parent closes the pipe."""
    inbox, outbox = sys.stdin.buffer, _private_stdout()
    _warm_up()
    _limit_process()
    while (blob := _receive(inbox)) is not None:
        _allow_cpu()
        _answer(outbox, blob)


def _private_stdout() -> BinaryIO:
    """Keep the answer pipe to ourselves: a stray print must not become a frame."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _warm_up() -> None:
    """Load the two decoders before files may no longer be opened."""
    from PIL import JpegImagePlugin, PngImagePlugin

    for plugin in (JpegImagePlugin, PngImagePlugin):
        plugin.__name__  # noqa: B018
    try:
        decode(b"\xff\xd8\xff\xd9")
    except ImageRejected:
        return


def _limit_process() -> None:
    """Bound memory, processor time, files and processes for good.

    Darwin refuses an address-space limit below what it has mapped, so there the pixel limits of
    the headers bound the memory.
    """
    limits = {
        "RLIMIT_CORE": (0, 0),
        "RLIMIT_FSIZE": (0, 0),
        "RLIMIT_NOFILE": (8, 8),
        "RLIMIT_CPU": (CPU_SECONDS_PER_CHILD, CPU_SECONDS_PER_CHILD),
    }
    if sys.platform == "linux":
        space = _mapped_bytes() + HEADROOM_BYTES
        limits |= {"RLIMIT_AS": (space, space), "RLIMIT_NPROC": (0, 0)}
    for name, pair in limits.items():
        resource.setrlimit(getattr(resource, name), pair)


def _mapped_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[0]) * resource.getpagesize()


def _allow_cpu() -> None:
    """Move the soft limit: the kernel ends this process when one file takes too long."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS_PER_FILE
    resource.setrlimit(
        resource.RLIMIT_CPU, (min(soft, CPU_SECONDS_PER_CHILD), CPU_SECONDS_PER_CHILD)
    )


def _receive(inbox: BinaryIO) -> bytes | None:
    head = inbox.read(8)
    if len(head) < 8:
        return None
    (length,) = struct.unpack(">Q", head)
    if length > MAX_BYTES:
        return None
    return inbox.read(length)


def _answer(outbox: BinaryIO, blob: bytes) -> None:
    try:
        pixels, profile = decode(blob)
    except ImageRejected as rejection:
        return _send(outbox, {"rejected": str(rejection)}, None)
    except MemoryError:
        return _send(outbox, {"rejected": "decoding needs more memory than one image may"}, None)
    header = {
        "shape": pixels.shape,
        "dtype": pixels.dtype.name,
        "profile": profile.to_json(),
    }
    return _send(outbox, header, pixels)


def _send(outbox: BinaryIO, header: dict[str, object], pixels: np.ndarray | None) -> None:
    text = json.dumps(header).encode()
    outbox.write(struct.pack(">Q", len(text)) + text)
    if pixels is None:
        outbox.write(struct.pack(">Q", 0))
    else:
        outbox.write(struct.pack(">Q", pixels.nbytes))
        outbox.write(np.ascontiguousarray(pixels).data.cast("B"))
    outbox.flush()


if __name__ == "__main__":
    main()
