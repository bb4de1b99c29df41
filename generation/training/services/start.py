"""Start and cancel a training."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from generation.families.errors import GenerationError
from generation.families.registry import adapt_preset, get_family
from generation.training.errors import NotAllowed, TrainingRefused
from generation.training.models import TrainingJob
from review.audit.services import log_event
from review.catalog.models import Pool
from review.jobs.services import enqueue

TRAIN = "generation.training.tasks.train_segment"
MAX_SEED = 1 << 31
MAX_GUIDANCE = 20.0
State = TrainingJob.State


@transaction.atomic
def start_training(  # noqa: PLR0913  keyword-only: each is one choice of the form
    *,
    actor: Any,
    family: str,
    preset: str,
    pool: Pool,
    seed: int = 0,
    steps: int | None = None,
    prototypes: int = 1,
    early_steps: Sequence[int] = (),
    guidance: float | None = None,
    name: str = "",
) -> TrainingJob:
    """Queue a training; `early_steps` are steps at which a checkpoint is kept as well.

    guidance: the scale its checkpoints draw with, 1 = none; default: the preset's.
    actor None is the command line. Raises NotAllowed or TrainingRefused.
    """
    if actor is not None and not actor.is_staff:
        raise NotAllowed("Trainings are started by admins. Ask one of them.")
    _check(pool, seed, prototypes)
    total = _steps(family, preset, steps)
    if guidance is not None and not 0 <= guidance <= MAX_GUIDANCE:
        raise TrainingRefused(f"Guidance {guidance} is outside 0..{MAX_GUIDANCE:g}; 1 means none.")
    marks = sorted({step for step in early_steps if step < total})
    if any(step < 1 for step in marks):
        raise TrainingRefused("Early checkpoints are kept after step 1 or later.")
    job = TrainingJob.objects.create(
        name=name.strip() or f"{family} {preset} on {pool.name}"[:120],
        family=family,
        preset=preset,
        pool=pool,
        seed=seed,
        total_steps=total,
        options={
            "steps": total,
            "prototypes": prototypes,
            "early_steps": marks,
            "guidance": guidance,
        },
        requested_by=actor,
    )
    enqueue(TRAIN, job.pk, queue=settings.TRAIN_QUEUE)
    after = {"family": family, "preset": preset, "pool": str(pool.uuid), "seed": seed}
    log_event(actor=actor, verb="training.started", obj=job, after=after)
    return job


def _check(pool: Pool, seed: int, prototypes: int) -> None:
    """Raise TrainingRefused for a pool that cannot be learned from."""
    if pool.state != Pool.State.COMPLETE:
        raise TrainingRefused(f"Pool {pool.name!r} is still being built. Wait until it is whole.")
    if pool.source != Pool.Source.REAL:
        raise TrainingRefused(f"Pool {pool.name!r} is synthetic; generators learn from real ones.")
    if not 0 <= seed < MAX_SEED:
        raise TrainingRefused(f"Seed {seed} is outside 0..{MAX_SEED - 1}.")
    least = max(2, prototypes)
    counts = pool.images.values("image_class__code").annotate(n=Count("pk"))
    small = [f"{row['image_class__code']} ({row['n']})" for row in counts if row["n"] < least]
    if small:
        raise TrainingRefused(
            f"Every class needs at least {least} images for {prototypes} prototypes; too few: "
            f"{', '.join(small)}. Import more, or leave these classes out of the pool."
        )


def _steps(family: str, preset: str, steps: int | None) -> int:
    """Return the number of optimizer steps of a preset, or the one asked for."""
    try:
        return int(adapt_preset(get_family(family), preset, steps=steps).fit.steps)
    except GenerationError as error:
        raise TrainingRefused(str(error)) from error


@transaction.atomic
def cancel_training(*, actor: Any, job: TrainingJob) -> TrainingJob:
    """Ask the worker to stop; it polls once a second. Checkpoints kept so far stay."""
    if not actor.is_staff:
        raise NotAllowed("Trainings are stopped by admins. Ask one of them.")
    jobs = TrainingJob.objects.filter(pk=job.pk)
    now = timezone.now()
    if jobs.filter(state=State.QUEUED).update(state=State.CANCELLED, finished_at=now):
        log_event(actor=actor, verb="training.cancelled", obj=job)
    elif jobs.filter(state=State.RUNNING).update(cancel_requested=True):
        log_event(actor=actor, verb="training.cancelling", obj=job)
    job.refresh_from_db()
    return job
