"""Pixels of an asset as stored: encode, decode, hash. For our own bytes only. No Django."""

import hashlib
import io

import numpy as np
from PIL import Image

from review.catalog.errors import ImageRejected


def pixel_mode(pixels: np.ndarray) -> str:
    """Return RGB, L or I;16, or raise ImageRejected for anything else."""
    if pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8:
        return "RGB"
    if pixels.ndim == 2 and pixels.dtype in (np.uint8, np.uint16):
        return "L" if pixels.dtype == np.uint8 else "I;16"
    raise ImageRejected(
        f"pixels of type {pixels.dtype} and shape {pixels.shape}; (h, w, 3) uint8, (h, w) uint8 "
        "and (h, w) uint16 are taken"
    )


def pixel_sha256(pixels: np.ndarray) -> str:
    """Hash mode, size and little-endian values: equal pixels, equal hash, whatever the file."""
    height, width = pixels.shape[:2]
    head = f"{pixel_mode(pixels)} {width} x {height}\n".encode()
    body = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    return hashlib.sha256(head + body.tobytes()).hexdigest()


def encode_pixels(pixels: np.ndarray) -> bytes:
    """Write pixels as PNG without metadata, lightly packed (a fifth of the time, 10 % larger)."""
    pixel_mode(pixels)
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, "PNG", compress_level=1)
    return out.getvalue()


def decode_pixels(content: bytes) -> np.ndarray:
    """Read back what `encode_pixels` wrote."""
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        deep = image.mode.startswith("I")
        return np.array(image, dtype=np.uint16 if deep else np.uint8)


def thumbnail_png(content: bytes, side: int) -> bytes:
    """Return a small 8-bit PNG of a stored asset for admin pages."""
    pixels = decode_pixels(content)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
