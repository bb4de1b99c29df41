"""End a run: counted in the database, cancelled by an admin, or failed."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from generation.runs.errors import NotAllowed
from generation.runs.models import GeneratedImage, GenerationRun, Shard
from review.audit.services import log_event
from review.catalog.models import Pool

State = GenerationRun.State
OPEN = (State.QUEUED, State.RUNNING, State.CANCELLING)


@transaction.atomic
def finalize_run(run_pk: int) -> str:
    """End a run once none of its shards is queued or leased; return its state. Safe to repeat."""
    run = GenerationRun.objects.select_for_update().get(pk=run_pk)
    if run.state not in OPEN:
        return run.state
    shards = Shard.objects.filter(run=run)
    is_cancelled = run.state == State.CANCELLING
    waiting = [Shard.State.LEASED] if is_cancelled else [Shard.State.LEASED, Shard.State.QUEUED]
    if shards.filter(state__in=waiting).exists():
        return run.state
    failed = shards.filter(state=Shard.State.FAILED).first()
    run.rejected = GeneratedImage.objects.filter(run=run).exclude(rejected="").count()
    if failed is not None:
        run.state, run.error = State.FAILED, failed.error
    else:
        run.state = State.CANCELLED if is_cancelled else State.COMPLETE
    run.finished_at = timezone.now()
    run.save(update_fields=["state", "error", "rejected", "finished_at"])
    Pool.objects.filter(pk=run.pool_id).update(state=Pool.State.COMPLETE)
    after = {"images": GeneratedImage.objects.filter(run=run, asset__isnull=False).count()}
    log_event(actor=None, verb=f"run.{run.state}", obj=run, after=after)
    return run.state


@transaction.atomic
def cancel_run(*, actor: Any, run: GenerationRun) -> GenerationRun:
    """Ask the workers to stop; images drawn so far stay in the pool."""
    if not actor.is_staff:
        raise NotAllowed("Runs are stopped by admins. Ask one of them.")
    changed = GenerationRun.objects.filter(
        pk=run.pk, state__in=[State.QUEUED, State.RUNNING]
    ).update(state=State.CANCELLING)
    if changed:
        log_event(actor=actor, verb="run.cancelling", obj=run)
        finalize_run(run.pk)
    run.refresh_from_db()
    return run
