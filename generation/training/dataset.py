"""A pool as a training set: prepared images, labels, and a hash of exactly what was used."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from generation.families.pixels import prepare_image
from generation.training.errors import TrainingRefused
from review.catalog.models import Domain, ImageAsset, Pool
from review.catalog.services.intake import read_pixels


@dataclass(frozen=True)
class PreparedPool:
    """images: uint8 (n, c, size, size); labels: int64 (n,); classes: codes in label order."""

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    manifest_sha256: str


def classes_of(pool: Pool) -> tuple[str, ...]:
    """Return the codes of the classes that the pool holds, in the domain's order."""
    codes = pool.images.order_by("image_class__order").values_list("image_class__code", flat=True)
    return tuple(dict.fromkeys(codes))


def prepare_pool(pool: Pool, *, size: int, crop: float, channels: int) -> PreparedPool:
    """Decode, crop and resize every image of a pool, in the order of its pixel hashes."""
    rows = list(
        ImageAsset.objects.filter(pool=pool)
        .select_related("image_class")
        .order_by("image_class__order", "pixel_sha256")
    )
    if not rows:
        raise TrainingRefused(f"Pool {pool.name!r} holds no image. Import some first.")
    classes = tuple(dict.fromkeys(row.image_class.code for row in rows))
    images = [
        prepare_image(eight_bit(read_pixels(row)), size=size, crop=crop, channels=channels)
        for row in rows
    ]
    return PreparedPool(
        images=np.stack(images).transpose(0, 3, 1, 2).copy(),
        labels=np.array([classes.index(row.image_class.code) for row in rows], dtype=np.int64),
        classes=classes,
        manifest_sha256=manifest_sha256((row.image_class.code, row.pixel_sha256) for row in rows),
    )


def manifest_sha256(images: Iterable[tuple[str, str]]) -> str:
    """Return the hash of a training set: class code and pixel hash of each image, in its order."""
    manifest = "\n".join(f"{code} {pixels}" for code, pixels in images)
    return hashlib.sha256(manifest.encode()).hexdigest()


def eight_bit(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 pixels; 16-bit films keep their upper eight bits."""
    return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)


def channels_of(domain: Domain) -> int:
    """Return 3 for a colour domain and 1 for a grey one."""
    return 1 if domain.header.get("colour") == "grey" else 3


def augmentation_of(domain: Domain) -> Any:
    """Return the symmetries that the domain file allows; a chest film allows none."""
    from generation.families.interface import Augmentation

    header = domain.header
    return Augmentation(
        horizontal=bool(header.get("augment_hflip")),
        vertical=bool(header.get("augment_vflip")),
        quarter_turns=header.get("augment_rotate") == "any",
    )
