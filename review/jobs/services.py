"""Announce work, relay it to the broker, and keep a lease alive while working."""

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection, models
from django.utils import timezone

from review.jobs.models import Outbox

logger = logging.getLogger(__name__)
BATCH = 200


def enqueue(task: str, *args: Any, queue: str = "default", delay_s: float = 0) -> Outbox:
    """Write a message in the caller's transaction; the dispatcher publishes it after commit.

    `task` is the full name of a Celery task, `args` are primary keys only.
    """
    due = timezone.now() + timedelta(seconds=delay_s)
    return Outbox.objects.create(task=task, args=list(args), queue=queue, not_before=due)


def relay_outbox(limit: int = BATCH) -> int:
    """Publish due messages in order; a broker that is down leaves them queued.

    At least once: a crash between publishing and marking sends a message again, and tasks claim
    their row by conditional UPDATE, so a repeated delivery is harmless.
    """
    from celery import current_app

    sent = 0
    due = Outbox.objects.filter(sent_at=None, not_before__lte=timezone.now()).order_by("pk")
    for row in due[:limit]:
        try:
            current_app.send_task(row.task, args=row.args, queue=row.queue, retry=False)
        except Exception as error:  # the transport raises its own types
            mark = Outbox.objects.filter(pk=row.pk)
            mark.update(attempts=models.F("attempts") + 1, error=str(error)[:500])
            logger.warning("broker refused %s: %s", row, error)
            break
        Outbox.objects.filter(pk=row.pk).update(sent_at=timezone.now(), error="")
        sent += 1
    return sent


def prune_outbox(keep: timedelta = timedelta(days=2)) -> int:
    """Delete messages sent longer ago than `keep`."""
    return Outbox.objects.filter(sent_at__lt=timezone.now() - keep).delete()[0]


def worker_name() -> str:
    """Return a name that no other process has now or had before."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@contextmanager
def heartbeat(beat: Callable[[], bool], lost: threading.Event) -> Iterator[None]:
    """Call `beat` in a thread every third of the lease; set `lost` when it says False."""
    stop = threading.Event()

    def loop() -> None:
        while not stop.wait(settings.LEASE_SECONDS / 3):
            try:
                close_old_connections()
                if not beat():
                    lost.set()
                    return
            except Exception:  # a database restart: try again, the lease may still hold
                logger.exception("heartbeat failed")
        connection.close()

    thread = threading.Thread(target=loop, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
