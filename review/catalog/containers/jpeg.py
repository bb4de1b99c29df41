"""Walk a JPEG marker by marker (ITU-T T.81) and keep only what draws it."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from review.catalog.containers.exif import UPRIGHT, read_orientation
from review.catalog.containers.limits import MAX_SCANS, MAX_SEGMENTS, check_size, check_tail
from review.catalog.containers.profile import IntakeProfile, Walked, collapse
from review.catalog.errors import ImageRejected

SIGNATURE = b"\xff\xd8\xff"
SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SOS, DHT, DQT, DRI, APP0, APP1, APP2, APP14, COM = (
    0xDA, 0xC4, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2, 0xEE, 0xFE,
)  # fmt: skip
FRAMES = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive"}
OTHER_FRAMES = (set(range(0xC0, 0xD0)) - set(FRAMES) - {DHT}) | {0xDC, 0xDE, 0xDF}
MODES = {1: "grey", 3: "rgb", 4: "cmyk"}
NOISE = b"\xaa\x55" * 16  # holds no marker
# A marker inside entropy-coded data: not a stuffed FF00, not a restart FFD0..FFD7.
NEXT_MARKER = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")


@dataclass(frozen=True)
class Segment:
    """One marker segment; `scan` is the entropy-coded data that follows a start of scan."""

    marker: int
    body: memoryview
    scan: memoryview

    @property
    def name(self) -> str:
        """Name the marker the way the standard does."""
        known = {SOS: "SOS", DHT: "DHT", DQT: "DQT", DRI: "DRI", COM: "COM"}
        if self.marker in known:
            return known[self.marker]
        if 0xE0 <= self.marker <= 0xEF:
            return f"APP{self.marker - 0xE0}"
        if self.marker in FRAMES:
            return f"SOF{self.marker - 0xC0}"
        return f"FF{self.marker:02X}"

    def bare(self) -> bytes:
        """Write the segment back."""
        head = struct.pack(">BBH", 0xFF, self.marker, len(self.body) + 2)
        return b"".join([head, self.body, self.scan])


@dataclass
class _Seen:
    """Facts gathered along the walk."""

    segments: list[Segment] = field(default_factory=list)
    end: int = 0


def walk_jpeg(blob: bytes) -> Walked:
    """Check structure and sizes and strip everything but the pixels.

    Raises ImageRejected with the reason. Entropy-coded data are skipped over, not decoded.
    """
    seen = _walk(blob)
    frame = _read_frame(seen.segments)
    note = check_tail(blob[seen.end :], "EOI")
    names = [segment.name for segment in seen.segments]
    exif = [s.body for s in seen.segments if s.marker == APP1 and s.body[:6] == b"Exif\0\0"]
    profile = IntakeProfile(
        container="jpeg",
        width=frame.width,
        height=frame.height,
        bytes=len(blob),
        bit_depth=8,
        mode=MODES[frame.components],
        segments=collapse(names),
        quantisation=_quantisation(seen.segments),
        progressive=frame.marker == 0xC2,
        orientation=read_orientation(bytes(exif[0][6:])) if exif else UPRIGHT,
        has_icc=any(s.marker == APP2 and s.body[:11] == b"ICC_PROFILE" for s in seen.segments),
        has_exif=bool(exif),
        has_text="COM" in names,
        changes=(note,) if note else (),
    )
    kept = [segment for segment in seen.segments if _draws(segment)]
    bare = b"".join([SOI, *(segment.bare() for segment in kept), EOI])
    stressed = (segment.bare() + (NOISE if segment.scan else b"") for segment in kept)
    return Walked(profile, bare, b"".join([SOI, *stressed, EOI]))


@dataclass(frozen=True)
class Frame:
    """The start of frame: which process, how large, how many components."""

    marker: int
    width: int
    height: int
    components: int


def _walk(blob: bytes) -> _Seen:
    seen = _Seen()
    for segment, end in _iterate(blob):
        seen.segments.append(segment)
        seen.end = end
        if len(seen.segments) > MAX_SEGMENTS:
            raise ImageRejected(f"the JPEG has more than {MAX_SEGMENTS} segments")
    seen.end += len(EOI)
    scans = sum(segment.marker == SOS for segment in seen.segments)
    if scans == 0:
        raise ImageRejected("the JPEG has no image data")
    if scans > MAX_SCANS:
        raise ImageRejected(f"the JPEG has {scans} scans; the limit is {MAX_SCANS}")
    return seen


def _iterate(blob: bytes) -> Iterator[tuple[Segment, int]]:
    """Yield segments and the offset behind each; stop at the end marker or raise."""
    view, at = memoryview(blob), len(SOI)
    while True:
        if at + 2 > len(view):
            raise ImageRejected("the JPEG ends before its end marker: the file is truncated")
        if view[at] != 0xFF:
            raise ImageRejected(f"the JPEG has no marker at byte {at:,}: damaged")
        marker = view[at + 1]
        if marker == 0xFF:  # fill byte before a marker
            at += 1
            continue
        if marker == EOI[1]:
            return
        body, at = _body(view, at, marker)
        scan = view[at:at]
        if marker == SOS:
            found = NEXT_MARKER.search(blob, at)
            if found is None:
                raise ImageRejected("the JPEG's image data end without a marker: truncated")
            scan, at = view[at : found.start()], found.start()
        yield Segment(marker, body, scan), at


def _body(view: memoryview, at: int, marker: int) -> tuple[memoryview, int]:
    if marker in OTHER_FRAMES:
        raise ImageRejected(
            f"JPEG marker FF{marker:02X} (lossless, arithmetic or hierarchical coding) "
            "is not taken; baseline and progressive are"
        )
    if marker < 0xC0 or 0xD0 <= marker <= 0xD8:
        raise ImageRejected(f"JPEG marker FF{marker:02X} stands where none may: damaged")
    length = struct.unpack_from(">H", view, at + 2)[0] if at + 4 <= len(view) else 0
    if length < 2 or at + 2 + length > len(view):
        raise ImageRejected(
            f"JPEG segment FF{marker:02X} promises {length:,} bytes and "
            f"{max(0, len(view) - at - 2):,} are left: truncated"
        )
    return view[at + 4 : at + 2 + length], at + 2 + length


def _read_frame(segments: list[Segment]) -> Frame:
    frames = [segment for segment in segments if segment.marker in FRAMES]
    if len(frames) != 1 or len(frames[0].body) < 6:
        raise ImageRejected(f"the JPEG has {len(frames)} frames; exactly 1 is taken")
    precision, height, width, components = struct.unpack_from(">BHHB", frames[0].body)
    check_size(width, height)
    if precision != 8:
        raise ImageRejected(f"a JPEG with {precision} bits per sample; 8 are taken")
    if components not in MODES:
        raise ImageRejected(f"a JPEG with {components} components; 1, 3 and 4 are taken")
    return Frame(frames[0].marker, width, height, components)


def _quantisation(segments: list[Segment]) -> tuple[tuple[int, ...], ...]:
    tables: list[tuple[int, ...]] = []
    for segment in (s for s in segments if s.marker == DQT):
        at = 0
        while at < len(segment.body):
            wide = segment.body[at] >> 4
            size, form = (128, ">64H") if wide else (64, ">64B")
            if at + 1 + size > len(segment.body):
                raise ImageRejected("a quantisation table of the JPEG is cut short: damaged")
            tables.append(struct.unpack_from(form, segment.body, at + 1))
            at += 1 + size
    return tuple(tables)


def _draws(segment: Segment) -> bool:
    """Say whether the decoder needs the segment; JFIF and Adobe decide the colour transform."""
    if segment.marker == APP0:
        return bytes(segment.body[:5]) == b"JFIF\0"
    if segment.marker == APP14:
        return bytes(segment.body[:5]) == b"Adobe"
    return segment.marker in FRAMES or segment.marker in (SOS, DHT, DQT, DRI)
