"""Read from a rendition's bytes everything by which pools could be told apart."""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from review.blinding.container import FILM_MAGIC, unpack_film, unpack_rendition
from review.blinding.errors import BlindingError

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PROFILE_CHUNKS = {"gAMA", "cHRM", "sRGB", "iCCP", "cICP", "sBIT"}
TEXT_CHUNKS = {"tEXt", "zTXt", "iTXt", "eXIf", "tIME"}
GRID = 8

CONTAINER_FEATURES = {
    "byte length": "length of the body",
    "format": "PNG or film",
    "size": "width and height",
    "bit depth": "bits per sample in the header",
    "colour type": "grey, RGB, palette, alpha",
    "structure": "order of chunks",
    "colour profile": "gamma, ICC and the like",
    "text": "text, Exif and time chunks",
}
CUES = {
    "border": "difference between the outermost pixels and those a little further in",
    "mean brightness": "mean of the pixels",
    "unique levels": "how many different values occur",
    "blockiness": "steps on an 8-pixel grid, as JPEG leaves them",
    "spectrum slope": "how fast detail falls off with frequency: blur, noise, resampling",
}


@dataclass(frozen=True)
class RenditionFeatures:
    """Measurements of one rendition: `container` words, in the order of CONTAINER_FEATURES, and
    `cues` numbers: those of CUES, and of OUTLINE_CUES where readers may see an outline. Small
    enough to keep for thousands of cases."""

    container: dict[str, str]
    cues: dict[str, float]


def measure_rendition(content: bytes) -> RenditionFeatures:
    """Measure one rendition. Raises BlindingError when it is neither PNG nor film."""
    container = _film_facts(content) if content[:4] == FILM_MAGIC else _png_facts(content)
    container["byte length"] = str(len(content))
    pixels = unpack_rendition(content)
    top = 2.0 ** int(container["bit depth"]) - 1
    grey = pixels.astype(np.float64) / top
    grey = grey.mean(axis=2) if grey.ndim == 3 else grey
    cues = {
        "border": border_contrast(grey),
        "mean brightness": float(grey.mean()),
        "unique levels": float(len(np.unique(pixels))),
        "blockiness": blockiness(grey),
        "spectrum slope": spectrum_slope(grey),
    }
    return RenditionFeatures({name: container[name] for name in CONTAINER_FEATURES}, cues)


def _film_facts(content: bytes) -> dict[str, str]:
    pixels, bits = unpack_film(content)
    height, width = pixels.shape
    return {
        "format": "film",
        "size": f"{width} x {height}",
        "bit depth": str(bits),
        "colour type": "grey",
        "structure": "header, rows",
        "colour profile": "none",
        "text": "none",
    }


def _png_facts(content: bytes) -> dict[str, str]:
    if not content.startswith(PNG_SIGNATURE):
        raise BlindingError(f"a rendition starts with {content[:8]!r}; it is neither PNG nor film")
    chunks = list(_chunks(content))
    width, height, depth, colour = struct.unpack_from(">IIBB", content, 16)
    names = [name for name, _ in chunks]
    return {
        "format": "png",
        "size": f"{width} x {height}",
        "bit depth": str(depth),
        "colour type": str(colour),
        "structure": " ".join(names),
        "colour profile": _tell(chunks, PROFILE_CHUNKS),
        "text": _tell(chunks, TEXT_CHUNKS),
    }


def _tell(chunks: list[tuple[str, bytes]], kind: set[str]) -> str:
    """Name the chunks of a kind with a digest of their bodies, so that other bodies differ."""
    found = [f"{n} {hashlib.sha256(b).hexdigest()[:8]}" for n, b in chunks if n in kind]
    return ", ".join(found) or "none"


def _chunks(content: bytes) -> Iterator[tuple[str, bytes]]:
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, at)
        name = content[at + 4 : at + 8].decode("latin-1")
        yield name, content[at + 8 : at + 8 + length]
        at += 12 + length
    if at != len(content):
        yield f"{len(content) - at} bytes behind the end", content[at:]


def border_contrast(grey: np.ndarray) -> float:
    """Mean absolute difference between the outermost ring and the ring 1/16 of the side inside."""
    inset = max(2, min(grey.shape) // 16)
    if min(grey.shape) <= 2 * inset + 2:
        return 0.0
    inner = slice(inset, -inset)
    steps = [
        grey[0, inner] - grey[inset, inner],
        grey[-1, inner] - grey[-1 - inset, inner],
        grey[inner, 0] - grey[inner, inset],
        grey[inner, -1] - grey[inner, -1 - inset],
    ]
    return float(np.abs(np.concatenate(steps)).mean())


def blockiness(grey: np.ndarray) -> float:
    """Log ratio of the steps on the strongest 8-pixel grid to the steps elsewhere, both axes."""
    return (_grid_steps(grey) + _grid_steps(grey.T)) / 2


def _grid_steps(grey: np.ndarray) -> float:
    """Compare neighbouring columns; whichever of the eight phases is strongest is the grid."""
    steps = np.abs(np.diff(grey, axis=1)).mean(axis=0)
    if len(steps) < 2 * GRID:
        return 0.0
    phases = np.array([steps[phase::GRID].mean() for phase in range(GRID)])
    strongest = phases.max()
    others = (phases.sum() - strongest) / (GRID - 1)
    return float(np.log((strongest + 1e-4) / (others + 1e-4)))


def spectrum_slope(grey: np.ndarray) -> float:
    """Slope of log power against log frequency, radially averaged, from 2 cycles to Nyquist."""
    side = min(grey.shape)
    if side < 16:
        return 0.0
    window = np.hanning(side)
    square = grey[:side, :side]
    power = np.abs(np.fft.fft2((square - square.mean()) * np.outer(window, window))) ** 2
    frequency = np.fft.fftfreq(side) * side
    radius = np.hypot(*np.meshgrid(frequency, frequency)).round().astype(int)
    sums = np.bincount(radius.ravel(), power.ravel())
    radial = sums / np.maximum(np.bincount(radius.ravel()), 1)
    rings = np.arange(2, side // 2 + 1)
    return float(np.polyfit(np.log(rings), np.log(radial[rings] + 1e-9), 1)[0])
