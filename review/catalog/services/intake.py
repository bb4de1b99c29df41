"""The one way by which pixels become an image of a pool: imports, uploads and runs alike."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.utils.crypto import salted_hmac

from review.catalog.containers.limits import check_size
from review.catalog.containers.profile import IntakeProfile
from review.catalog.errors import ImageRejected, IntakeConflict
from review.catalog.models import ImageAsset, ImageClass, Pool
from review.catalog.pixels import decode_pixels, encode_pixels, pixel_mode, pixel_sha256
from review.catalog.storage import media_exists, put_bytes, read_bytes


@dataclass(frozen=True)
class Provenance:
    """Facts about an image that review needs later; all empty for an image that has none.

    `model_version` is the card hash of the checkpoint, `cluster_key` a hash (hash_cluster) or the
    seed of a run, `stratum` and `inclusion_probability` say how a screened image was chosen.
    """

    prototype: int | None = None
    round: int | None = None
    model_version: str = ""
    cluster_key: str = ""
    stratum: str = ""
    inclusion_probability: float | None = None
    covariates: dict[str, Any] = field(default_factory=dict)


def intake_pixels(
    *,
    pool: Pool,
    source_key: str,
    image_class: ImageClass,
    pixels: np.ndarray,
    provenance: Provenance,
    intake_profile: IntakeProfile,
    findings: tuple[str, ...] = (),
    mask: np.ndarray | None = None,
) -> ImageAsset:
    """Store pixels once under (pool, source_key) and return the row, new or already there.

    pixels: (h, w, 3) uint8, (h, w) uint8 or (h, w) uint16; mask: (h, w), non-zero inside. The
    file is written before its row, so a kill leaves at worst a file that the next try uses.
    Raises ImageRejected, IntakeConflict (the key holds other pixels) or MediaFull.
    """
    return store_image(
        pool=pool,
        source_key=source_key,
        image_class=image_class,
        pixels=pixels,
        provenance=provenance,
        intake_profile=intake_profile,
        findings=findings,
        mask=mask,
    )[0]


def store_image(
    *,
    pool: Pool,
    source_key: str,
    image_class: ImageClass,
    pixels: np.ndarray,
    provenance: Provenance,
    intake_profile: IntakeProfile,
    findings: tuple[str, ...],
    mask: np.ndarray | None,
) -> tuple[ImageAsset, bool]:
    """Do the work of intake_pixels; the second value says whether the row is new."""
    _check(pool, image_class, pixels, mask)
    digest = pixel_sha256(pixels)
    held = ImageAsset.objects.filter(pool=pool, source_key=source_key).first()
    if held and held.pixel_sha256 == digest and media_exists(held.storage_key):
        return held, False
    height, width = pixels.shape[:2]
    mine = ImageAsset(
        pool=pool,
        source_key=source_key,
        image_class=image_class,
        findings=list(findings),
        prototype=provenance.prototype,
        round=provenance.round,
        model_version=provenance.model_version,
        cluster_key=provenance.cluster_key,
        stratum=provenance.stratum,
        inclusion_probability=provenance.inclusion_probability,
        covariates=provenance.covariates,
        intake_profile=intake_profile.to_json(),
        pixel_sha256=digest,
        width=width,
        height=height,
        mode=pixel_mode(pixels),
        storage_key=put_bytes("assets", encode_pixels(pixels), ".png"),
        mask_key=_store_mask(mask),
    )
    ImageAsset.objects.bulk_create([mine], ignore_conflicts=True)
    stored = ImageAsset.objects.get(pool=pool, source_key=source_key)
    if stored.pixel_sha256 != digest:
        raise IntakeConflict(
            f"Pool {pool.name!r} already has other pixels under key {source_key!r}. "
            "Give the image a key of its own, or use another pool."
        )
    return stored, stored.uuid == mine.uuid


def _check(
    pool: Pool, image_class: ImageClass, pixels: np.ndarray, mask: np.ndarray | None
) -> None:
    if image_class.domain_id != pool.domain_id:
        raise ImageRejected(
            f"class {image_class.code} is of another domain than pool {pool.name!r}"
        )
    pixel_mode(pixels)
    height, width = pixels.shape[:2]
    check_size(width, height)
    if mask is not None and mask.shape != (height, width):
        raise ImageRejected(f"the mask is {mask.shape}, the image {(height, width)}")


def _store_mask(mask: np.ndarray | None) -> str:
    if mask is None:
        return ""
    return put_bytes("masks", encode_pixels((mask > 0).astype(np.uint8) * 255), ".png")


def read_pixels(asset: ImageAsset) -> np.ndarray:
    """Return the pixels of an image: (h, w, 3) or (h, w) uint8, or (h, w) uint16."""
    return decode_pixels(read_bytes(asset.storage_key))


def read_mask(asset: ImageAsset) -> np.ndarray | None:
    """Return the lesion mask, (h, w) uint8 of 0 and 255, or None."""
    return decode_pixels(read_bytes(asset.mask_key)) if asset.mask_key else None


def hash_cluster(identifier: str) -> str:
    """Return a keyed hash of a patient or lesion identifier, or '' for none.

    Keyed with the site's secret: record numbers are few enough to be guessed from a plain hash.
    """
    if not identifier:
        return ""
    return salted_hmac("semblance.cluster", identifier, algorithm="sha256").hexdigest()[:32]
