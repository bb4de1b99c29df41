"""Decode a walked file into canonical pixels. Runs in the limited child only."""

import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from PIL import Image, UnidentifiedImageError

from review.catalog.containers import jpeg, png
from review.catalog.containers.limits import MAX_PIXELS, check_bytes
from review.catalog.containers.profile import IntakeProfile, Walked
from review.catalog.errors import ImageRejected

STRIP_ROWS = 256  # conversion works in strips: a second whole image would double the memory

# EXIF orientation -> (quarter turns counter-clockwise, then mirrored left-right)
UPRIGHT_BY = {2: (0, True), 3: (2, False), 4: (2, True), 5: (3, True),
              6: (3, False), 7: (1, True), 8: (1, False)}  # fmt: skip


def walk(blob: bytes) -> Walked:
    """Recognise PNG or JPEG by content and strip the file to what draws it."""
    check_bytes(len(blob))
    if blob.startswith(png.SIGNATURE):
        return png.walk_png(blob)
    if blob.startswith(jpeg.SIGNATURE):
        return jpeg.walk_jpeg(blob)
    raise ImageRejected(
        f"not a PNG or JPEG file by its content (it starts with {blob[:8]!r}); no other is taken"
    )


def decode(blob: bytes) -> tuple[np.ndarray, IntakeProfile]:
    """Return canonical pixels and the profile of the file they came from.

    Pixels are (h, w) uint8, (h, w) uint16 or (h, w, 3) uint8, upright, as stored numbers: colour
    profiles and gamma are dropped, not applied. Palettes are expanded, CMYK becomes RGB by the
    plain formula, alpha is composited on black (an opaque one just falls away), 16-bit colour
    keeps its high bytes, 16-bit grey stays 16-bit.
    """
    walked = walk(blob)
    pixels, changes = _read(walked)
    _check_complete(walked, pixels)
    profile = walked.profile
    if profile.orientation in UPRIGHT_BY:
        pixels = _turn(pixels, profile.orientation)
        changes.append(f"EXIF orientation {profile.orientation} applied")
    changes = [*profile.changes, *changes, *_dropped(profile)]
    return pixels, replace(profile, changes=tuple(changes), highest=int(pixels.max()))


def _read(walked: Walked) -> tuple[np.ndarray, list[str]]:
    """Let Pillow decode the bare file; it never sees a profile, text or Exif block."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(io.BytesIO(walked.bare), formats=("PNG", "JPEG")) as image:
            if image.size != (walked.profile.width, walked.profile.height):
                raise ImageRejected(f"the decoder sees {image.size}, the header says otherwise")
            image.load()
            return _canonical(image, walked.profile)
    except UnidentifiedImageError as error:
        raise ImageRejected("the decoder does not recognise the image: damaged") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ImageRejected(f"the image data are damaged or truncated ({error})") from error


def _canonical(image: Image.Image, profile: IntakeProfile) -> tuple[np.ndarray, list[str]]:
    changes: list[str] = []
    if profile.bit_depth == 16 and profile.mode != "grey":
        changes.append("16-bit colour reduced to 8 bits")
    if image.mode.startswith("I;16"):
        return np.array(image, dtype=np.uint16), changes
    grey = image.mode in ("1", "L", "LA")
    out = np.empty((image.height, image.width) if grey else (image.height, image.width, 3), "u1")
    opaque = True
    for top, strip in _strips(image):
        rows, strip_opaque = _convert(strip, grey)
        out[top : top + strip.height] = rows
        opaque &= strip_opaque
    if image.mode in ("LA", "RGBA") or "transparency" in image.info:
        changes.append("opaque alpha dropped" if opaque else "alpha composited on black")
    if profile.mode == "palette":
        changes.append("palette expanded")
    if profile.mode == "cmyk":
        changes.append("CMYK converted to RGB")
    return out, changes


def _check_complete(walked: Walked, pixels: np.ndarray) -> None:
    """Raise ImageRejected when noise behind the image data changes a pixel: some are missing."""
    if walked.stressed is None:
        return
    try:
        with Image.open(io.BytesIO(walked.stressed), formats=("JPEG",)) as image:
            image.load()
            for top, strip in _strips(image):
                rows, _ = _convert(strip, pixels.ndim == 2)
                if not np.array_equal(pixels[top : top + strip.height], rows):
                    raise ImageRejected("the JPEG's data end before its last pixel: truncated")
    except OSError as error:
        raise ImageRejected(f"the image data are damaged or truncated ({error})") from error


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    for top in range(0, image.height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, image.height)
        strip = image.crop((0, top, image.width, bottom))
        strip.info = image.info
        yield top, strip


def _convert(strip: Image.Image, grey: bool) -> tuple[np.ndarray, bool]:
    """Return uint8 rows and whether every pixel was opaque."""
    if strip.mode not in ("LA", "RGBA") and "transparency" not in strip.info:
        return np.asarray(strip.convert("L" if grey else "RGB")), True
    layered = np.asarray(strip.convert("LA" if grey else "RGBA"))
    colour, alpha = layered[..., :-1].astype(np.uint16), layered[..., -1:].astype(np.uint16)
    rows = ((colour * alpha + 127) // 255).astype(np.uint8)
    return rows[..., 0] if grey else rows, bool((alpha == 255).all())


def _turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    turns, mirrored = UPRIGHT_BY[orientation]
    turned = np.rot90(pixels, turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


def _dropped(profile: IntakeProfile) -> list[str]:
    held = {
        "gamma or colour space chunk": profile.has_gamma,
        "colour profile": profile.has_icc,
        "Exif block": profile.has_exif,
        "text": profile.has_text,
    }
    return [f"{name} dropped" for name, present in held.items() if present]
