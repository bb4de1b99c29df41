"""Walk a PNG chunk by chunk (PNG specification, third edition) and keep only what draws it."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from review.catalog.containers.exif import UPRIGHT, read_orientation
from review.catalog.containers.limits import MAX_SEGMENTS, check_size, check_tail
from review.catalog.containers.profile import IntakeProfile, Walked, collapse
from review.catalog.errors import ImageRejected

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# colour type -> (name, samples per pixel, legal bit depths)
COLOUR_TYPES = {
    0: ("grey", 1, (1, 2, 4, 8, 16)),
    2: ("rgb", 3, (8, 16)),
    3: ("palette", 1, (1, 2, 4, 8)),
    4: ("grey+alpha", 2, (8, 16)),
    6: ("rgba", 4, (8, 16)),
}
# first column, first row, column step, row step of the seven Adam7 passes
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
TEXT = {"tEXt", "zTXt", "iTXt"}
GAMMA = {"gAMA", "cHRM", "sRGB", "cICP"}


@dataclass(frozen=True)
class Chunk:
    """One chunk: four-letter name, body, and the bytes as they stand in the file."""

    name: str
    body: memoryview
    whole: memoryview


@dataclass(frozen=True)
class Header:
    """The IHDR fields that decide how much data must follow."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool

    @property
    def mode(self) -> str:
        """Name the colour type."""
        return COLOUR_TYPES[self.colour][0]

    def raw_length(self) -> int:
        """Return the length of the inflated image data: filter bytes and packed rows."""
        bits = COLOUR_TYPES[self.colour][1] * self.depth
        passes = ADAM7 if self.interlaced else ((0, 0, 1, 1),)
        total = 0
        for column, row, across, down in passes:
            columns = (self.width - column + across - 1) // across
            rows = (self.height - row + down - 1) // down
            if columns > 0 and rows > 0:
                total += rows * (1 + (columns * bits + 7) // 8)
        return total


def walk_png(blob: bytes) -> Walked:
    """Check structure, sizes and checksums, and strip everything but the pixels.

    Raises ImageRejected with the reason. Nothing is decoded here beyond inflating the image data
    in pieces to see that it has exactly the promised length.
    """
    chunks, tail = _read_chunks(blob)
    header = _read_header(chunks)
    _check_order(chunks, header)
    note = check_tail(tail, "IEND")
    hidden = _check_inflates([chunk.body for chunk in chunks if chunk.name == "IDAT"], header)
    names = [chunk.name for chunk in chunks]
    orientation = _orientation(chunks)
    profile = IntakeProfile(
        container="png",
        width=header.width,
        height=header.height,
        bytes=len(blob),
        bit_depth=header.depth,
        mode=header.mode,
        segments=collapse(names),
        progressive=header.interlaced,
        orientation=orientation,
        has_gamma=bool(GAMMA & set(names)),
        has_icc="iCCP" in names,
        has_exif="eXIf" in names,
        has_text=bool(TEXT & set(names)),
        changes=tuple(change for change in (note, hidden, _colour_key(names, header)) if change),
    )
    kept = {"IHDR", "IDAT", "IEND"} | ({"PLTE", "tRNS"} if header.mode == "palette" else set())
    bare = b"".join([SIGNATURE, *(chunk.whole for chunk in chunks if chunk.name in kept)])
    return Walked(profile, bare)


def _read_chunks(blob: bytes) -> tuple[list[Chunk], bytes]:
    chunks = list(_iterate(blob))
    if not chunks or chunks[-1].name != "IEND":
        raise ImageRejected("the PNG ends before its IEND chunk: the file is truncated")
    end = len(SIGNATURE) + sum(len(chunk.whole) for chunk in chunks)
    return chunks, blob[end:]


def _iterate(blob: bytes) -> Iterator[Chunk]:
    view, at = memoryview(blob), len(SIGNATURE)
    for _ in range(MAX_SEGMENTS):
        if at + 12 > len(view):
            return
        (length,) = struct.unpack_from(">I", view, at)
        if at + 12 + length > len(view):
            raise ImageRejected(
                f"a PNG chunk promises {length:,} bytes and {len(view) - at - 12:,} are left: "
                "the file is truncated"
            )
        raw_name = bytes(view[at + 4 : at + 8])
        if not raw_name.isalpha():
            raise ImageRejected(f"the PNG has a chunk named {raw_name!r}, which is no chunk name")
        whole = view[at : at + 12 + length]
        (stated,) = struct.unpack_from(">I", view, at + 8 + length)
        if zlib.crc32(view[at + 4 : at + 8 + length]) != stated:
            raise ImageRejected(f"the checksum of PNG chunk {raw_name.decode()} is wrong: damaged")
        yield Chunk(raw_name.decode(), view[at + 8 : at + 8 + length], whole)
        at += 12 + length
        if raw_name == b"IEND":
            return
    raise ImageRejected(f"the PNG has more than {MAX_SEGMENTS} chunks")


def _read_header(chunks: list[Chunk]) -> Header:
    if chunks[0].name != "IHDR" or len(chunks[0].body) != 13:
        raise ImageRejected("the PNG does not start with a 13-byte IHDR chunk")
    width, height, depth, colour, packing, filters, lacing = struct.unpack(
        ">IIBBBBB", chunks[0].body
    )
    check_size(width, height)
    if colour not in COLOUR_TYPES or depth not in COLOUR_TYPES[colour][2]:
        raise ImageRejected(f"PNG colour type {colour} with {depth} bits does not exist")
    if packing or filters or lacing > 1:
        raise ImageRejected("the PNG header names an unknown compression, filter or interlacing")
    return Header(width, height, depth, colour, bool(lacing))


def _check_order(chunks: list[Chunk], header: Header) -> None:
    names = [chunk.name for chunk in chunks]
    if "acTL" in names or "fcTL" in names:
        frames = next((c.body for c in chunks if c.name == "acTL" and len(c.body) == 8), None)
        count = struct.unpack_from(">I", frames)[0] if frames else "several"
        raise ImageRejected(f"an animated PNG with {count} frames; one frame is the limit")
    for name in ("IHDR", "PLTE", "IEND"):
        if names.count(name) > 1:
            raise ImageRejected(f"the PNG has {names.count(name)} {name} chunks; 1 is the limit")
    unknown = {n for n in names if n[0].isupper()} - {"IHDR", "PLTE", "IDAT", "IEND"}
    if unknown:
        raise ImageRejected(f"the PNG has the unknown critical chunk {min(unknown)}")
    if collapse(names).count("IDAT") != 1:
        raise ImageRejected("the PNG has no image data, or its IDAT chunks do not lie together")
    if header.mode == "palette" and "PLTE" not in names[: names.index("IDAT")]:
        raise ImageRejected("the PNG uses a palette and has none")


def _check_inflates(parts: list[memoryview], header: Header) -> str | None:
    """Inflate in pieces of 1 MB; raise unless exactly the promised length comes out."""
    expected, total = header.raw_length(), 0
    inflate = zlib.decompressobj()
    try:
        for part in parts:
            waiting: bytes | memoryview = part
            while waiting and not inflate.eof:
                total += len(inflate.decompress(waiting, 1 << 20))
                waiting = inflate.unconsumed_tail
                if total > expected:
                    raise ImageRejected(
                        f"the PNG inflates to more than the {expected:,} bytes that "
                        f"{header.width} x {header.height} pixels need"
                    )
    except zlib.error as error:
        raise ImageRejected(f"the PNG's image data are damaged ({error})") from error
    if total < expected or not inflate.eof:
        raise ImageRejected(
            f"the PNG's image data end after {total:,} of {expected:,} bytes: truncated"
        )
    return "bytes behind the compressed pixels dropped" if inflate.unused_data else None


def _orientation(chunks: list[Chunk]) -> int:
    blocks = [bytes(chunk.body) for chunk in chunks if chunk.name == "eXIf"]
    return read_orientation(blocks[0]) if blocks else UPRIGHT


def _colour_key(names: list[str], header: Header) -> str | None:
    if "tRNS" in names and header.mode != "palette":
        return "transparent colour key ignored"
    return None
