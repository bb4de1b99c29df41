"""Put shards back that lost their worker or their message."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from generation.runs.models import GenerationRun, Shard
from generation.runs.services.finish import finalize_run
from generation.runs.services.launch import SAMPLE
from review.jobs.models import Outbox
from review.jobs.services import enqueue

ANNOUNCE_AGAIN = timedelta(minutes=2)


def revive_shards() -> int:
    """Re-queue expired leases, announce forgotten shards again, and end runs that nobody ended.

    A chore of the dispatcher; brokers neither redeliver after a kill nor survive a flush.
    """
    return _requeue_expired() + _announce_forgotten() + _finalize_stragglers()


def _requeue_expired() -> int:
    changed = 0
    for shard in Shard.objects.all().expired(Shard.State.LEASED):
        lost = Shard.objects.filter(
            pk=shard.pk,
            fence=shard.fence,
            state=Shard.State.LEASED,
            lease_expires__lt=timezone.now(),
        )
        if lost.update(state=Shard.State.QUEUED, lease_owner="", lease_expires=None):
            enqueue(SAMPLE, shard.pk, queue=settings.SAMPLE_QUEUE)
            changed += 1
    return changed


def _announce_forgotten() -> int:
    """Send messages again for queued shards of open runs whose last message is long gone."""
    open_runs = [GenerationRun.State.QUEUED, GenerationRun.State.RUNNING]
    queued = Shard.objects.filter(state=Shard.State.QUEUED, run__state__in=open_runs)
    if not queued.exists():
        return 0
    if Shard.objects.filter(state=Shard.State.LEASED, lease_expires__gt=timezone.now()).exists():
        return 0  # a worker is busy: the others are waiting in line
    since = timezone.now() - ANNOUNCE_AGAIN
    announced = Outbox.objects.filter(task=SAMPLE, created_at__gt=since)
    if announced.exists():
        return 0
    for pk in queued.values_list("pk", flat=True):
        enqueue(SAMPLE, pk, queue=settings.SAMPLE_QUEUE)
    return queued.count()


def _finalize_stragglers() -> int:
    """End runs whose worker died between its last shard and the end of the run."""
    open_states = ["queued", "running", "cancelling"]
    ended = 0
    for pk in GenerationRun.objects.filter(state__in=open_states).values_list("pk", flat=True):
        ended += finalize_run(pk) not in open_states
    return ended
