"""Queue the image metrics of a run."""

from typing import Any

from django.conf import settings
from django.db import transaction

from generation.quality.errors import MeasurementRefused, NotAllowed
from generation.quality.extractor import best_extractor
from generation.quality.models import Measurement
from generation.quality.reference import check_drawn, real_pools_for, training_pools
from generation.runs.models import GenerationRun
from review.audit.services import log_event
from review.catalog.models import Pool
from review.catalog.selectors import pools_open_to
from review.jobs.services import enqueue

MEASURE = "generation.quality.tasks.measure_run"
MAX_SEED = (1 << 31) - 1
State = Measurement.State


@transaction.atomic
def start_measurement(
    *, actor: Any, run: GenerationRun, extractor: str = "", seed: int = 0
) -> Measurement:
    """Queue a measurement of a complete run; return the open one when there is one already.

    extractor "": the encoder of the checkpoint's prototypes, or the untrained network where there
    are none. Real images are those of pools that the actor may look into; actor None is the command
    line. Raises NotAllowed or MeasurementRefused.
    """
    if actor is not None and not actor.is_staff:
        raise NotAllowed("Runs are measured by admins. Ask one of them.")
    kind = extractor or best_extractor(run.checkpoint)
    _check(run, kind, seed)
    return _queue(actor, run, kind, seed)


@transaction.atomic
def measure_rounds() -> int:
    """Queue a first measurement of each complete run of a loop, so that its plan knows the copies.

    Nothing is checked here: what cannot be measured fails with its reason, once.
    """
    complete = GenerationRun.objects.filter(
        state=GenerationRun.State.COMPLETE, round__isnull=False, measurements=None
    )
    runs = list(complete.select_related("checkpoint__bank"))
    for run in runs:
        _queue(None, run, best_extractor(run.checkpoint), 0)
    return len(runs)


def _queue(actor: Any, run: GenerationRun, kind: str, seed: int) -> Measurement:
    locked = GenerationRun.objects.select_for_update().get(pk=run.pk)
    opened = locked.measurements.filter(state__in=[State.QUEUED, State.RUNNING]).first()
    if opened is not None:
        return opened
    made = Measurement.objects.create(run=locked, extractor=kind, seed=seed, requested_by=actor)
    allowed = pools_open_to(actor) if actor is not None else Pool.objects.all()
    made.pools.set(real_pools_for(locked, allowed))
    enqueue(MEASURE, made.pk, queue=settings.MEASURE_QUEUE)
    after = {"run": str(locked.uuid), "extractor": kind, "seed": seed}
    log_event(actor=actor, verb="measurement.started", obj=made, after=after)
    return made


def _check(run: GenerationRun, extractor: str, seed: int) -> None:
    """Raise MeasurementRefused for a run that cannot be measured as asked."""
    if run.state != GenerationRun.State.COMPLETE:
        raise MeasurementRefused(
            f"Run {run.name!r} is {run.state}; only complete runs are measured. Wait until it ends."
        )
    if extractor not in Measurement.Extractor.values:
        known = " or ".join(Measurement.Extractor.values)
        raise MeasurementRefused(f"Extractor {extractor!r} is unknown; choose {known}.")
    if extractor == Measurement.Extractor.BANK and run.checkpoint.bank is None:
        raise MeasurementRefused(
            f"Checkpoint {run.checkpoint.name!r} has no prototypes, so no encoder of theirs. "
            "Choose the untrained network."
        )
    if not 0 <= seed <= MAX_SEED:
        raise MeasurementRefused(f"Seed {seed} is outside 0..{MAX_SEED}.")
    check_drawn(run, run.pool.images.count())
    training_pools(run.checkpoint)
