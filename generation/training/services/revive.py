"""Put trainings back that lost their worker or their message."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from generation.training.models import TrainingJob
from generation.training.services.start import TRAIN
from review.jobs.models import Outbox
from review.jobs.services import enqueue

ANNOUNCE_AGAIN = timedelta(minutes=5)
State = TrainingJob.State


def revive_trainings() -> int:
    """Re-queue trainings whose lease expired, and announce forgotten ones again."""
    changed = 0
    for job in TrainingJob.objects.all().expired(State.RUNNING):
        lost = TrainingJob.objects.filter(
            pk=job.pk, fence=job.fence, state=State.RUNNING, lease_expires__lt=timezone.now()
        )
        if lost.update(state=State.QUEUED, lease_owner="", lease_expires=None):
            enqueue(TRAIN, job.pk, queue=settings.TRAIN_QUEUE)
            changed += 1
    return changed + _announce_forgotten()


def _announce_forgotten() -> int:
    queued = TrainingJob.objects.filter(state=State.QUEUED)
    if not queued.exists() or TrainingJob.objects.filter(state=State.RUNNING).exists():
        return 0
    since = timezone.now() - ANNOUNCE_AGAIN
    if Outbox.objects.filter(task=TRAIN, created_at__gt=since).exists():
        return 0
    for pk in queued.values_list("pk", flat=True):
        enqueue(TRAIN, pk, queue=settings.TRAIN_QUEUE)
    return queued.count()
