"""Carry out a measurement on a worker, under its lease."""

import hashlib
import logging
import threading
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from generation.families.cards import canonical_json
from generation.quality.errors import LeaseLost, QualityError
from generation.quality.models import Copy, Measurement
from generation.quality.progress import Progress
from generation.quality.services.start import MEASURE
from generation.quality.work import METHOD_VERSION, Outcome, measure
from review.audit.services import log_event
from review.catalog.errors import CatalogError
from review.catalog.storage import SPACE_RETRY_S, describe_full, is_disk_full
from review.jobs.services import enqueue, heartbeat, worker_name

logger = logging.getLogger(__name__)
OWNER = worker_name()
State = Measurement.State


def carry_out(measurement_pk: int) -> None:
    """Claim a queued measurement, compute it and keep its result, or say why it failed.

    Harmless when repeated: whoever does not get the claim does nothing.
    """
    rows = Measurement.objects
    fence = rows.claim(measurement_pk, OWNER, states=[State.QUEUED], leased=State.RUNNING)
    if fence is None:
        return
    rows.filter(pk=measurement_pk).update(started_at=timezone.now(), error="", done=0)
    row = rows.select_related("run__pool__domain", "run__checkpoint__bank").get(pk=measurement_pk)
    lost = threading.Event()
    try:
        with heartbeat(lambda: rows.beat(measurement_pk, fence), lost):
            outcome = measure(row, Progress(measurement_pk, fence, lost))
            _keep(row, fence, outcome)
    except LeaseLost:
        logger.warning("measurement %s: the lease was lost", measurement_pk)
    except Exception as error:  # whatever broke: say so on the row
        _give_up(measurement_pk, fence, error)


@transaction.atomic
def _keep(row: Measurement, fence: int, outcome: Outcome) -> None:
    """Store result and copies in one transaction under the fence."""
    digest = hashlib.sha256(canonical_json(outcome.result)).hexdigest()
    facts: dict[str, Any] = {"encoder": outcome.encoder, "encoder_sha256": outcome.encoder_sha256}
    facts |= {"method_version": METHOD_VERSION, "stage": "", "finished_at": timezone.now()}
    held = Measurement.objects.release(
        row.pk, fence, State.DONE, result=outcome.result, result_sha256=digest, **facts
    )
    if not held:
        raise LeaseLost(f"measurement {row.pk} is another worker's")
    Copy.objects.bulk_create([Copy(measurement=row, **copy) for copy in outcome.copies])
    after = {"result": digest, "copies": len(outcome.copies), "features": outcome.encoder_sha256}
    log_event(actor=None, verb="measurement.done", obj=row, after=after)


def _give_up(pk: int, fence: int, error: Exception) -> None:
    """Fail with the reason; a full disk only makes it wait."""
    if is_disk_full(error):
        _wait_for_space(pk, fence, describe_full(error))
        return
    is_told = isinstance(error, QualityError | CatalogError)
    if not is_told:
        logger.exception("measurement %s", pk)
    reason = str(error) if is_told else f"{type(error).__name__}: {error}"
    facts: dict[str, Any] = {"stage": "", "finished_at": timezone.now(), "error": reason[:2000]}
    Measurement.objects.release(pk, fence, State.FAILED, **facts)


@transaction.atomic
def _wait_for_space(pk: int, fence: int, why: str) -> None:
    if Measurement.objects.release(pk, fence, State.QUEUED, error=why[:2000]):
        enqueue(MEASURE, pk, queue=settings.MEASURE_QUEUE, delay_s=SPACE_RETRY_S)
