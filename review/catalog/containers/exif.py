"""Read the one EXIF value that changes what an eye sees: the orientation."""

import struct

ORIENTATION = 0x0112
UPRIGHT = 1


def read_orientation(tiff: bytes) -> int:
    """Return the orientation 1..8 of a TIFF block; damaged or absent counts as upright."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return UPRIGHT
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    if start + 2 > len(tiff):
        return UPRIGHT
    (count,) = struct.unpack_from(order + "H", tiff, start)
    for at in range(start + 2, min(start + 2 + 12 * count, len(tiff) - 11), 12):
        tag, kind, number, value = struct.unpack_from(order + "HHIH", tiff, at)
        if (tag, kind, number) == (ORIENTATION, 3, 1):
            return value if 1 <= value <= 8 else UPRIGHT
    return UPRIGHT
