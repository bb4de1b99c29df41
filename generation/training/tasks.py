"""Train one segment of a job on a worker."""

import logging
import threading
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from generation.training.models import TrainingJob
from generation.training.segment import LeaseLost, Segment
from generation.training.services.start import TRAIN
from review.catalog.storage import SPACE_RETRY_S, describe_full, is_disk_full
from review.jobs.services import enqueue, heartbeat, worker_name

logger = logging.getLogger(__name__)
OWNER = worker_name()
State = TrainingJob.State


@shared_task(name=TRAIN, ignore_result=True)
def train_segment(job_pk: int) -> None:
    """Claim a training, work on it for a segment, and hand it on or end it."""
    fence = TrainingJob.objects.claim(job_pk, OWNER, states=[State.QUEUED], leased=State.RUNNING)
    if fence is None:
        return
    job = TrainingJob.objects.select_related("pool__domain").get(pk=job_pk)
    TrainingJob.objects.filter(pk=job_pk, started_at=None).update(started_at=timezone.now())
    TrainingJob.objects.filter(pk=job_pk).exclude(error="").update(error="")
    lost = threading.Event()
    segment = Segment(job, fence, lost)
    try:
        with heartbeat(lambda: TrainingJob.objects.beat(job_pk, fence), lost):
            is_done = segment.run()
    except LeaseLost:
        logger.warning("training %s: the lease was lost", job_pk)
    except Exception as error:  # whatever broke: say so on the job
        logger.exception("training %s", job_pk)
        if is_disk_full(error):
            _wait_for_space(job_pk, fence, describe_full(error))
            return
        message = f"{type(error).__name__}: {error}"[:2000]
        _end(job_pk, fence, State.FAILED, error=message)
        segment.discard()
    else:
        _hand_on(segment, fence, is_done=is_done)


def _hand_on(segment: Segment, fence: int, *, is_done: bool) -> None:
    """End the job, or queue its next segment in the transaction that gives the lease back."""
    pk = segment.job.pk
    if segment.is_cancelled:
        _end(pk, fence, State.CANCELLED)
        segment.discard()
    elif is_done:
        _end(pk, fence, State.DONE)
    else:
        with transaction.atomic():
            if TrainingJob.objects.release(pk, fence, State.QUEUED):
                enqueue(TRAIN, pk, queue=settings.TRAIN_QUEUE)


@transaction.atomic
def _wait_for_space(pk: int, fence: int, why: str) -> None:
    """Queue the training again for later; what it saved last is kept."""
    if TrainingJob.objects.release(pk, fence, State.QUEUED, error=why[:2000]):
        enqueue(TRAIN, pk, queue=settings.TRAIN_QUEUE, delay_s=SPACE_RETRY_S)


def _end(pk: int, fence: int, state: str, **fields: Any) -> None:
    TrainingJob.objects.release(pk, fence, state, finished_at=timezone.now(), **fields)
