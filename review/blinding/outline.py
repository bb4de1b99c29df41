"""The outline of a lesion: its mask on the grid of the rendition, in bytes of one length."""

import numpy as np
from PIL import Image

from review.blinding.canonical import centre_square
from review.blinding.errors import BlindingError

OUTLINE_CUES = {
    "outline area": "share of the image inside the outline",
    "outline edge": "length of the outline against that of a disc of its area: ragged or smooth",
}


def measure_outline(content: bytes, size: int) -> dict[str, float]:
    """Return the OUTLINE_CUES of a packed outline: how it was drawn may tell who drew it."""
    inside = unpack_outline(content, size)
    padded = np.pad(inside, 1)
    steps = sum(int((np.diff(padded, axis=axis)).sum()) for axis in (0, 1))
    area = int(inside.sum())
    edge = steps / (2 * np.sqrt(np.pi * area)) if area else 0.0
    return {"outline area": area / size**2, "outline edge": float(edge)}


def pack_outline(mask: np.ndarray, size: int) -> bytes:
    """Bring a mask to the grid of a rendition and pack it, eight pixels a byte, rows in order.

    mask: (h, w) uint8, non-zero inside, of the image as it is cropped for the rendition. Returns
    ceil(size * size / 8) bytes whatever the mask shows, so that its length says nothing.
    """
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise BlindingError(f"a mask is (h, w) uint8, not {mask.dtype} {mask.shape}")
    square = Image.fromarray(np.ascontiguousarray((centre_square(mask) > 0) * np.uint8(255)))
    resized = np.asarray(square.resize((size, size), Image.Resampling.BICUBIC))
    return np.packbits(resized >= 128).tobytes()


def unpack_outline(content: bytes, size: int) -> np.ndarray:
    """Return the (size, size) mask of booleans that `pack_outline` wrote."""
    bits = np.unpackbits(np.frombuffer(content, np.uint8), count=size * size)
    return bits.reshape(size, size).astype(bool)
