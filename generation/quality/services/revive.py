"""Put measurements back that lost their worker or message; measure the runs of loops unasked."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from generation.quality.models import Measurement
from generation.quality.services.start import MEASURE, measure_rounds
from review.jobs.models import Outbox
from review.jobs.services import enqueue

ANNOUNCE_AGAIN = timedelta(minutes=5)
State = Measurement.State


def revive_measurements() -> int:
    """Re-queue measurements whose lease expired, announce forgotten ones, start those of loops.

    A chore of the dispatcher; brokers neither redeliver after a kill nor survive a flush.
    """
    changed = 0
    for one in Measurement.objects.all().expired(State.RUNNING):
        lost = Measurement.objects.filter(
            pk=one.pk, fence=one.fence, state=State.RUNNING, lease_expires__lt=timezone.now()
        )
        if lost.update(state=State.QUEUED, lease_owner="", lease_expires=None):
            enqueue(MEASURE, one.pk, queue=settings.MEASURE_QUEUE)
            changed += 1
    return changed + _announce_forgotten() + measure_rounds()


def _announce_forgotten() -> int:
    queued = Measurement.objects.filter(state=State.QUEUED)
    if not queued.exists() or Measurement.objects.filter(state=State.RUNNING).exists():
        return 0
    since = timezone.now() - ANNOUNCE_AGAIN
    if Outbox.objects.filter(task=MEASURE, created_at__gt=since).exists():
        return 0
    for pk in queued.values_list("pk", flat=True):
        enqueue(MEASURE, pk, queue=settings.MEASURE_QUEUE)
    return queued.count()
