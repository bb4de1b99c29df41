"""Runs whose images a test chose itself, of a generator that learned from a known pool."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.utils import timezone

from generation.families.pixels import prepare_image
from generation.quality.models import Measurement
from generation.quality.services import start_measurement
from generation.quality.tasks import measure_run
from generation.runs.models import GenerationRun, Shard
from generation.runs.services import launch_run
from generation.runs.tasks import sample_shard
from generation.training.dataset import manifest_sha256
from generation.training.models import Checkpoint, PrototypeBank, TrainingJob
from generation.training.tasks import train_segment
from review.catalog.containers.profile import IntakeProfile
from review.catalog.models import ImageAsset, Pool
from review.catalog.services.intake import Provenance, intake_pixels, read_pixels
from tests.generation.training.worlds import start as start_tiny
from tests.generation.worlds import make_checkpoint
from tests.worlds.building import CLASSES, make_pool
from tests.worlds.pixels import draw_cell

SIZE, CROP = 16, 0.75  # of the preset `tiny`


@dataclass(frozen=True)
class QualityWorld:
    """A complete run, what its generator learned from, and real images that it never saw."""

    run: GenerationRun
    training: Pool
    held_out: Pool | None
    checkpoint: Checkpoint


def make_world(
    *,
    per_class: int = 6,
    drawn: Sequence[np.ndarray] | None = None,
    held_out: int = 6,
    training: int = 6,
    **fields: Any,
) -> QualityWorld:
    """Return a run of four classes; `drawn` replaces its first images, class after class."""
    pool = make_pool("learned from", per_class=training)
    other = make_pool("never seen", per_class=held_out) if held_out else None
    checkpoint = make_checkpoint(**fields)
    remember_training(checkpoint, pool)
    run = launch_run(
        actor=None, checkpoint=checkpoint, counts=dict.fromkeys(CLASSES, per_class), seed=3
    )
    fill(run, drawn or ())
    return QualityWorld(run, pool, other, checkpoint)


def draw_again(world: QualityWorld, drawn: Sequence[np.ndarray]) -> QualityWorld:
    """Return the world with another run as large, whose first images are `drawn`."""
    counts = dict.fromkeys(CLASSES, world.run.total // len(CLASSES))
    run = launch_run(actor=None, checkpoint=world.checkpoint, counts=counts, seed=4)
    fill(run, drawn)
    return replace(world, run=run)


def make_trained_world() -> tuple[GenerationRun, PrototypeBank]:
    """Return a run drawn by a checkpoint that was really trained, and the bank of its training."""
    job = start_tiny(make_pool("trained on", per_class=6), steps=2, early_steps=[])
    while job.finished_at is None:
        train_segment(job.pk)
        job.refresh_from_db()
    assert job.checkpoint is not None
    assert job.checkpoint.bank is not None
    counts = dict.fromkeys(CLASSES, 4)
    run = launch_run(actor=None, checkpoint=job.checkpoint, counts=counts, seed=3)
    for pk in Shard.objects.filter(run=run).values_list("pk", flat=True):
        sample_shard(pk)
    run.refresh_from_db()
    return run, job.checkpoint.bank


def remember_training(checkpoint: Checkpoint, pool: Pool) -> TrainingJob:
    """Write the record of a training of `checkpoint` from `pool`."""
    rows = pool.images.order_by("image_class__order", "pixel_sha256")
    checkpoint.pool_manifest_sha256 = manifest_sha256(
        rows.values_list("image_class__code", "pixel_sha256")
    )
    checkpoint.save(update_fields=["pool_manifest_sha256"])
    return TrainingJob.objects.create(
        name="training", family=checkpoint.family, preset="tiny", pool=pool, state="done",
        checkpoint=checkpoint, finished_at=timezone.now(),
    )  # fmt: skip


def fill(run: GenerationRun, drawn: Sequence[np.ndarray]) -> None:
    """Take in images as if the run had drawn them, and end it."""
    for image in run.images.select_related("image_class", "run__checkpoint"):
        is_given = image.index < len(drawn)
        pixels = drawn[image.index] if is_given else draw_cell(9000 + image.index, SIZE)
        image.asset = intake_pixels(
            pool=run.pool, source_key=str(image.index), image_class=image.image_class,
            pixels=pixels, intake_profile=IntakeProfile.of_array(pixels),
            provenance=Provenance(model_version=run.checkpoint.card_sha256),
        )  # fmt: skip
        image.save(update_fields=["asset"])
    Shard.objects.filter(run=run).update(state="done")
    GenerationRun.objects.filter(pk=run.pk).update(state="complete", finished_at=timezone.now())
    Pool.objects.filter(pk=run.pool_id).update(state="complete")
    run.refresh_from_db()


def as_generated(asset: ImageAsset) -> np.ndarray:
    """Return a real image as the generator would draw it: a perfect copy."""
    return prepare_image(read_pixels(asset), size=SIZE, crop=CROP, channels=3)


def measured(run: GenerationRun, **options: Any) -> Measurement:
    """Measure a run in this process; the message that comes second does nothing."""
    row = start_measurement(actor=None, run=run, **options)
    measure_run(row.pk)
    row.refresh_from_db()
    return row
