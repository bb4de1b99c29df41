"""The bytes that travel: a length fixed by size and mode alone, and nothing but pixels in them."""

import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image

from review.blinding.errors import BlindingError

PNG_TYPE, FILM_TYPE = "image/png", "application/octet-stream"
FILM_MAGIC = b"SMBF"
FILM_HEADER = struct.Struct("<4sIII")  # magic, width, height, bits: 16 bytes, so rows are aligned


@dataclass(frozen=True)
class PackedRendition:
    """A rendition as it is stored and sent."""

    content: bytes
    content_type: str


def pack_png(pixels: np.ndarray) -> bytes:
    """Write uint8 pixels as PNG without compression: chunks IHDR, IDAT, IEND and no other.

    Uncompressed, because one encoder for all pools still separates them by compressed length
    (AUC 1.0 on real and sampled cells; .5 at constant length).
    """
    if pixels.dtype != np.uint8:
        raise BlindingError(f"PNG renditions hold uint8, not {pixels.dtype}; films are packed raw")
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, "PNG", compress_level=0)
    return out.getvalue()


def pack_film(pixels: np.ndarray, bits: int) -> bytes:
    """Write grey pixels for window and level: a 16-byte header, then little-endian uint16 rows."""
    if pixels.ndim != 2 or int(pixels.max(initial=0)) >= 2**bits:
        raise BlindingError(f"a film has grey values below {2**bits} ({bits} bits)")
    height, width = pixels.shape
    return FILM_HEADER.pack(FILM_MAGIC, width, height, bits) + pixels.astype("<u2").tobytes()


def pack_rendition(pixels: np.ndarray, *, bits: int = 8, film: bool = False) -> PackedRendition:
    """Pack pixels for a part: every case of the part is packed the same way."""
    if film:
        return PackedRendition(pack_film(pixels, bits), FILM_TYPE)
    return PackedRendition(pack_png(pixels), PNG_TYPE)


def unpack_film(content: bytes) -> tuple[np.ndarray, int]:
    """Return ((h, w) uint16, bits). Raises BlindingError when header and length disagree."""
    if len(content) < FILM_HEADER.size:
        raise BlindingError(f"a film has at least {FILM_HEADER.size} bytes, not {len(content)}")
    magic, width, height, bits = FILM_HEADER.unpack_from(content)
    if magic != FILM_MAGIC or len(content) != FILM_HEADER.size + 2 * width * height:
        raise BlindingError("not a film: its header does not agree with its length")
    rows = np.frombuffer(content, dtype="<u2", offset=FILM_HEADER.size)
    return rows.reshape(height, width).astype(np.uint16), bits


def unpack_rendition(content: bytes) -> np.ndarray:
    """Return the pixels of either kind of rendition."""
    if content.startswith(FILM_MAGIC):
        return unpack_film(content)[0]
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        return np.array(image)


def viewable_png(content: bytes, bits: int, *, side: int | None = None) -> bytes:
    """Return a rendition as an 8-bit PNG for a plain <img>; a film at its full range.

    side: the longest side of a smaller copy. The length depends on size and mode alone.
    """
    pixels = unpack_rendition(content)
    if pixels.dtype != np.uint8:
        pixels = (pixels.astype(float) * 255 / (2**bits - 1)).round().astype(np.uint8)
    if side is not None:
        small = Image.fromarray(pixels)
        small.thumbnail((side, side), Image.Resampling.BICUBIC)
        pixels = np.array(small)
    return pack_png(pixels)
