"""The worker's verbs: claim, heartbeat, inputs, put result, release.

Dataclasses in and out, so that a transport over HTTP can stand beside the database one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from generation.runs.models import GeneratedImage, GenerationRun, Shard, Worker
from review.catalog.containers.profile import IntakeProfile
from review.catalog.services.intake import Provenance, intake_pixels

MAX_ATTEMPTS = 3


@dataclass(frozen=True)
class Claim:
    """The right to work on one shard until its lease expires; `fence` guards every commit."""

    shard_pk: int
    run_pk: int
    fence: int
    owner: str


@dataclass(frozen=True)
class Wanted:
    """One image to draw."""

    index: int
    seed: int
    code: str
    prototype: int


@dataclass(frozen=True)
class Inputs:
    """What a worker needs: the checkpoint and the images of the shard that are still missing."""

    checkpoint_key: str
    card_sha256: str
    sampler: dict[str, Any]
    batch: int
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True)
class Result:
    """One drawn image. pixels: uint8 (h, w, c); rejected: why it is not taken in, or empty."""

    index: int
    pixels: np.ndarray
    pixel_sha256: str
    ms: float
    rejected: str
    provenance: dict[str, Any]


def claim(shard_pk: int, owner: str) -> Claim | None:
    """Take a queued or abandoned shard of an open run; None when somebody else has it."""
    State = GenerationRun.State
    run_pk = Shard.objects.values_list("run_id", flat=True).filter(pk=shard_pk).first()
    if run_pk is None:
        return None
    runs = GenerationRun.objects.filter(pk=run_pk)
    if not runs.filter(state__in=[State.QUEUED, State.RUNNING]).exists():
        return None
    fence = Shard.objects.claim(
        shard_pk, owner, states=[Shard.State.QUEUED], leased=Shard.State.LEASED
    )
    if fence is None:
        return None
    runs.filter(state=State.QUEUED).update(state=State.RUNNING, started_at=timezone.now())
    runs.exclude(error="").update(error="")  # it waited for space; now it is tried again
    return Claim(shard_pk, run_pk, fence, owner)


def beat(held: Claim) -> bool:
    """Extend the lease; False when it is lost."""
    Worker.objects.filter(name=held.owner).update(last_heartbeat=timezone.now())
    return Shard.objects.beat(held.shard_pk, held.fence)


def wants_to_go_on(held: Claim) -> bool:
    """Say whether the run is still to be drawn and the lease still ours."""
    still = Shard.objects.filter(pk=held.shard_pk, fence=held.fence, state=Shard.State.LEASED)
    return still.filter(run__state=GenerationRun.State.RUNNING).exists()


def inputs(held: Claim) -> Inputs:
    """Return the checkpoint and the images that no earlier worker committed."""
    run = GenerationRun.objects.select_related("checkpoint").get(pk=held.run_pk)
    shard = Shard.objects.get(pk=held.shard_pk)
    missing = GeneratedImage.objects.filter(
        run=run, index__gte=shard.first, index__lt=shard.last, asset=None, rejected=""
    ).order_by("index")
    wanted = tuple(
        Wanted(*row)
        for row in missing.values_list("index", "seed", "image_class__code", "prototype")
    )
    checkpoint = run.checkpoint
    return Inputs(checkpoint.storage_key, checkpoint.card_sha256, run.sampler, run.batch, wanted)


def note_numerics(held: Claim, facts: dict[str, Any]) -> None:
    """Freeze the run's numerics fingerprint with its first shard.

    Identical pixels are promised only within one fingerprint; each image records its own, so that a
    run drawn by unequal machines shows.
    """
    GenerationRun.objects.filter(pk=held.run_pk, fingerprint={}).update(fingerprint=facts)


def put_result(held: Claim, result: Result) -> bool:
    """Take one image in and commit it; False when the lease was lost and nothing was committed.

    The pixels go through the same intake as uploads. File first, row second, fenced commit last: a
    kill in between leaves what the next worker finds and reuses.
    """
    image = GeneratedImage.objects.select_related("image_class", "run__pool").get(
        run_id=held.run_pk, index=result.index
    )
    asset = None if result.rejected else _take_in(image, result)
    with transaction.atomic():
        mine = Shard.objects.select_for_update().filter(
            pk=held.shard_pk, fence=held.fence, state=Shard.State.LEASED
        )
        if not mine.exists():
            return False
        open_row = GeneratedImage.objects.filter(pk=image.pk, asset=None, rejected="")
        open_row.update(
            asset=asset,
            rejected=result.rejected,
            ms=result.ms,
            pixel_sha256=result.pixel_sha256,
            provenance=result.provenance,
        )
    return True


def _take_in(image: GeneratedImage, result: Result) -> Any:
    run = image.run
    pixels = result.pixels[..., 0] if result.pixels.shape[-1] == 1 else result.pixels
    provenance = Provenance(
        prototype=image.prototype,
        round=run.round,
        model_version=run.checkpoint.card_sha256,
        cluster_key=f"seed-{image.seed}",
        stratum="all",
        inclusion_probability=1.0,
    )
    return intake_pixels(
        pool=run.pool,
        source_key=str(image.index),
        image_class=image.image_class,
        pixels=pixels,
        provenance=provenance,
        intake_profile=IntakeProfile.of_array(pixels),
    )


def release(held: Claim, *, done: bool, error: str = "", counts: bool = True) -> None:
    """Give the shard back: done, to be tried again, or failed after MAX_ATTEMPTS errors.

    counts False: an error that passes, as a full disk does; the run says it and waits.
    """
    shard = Shard.objects.get(pk=held.shard_pk)
    if done:
        Shard.objects.release(held.shard_pk, held.fence, Shard.State.DONE)
        return
    attempts = shard.attempts + bool(error and counts)
    state = Shard.State.FAILED if attempts >= MAX_ATTEMPTS else Shard.State.QUEUED
    error = error[:2000]
    Shard.objects.release(held.shard_pk, held.fence, state, attempts=attempts, error=error)
    if not counts:
        running = GenerationRun.objects.filter(pk=held.run_pk, state=GenerationRun.State.RUNNING)
        running.update(error=error)


def report_worker(
    owner: str, *, device: str, queues: Sequence[str], shard_pk: int | None, rate: float | None
) -> None:
    """Note what a worker does now."""
    fields: dict[str, Any] = {"device": device, "queues": list(queues)}
    fields |= {"last_heartbeat": timezone.now(), "current_shard_id": shard_pk}
    if rate is not None:
        fields["images_per_second"] = rate
    Worker.objects.update_or_create(name=owner, defaults=fields)
