"""One pipeline from the pixels of any pool to the pixels that a part shows."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from review.blinding.errors import BlindingError

PIPELINE_VERSION = "1"
# Rec. 601 luma in 16-bit fixed point, the weights of Pillow: r = g = b stays what it was.
LUMA = (np.uint32(19595), np.uint32(38470), np.uint32(7471))


@dataclass(frozen=True)
class RenditionSpec:
    """What every rendition of a part looks like.

    size: side in pixels; colour: rgb or grey; bits: effective depth, 8, or 9..16 for grey films
    (the shallowest depth among the part's pools); jpeg_quality: a common JPEG round trip for all
    pools when one has JPEG history (8-bit parts only).
    """

    size: int
    colour: Literal["rgb", "grey"]
    bits: int = 8
    jpeg_quality: int | None = None

    def __post_init__(self) -> None:
        if not 8 <= self.size <= 4096:
            raise BlindingError(f"rendition size {self.size} px; take 8 to 4096")
        if not 8 <= self.bits <= 16 or (self.bits > 8 and self.colour == "rgb"):
            raise BlindingError(f"{self.bits} bits in {self.colour}; take 8, or up to 16 in grey")
        if self.jpeg_quality is not None and (self.bits > 8 or not 1 <= self.jpeg_quality <= 100):
            raise BlindingError("a JPEG round trip takes 8-bit renditions and a quality of 1..100")


def effective_bits(highest: int) -> int:
    """Return the depth that a pool's highest 16-bit value speaks of: 8, 10, 12, 14 or 16.

    Detectors deliver 10 to 14 bits in 16-bit files; read as full range such a film would be black.
    """
    return next(bits for bits in (8, 10, 12, 14, 16) if highest < 2**bits)


def render_pixels(
    pixels: np.ndarray, spec: RenditionSpec, *, source_bits: int | None = None
) -> np.ndarray:
    """Run the pipeline: colour, centre square, one kernel, depth, JPEG round trip.

    pixels: (h, w) uint8 or uint16, or (h, w, 3) uint8. Returns (size, size) or (size, size, 3),
    uint8 for 8 bits, else uint16 with values below 2 ** bits. The kernel is Catmull-Rom, widened
    when it shrinks (Pillow's BICUBIC), for every source, also when the size already fits (then it
    changes nothing). `source_bits` is the depth of a pool's 16-bit values, one for the whole pool
    (effective_bits of its highest value); None reads them as 16. Values above it are clipped.
    Deterministic: no randomness, no clock.
    """
    if pixels.dtype == np.uint16 and source_bits is not None:
        pixels = _widen(pixels, source_bits)
    square = centre_square(_to_colour(pixels, spec.colour))
    resized = _resize(square, spec.size)
    levelled = _to_bits(resized, square.dtype, spec.bits)
    if spec.jpeg_quality is not None:
        return jpeg_round_trip(levelled, spec.jpeg_quality)
    return levelled


def jpeg_round_trip(pixels: np.ndarray, quality: int) -> np.ndarray:
    """Compress and expand uint8 pixels; chroma at half resolution, as cameras do."""
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, "JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(packed, formats=("JPEG",)) as image:
        return np.array(image)


def _to_colour(pixels: np.ndarray, colour: str) -> np.ndarray:
    if pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8:
        if colour == "rgb":
            return pixels
        red, green, blue = (pixels[..., c].astype(np.uint32) * LUMA[c] for c in range(3))
        summed: np.ndarray = red + green + blue
        return ((summed + np.uint32(0x8000)) >> np.uint32(16)).astype(np.uint8)
    if pixels.ndim == 2 and pixels.dtype in (np.uint8, np.uint16):
        if colour == "grey":
            return pixels
        shallow = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
        return np.repeat(shallow[..., None], 3, axis=2)
    raise BlindingError(f"no rendition of {pixels.dtype} pixels of shape {pixels.shape}")


def _widen(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Stretch values of `bits` to 16 bits; exact to take back by the inverse scaling."""
    top = 2**bits - 1
    clipped = np.minimum(pixels, top).astype(np.uint32)
    return ((clipped * 65535 + top // 2) // top).astype(np.uint16)


def centre_square(pixels: np.ndarray) -> np.ndarray:
    """Cut the largest centred square; an odd remainder is cut at the right or bottom."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _resize(pixels: np.ndarray, size: int) -> np.ndarray:
    """Resample to (size, size); 16-bit values in float32, 8-bit ones as they are."""
    if pixels.dtype == np.uint8:
        image = Image.fromarray(np.ascontiguousarray(pixels))
    else:
        image = Image.fromarray(np.ascontiguousarray(pixels, dtype=np.float32))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC))


def _to_bits(resized: np.ndarray, source: np.dtype, bits: int) -> np.ndarray:
    """Scale full range to full range, rounding half up."""
    if source == np.uint8 and bits == 8:
        return resized.astype(np.uint8)
    top, full = 2**bits - 1, 255 if source == np.uint8 else 65535
    scaled = np.floor(resized.astype(np.float64) * (top / full) + 0.5)
    return np.clip(scaled, 0, top).astype(np.uint8 if bits == 8 else np.uint16)
