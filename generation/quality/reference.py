"""Which images stand beside each other: those of a run, its training set, and held-out real ones.

A real image is *held out* when no training of the generator's lineage can have seen it: another
pool, no pixel-identical twin in a training pool, and no patient or lesion of one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from generation.quality.errors import MeasurementRefused
from generation.runs.models import GenerationRun
from generation.training.dataset import manifest_sha256
from generation.training.lineage import ancestry_of, pools_learned_from
from generation.training.models import Checkpoint
from review.catalog.models import ImageAsset, Pool

MIN_IMAGES = 2
FIELDS = ("pk", "uuid", "image_class__code", "storage_key", "pixel_sha256", "cluster_key")


@dataclass(frozen=True)
class Picture:
    """One stored image, as far as measuring needs it; cluster: hash of its patient, or nothing."""

    pk: int
    uuid: str
    code: str
    storage_key: str
    pixel_sha256: str
    cluster: str


@dataclass(frozen=True)
class Material:
    """The three sets of a measurement. Held-out images may be none at all."""

    generated: tuple[Picture, ...]
    training: tuple[Picture, ...]
    held_out: tuple[Picture, ...]
    training_pools: tuple[Pool, ...]
    held_out_pools: tuple[Pool, ...]
    left_out: int
    warnings: tuple[str, ...]

    @property
    def n_images(self) -> int:
        return len(self.generated) + len(self.training) + len(self.held_out)


def real_pools_for(run: GenerationRun, allowed: QuerySet[Pool]) -> list[Pool]:
    """Return what a run may be compared with: its training pools, and held-out ones of `allowed`.

    None where the training pools are not known.
    """
    pools = pools_learned_from(run.checkpoint)
    if not pools:
        return []
    classes = run.cells.values("image_class")
    others = _other_pools(pools, allowed).filter(images__image_class__in=classes).distinct()
    return [*pools, *others]


def gather_material(run: GenerationRun, real_pools: QuerySet[Pool]) -> Material:
    """Collect the images of a run and the real ones of `real_pools` that it is compared with.

    Raises MeasurementRefused when the run has fewer than two images, or when what its generator
    learned from is not in the catalogue.
    """
    checkpoint = run.checkpoint
    drawn = pictures(run.pool.images.order_by("pk"))
    check_drawn(run, len(drawn))
    pools = training_pools(checkpoint)
    training = pictures(ImageAsset.objects.filter(pool__in=pools).order_by("pk"))
    others = list(_other_pools(pools, real_pools))
    held_out, left_out = _held_out(others, pools, codes={one.code for one in drawn})
    used = {pk for _, pk in held_out}
    return Material(
        generated=drawn,
        training=training,
        held_out=tuple(one for one, _ in held_out),
        training_pools=tuple(pools),
        held_out_pools=tuple(pool for pool in others if pool.pk in used),
        left_out=left_out,
        warnings=tuple(_changed(checkpoint)),
    )


def check_drawn(run: GenerationRun, n_images: int) -> None:
    """Raise MeasurementRefused for a run of fewer images than anything can be said about."""
    if n_images < MIN_IMAGES:
        raise MeasurementRefused(
            f"Run {run.name!r} has {n_images} images; image metrics compare at least {MIN_IMAGES}. "
            "Draw more."
        )


def training_pools(checkpoint: Checkpoint) -> list[Pool]:
    """Return the pools learned from, or raise MeasurementRefused when none holds an image."""
    pools = [pool for pool in pools_learned_from(checkpoint) if pool.images.exists()]
    if not pools:
        raise MeasurementRefused(
            f"The images that checkpoint {checkpoint.name!r} learned from are not in the "
            "catalogue, so nothing can tell a copy from a new image. Restore the training pool "
            "and the record of its training from the backup."
        )
    return pools


def pictures(images: QuerySet[ImageAsset]) -> tuple[Picture, ...]:
    """Read the rows of images, in the order of the queryset."""
    return tuple(_picture(row) for row in images.values_list(*FIELDS))


def per_class(images: Iterable[Picture]) -> Counter[str]:
    """Count images per class code."""
    return Counter(one.code for one in images)


def _picture(row: Sequence[Any]) -> Picture:
    pk, uuid, *rest = row
    return Picture(pk, str(uuid), *rest)


def _other_pools(pools: Sequence[Pool], real_pools: QuerySet[Pool]) -> QuerySet[Pool]:
    """Return complete real pools of the domain that no training used; phantoms with phantoms."""
    first = pools[0]
    same = real_pools.filter(
        domain=first.domain_id,
        source=Pool.Source.REAL,
        state=Pool.State.COMPLETE,
        is_phantom=first.is_phantom,
    )
    return same.exclude(pk__in=[pool.pk for pool in pools]).order_by("pk")


def _held_out(
    others: Sequence[Pool], pools: Sequence[Pool], codes: set[str]
) -> tuple[list[tuple[Picture, int]], int]:
    """Return (image, its pool) of unseen real images, each once, and how many were left out."""
    seen = ImageAsset.objects.filter(pool__in=pools)
    pixels = set(seen.values_list("pixel_sha256", flat=True))
    clusters = set(seen.exclude(cluster_key="").values_list("cluster_key", flat=True))
    images = ImageAsset.objects.filter(pool__in=others, image_class__code__in=codes).order_by("pk")
    found, left_out = [], 0
    for *row, pool in images.values_list(*FIELDS, "pool"):
        one = _picture(row)
        if one.pixel_sha256 in pixels or one.cluster in clusters:
            left_out += 1
            continue
        pixels.add(one.pixel_sha256)
        found.append((one, pool))
    return found, left_out


def _changed(checkpoint: Checkpoint) -> Iterable[str]:
    """Warn for each training pool that is not what the training read."""
    for one in ancestry_of(checkpoint):
        pools = pools_learned_from(one)
        if pools and one.pool_manifest_sha256 not in {_manifest(pool) for pool in pools}:
            names = ", ".join(repr(pool.name) for pool in pools)
            yield (
                f"Pool {names} is not what checkpoint {one.name!r} learned from: images were added "
                "or removed since. Copies of removed images cannot be found."
            )


def _manifest(pool: Pool) -> str:
    rows = pool.images.order_by("image_class__order", "pixel_sha256")
    return manifest_sha256(rows.values_list("image_class__code", "pixel_sha256"))
