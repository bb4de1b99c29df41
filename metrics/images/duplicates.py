"""Equal and nearly equal images, by a hash of the pixels and by a perceptual hash."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import dctn

from metrics.errors import InsufficientData
from metrics.images.features import Floats
from metrics.images.neighbours import Bools, blocks
from metrics.images.result import Measure
from metrics.stats.intervals import check_level, is_whole
from metrics.stats.proportions.binomial import wilson_limits

Kind = Literal["pixels", "perceptual"]
SIDE, KEPT = 32, 8
DISTANCE = 4  # bits of 64
LUMA = (0.299, 0.587, 0.114)  # Rec. 601


@dataclass(frozen=True)
class Fingerprint:
    """Hold the hashes of an image; `perceptual` is None for an image of one grey."""

    pixels: str
    perceptual: int | None


@dataclass(frozen=True)
class Duplicate:
    """Hold two images: equal pixels, or perceptual hashes `bits` apart."""

    image: int
    other: int
    kind: Kind
    bits: int


@dataclass(frozen=True, kw_only=True)
class Duplicates(Measure):
    """Hold the share of images with a duplicate, and the pairs, equal pixels first.

    n_pairs counts all pairs; `pairs` lists the first of them. n_flat images of one grey have no
    perceptual hash and are compared by pixels only.
    """

    n_pixels: int
    n_perceptual: int
    n_flat: int
    distance: int
    pairs: tuple[Duplicate, ...]
    n_pairs: int

    @property
    def sentence(self) -> str:
        """Say the result in words that promise nothing."""
        n = self.counts["images"]
        if self.n_pairs == 0:
            return f"No copies found at threshold {self.distance} of 64 bits among {n} images."
        return (
            f"{self.n_pixels} of {n} images repeat the pixels of another, {self.n_perceptual} "
            f"look alike within {self.distance} of 64 bits; look at the pairs."
        )


def duplicates(
    images: Iterable[ArrayLike | Fingerprint],
    reference: Iterable[ArrayLike | Fingerprint] | None = None,
    *,
    distance: int = DISTANCE,
    most: int = 100,
    level: float = 0.95,
) -> Duplicates:
    """Find images that repeat each other, or, with `reference`, images of the reference.

    images, reference: (h, w) or (h, w, 3) pixels each, of any sizes, read one at a time, or their
    `fingerprint`s. Equal: same shape, type and pixels (SHA-256); each is paired with the first of
    its kind. Nearly equal: perceptual hashes within `distance` of 64 bits, pair by pair. At most
    `most` pairs are listed; all are counted. Films of one view look alike without being copies:
    compare with the share among held-out real images. Limits are Wilson's; within one set, where
    duplicates come in pairs, those of half as many images.
    Raises InsufficientData without images to compare; ValueError for other shapes.
    Source: Zauner 2010, Implementation and benchmarking of perceptual image hash functions.
    """
    check_level(level)
    if not is_whole(distance, 0) or distance > 63:
        raise ValueError(
            f"distance is {distance!r}; take bits from 0 to 63, {DISTANCE} by default."
        )
    if not is_whole(most, 0):
        raise ValueError(f"most is {most!r}; list a whole number of pairs, 0 or more.")
    within = reference is None
    own = [_known(image) for image in images]
    others = own if reference is None else [_known(image) for image in reference]
    if len(own) < 1 + within or not others:
        raise InsufficientData(f"{len(own)} images and {len(others)} to compare with: too few.")
    equal = _equal_pixels(own, others, within=within)
    alike = _alike(_Hashes.of(own), _Hashes.of(others), distance, most, within=within)
    exact = np.zeros(len(own), dtype=bool)
    exact[[i for pair in equal for i in (pair if within else pair[:1])]] = True
    hit = int((exact | alike.touched).sum())
    together = 2 if within else 1  # an image and its twin are hit at once
    low, high = wilson_limits(hit / together, len(own) / together, level)
    flat = sum(one.perceptual is None for one in own)
    return Duplicates(
        estimate=hit / len(own),
        low=low,
        high=high,
        method=(
            f"share of images with a duplicate: pixels, or pHash within {distance} of 64 bits; "
            f"wilson {level:.4g}{' on half the images' if within else ''}"
        ),
        counts={"images": len(own), "compared with": len(others)},
        warnings=(f"{flat} images of one grey: compared by pixels only",) if flat else (),
        n_pixels=int(exact.sum()),
        n_perceptual=int((alike.touched & ~exact).sum()),
        n_flat=flat,
        distance=distance,
        pairs=tuple([Duplicate(i, j, "pixels", 0) for i, j in equal] + alike.pairs)[:most],
        n_pairs=len(equal) + alike.n_pairs,
    )


def fingerprint(image: ArrayLike) -> Fingerprint:
    """Return both hashes of an image (h, w) or (h, w, 3). Raises ValueError for other shapes."""
    return Fingerprint(pixel_hash(image), perceptual_hash(image))


def pixel_hash(image: ArrayLike) -> str:
    """Return the SHA-256 of an image's shape, type and pixels, as hexadecimal digits."""
    array = np.ascontiguousarray(_checked(image, "image"))
    return sha256(f"{array.shape} {array.dtype.str} ".encode() + array.tobytes()).hexdigest()


def perceptual_hash(image: ArrayLike) -> int | None:
    """Return the 64-bit perceptual hash of an image, or None for an image of one grey.

    Grey (Rec. 601), shrunk to 32 x 32 by area means, DCT-II; a bit for each of the 8 x 8 lowest
    coefficients: is it above their median? Source: Zauner 2010, section 3.2.
    """
    grey = _grey(_checked(image, "image"))
    if np.ptp(grey) == 0:
        return None
    small = _shrink(grey, 0) @ grey @ _shrink(grey, 1).T
    low = dctn(small, type=2)[:KEPT, :KEPT].ravel()
    bits = low > np.median(low)
    return int(np.packbits(bits).view(">u8")[0])


def _checked(image: ArrayLike, name: str) -> NDArray:
    array = np.asarray(image)
    is_colour = array.ndim == 3 and array.shape[2] == 3
    if not (array.ndim == 2 or is_colour) or array.size == 0 or array.dtype.kind not in "buif":
        raise ValueError(
            f"{name} hold an array of shape {array.shape} and type {array.dtype}; give (h, w) or "
            f"(h, w, 3) pixels."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} hold {int((~np.isfinite(array)).sum())} NaN or infinite pixels.")
    return array


def _grey(image: NDArray) -> Floats:
    pixels = image.astype(float)
    return np.asarray(pixels if pixels.ndim == 2 else pixels @ np.array(LUMA))


def _shrink(image: Floats, axis: int) -> Floats:
    """Return the matrix (32, side) of area means along an axis."""
    side = image.shape[axis]
    edges = np.arange(SIDE + 1) * side / SIDE
    pixel = np.arange(side)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return np.asarray(np.clip(overlap, 0, None) * SIDE / side)


def _known(image: ArrayLike | Fingerprint) -> Fingerprint:
    return image if isinstance(image, Fingerprint) else fingerprint(image)


def _equal_pixels(
    own: list[Fingerprint], others: list[Fingerprint], *, within: bool
) -> list[tuple[int, int]]:
    """Pair each image with the first one of equal pixels, within one set the earlier first."""
    first: dict[str, int] = {}
    for j, other in enumerate(others):
        first.setdefault(other.pixels, j)
    pairs = [(i, first[one.pixels]) for i, one in enumerate(own) if one.pixels in first]
    return [(j, i) for i, j in pairs if i != j] if within else pairs


@dataclass(frozen=True)
class _Hashes:
    """Hold perceptual hashes (n,), which images have one, and codes that are equal for equal
    pixels."""

    bits: NDArray[np.uint64]
    has_one: Bools
    pixels: NDArray[np.str_]

    @staticmethod
    def of(images: list[Fingerprint]) -> "_Hashes":
        return _Hashes(
            np.array([one.perceptual or 0 for one in images], dtype=np.uint64),
            np.array([one.perceptual is not None for one in images]),
            np.array([one.pixels for one in images]),
        )


@dataclass(frozen=True)
class _Alike:
    """Hold the nearest pairs of hashes, how many pairs there are, and the images in any (n,)."""

    pairs: list[Duplicate]
    n_pairs: int
    touched: Bools


def _alike(own: _Hashes, others: _Hashes, distance: int, most: int, *, within: bool) -> _Alike:
    """Compare all perceptual hashes of images with different pixels, in blocks."""
    listed: list[list[Duplicate]] = [[] for _ in range(distance + 1)]
    touched, total = np.zeros(len(own.bits), dtype=bool), 0
    codes = np.unique(np.concatenate([own.pixels, others.pixels]), return_inverse=True)[1]
    left, right = codes[: len(own.bits)], codes[len(own.bits) :]
    for rows in blocks(len(own.bits), len(others.bits)):
        apart = np.bitwise_count(own.bits[rows, None] ^ others.bits)
        near = (apart <= distance) & own.has_one[rows, None] & others.has_one
        near &= left[rows, None] != right
        touched[rows] |= near.any(axis=1)
        if within:
            near &= np.arange(rows.start, rows.stop)[:, None] < np.arange(len(right))
        total += int(near.sum())
        for bits, found in enumerate(listed):
            pairs = np.argwhere(near & (apart == bits))[: most - len(found)].tolist()
            found += [Duplicate(i + rows.start, j, "perceptual", bits) for i, j in pairs]
    return _Alike([one for found in listed for one in found], total, touched)
