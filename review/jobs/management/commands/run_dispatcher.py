"""`manage.py run_dispatcher`: relays the outbox, reaps leases, keeps schedules."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections

from review.jobs.reapers import CHORES
from review.jobs.services import prune_outbox, relay_outbox

logger = logging.getLogger(__name__)
POLL_SECONDS = 0.2


class Command(BaseCommand):
    help = "Publish queued messages and do the regular chores until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        if not options["once"]:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
        next_run: dict[str, float] = {}
        while True:
            self._round(next_run)
            if options["once"] or stop.wait(POLL_SECONDS):
                return

    def _round(self, next_run: dict[str, float]) -> None:
        """Relay, then run what is due; a database that is away is tried again."""
        try:
            close_old_connections()
            relay_outbox()
            self._chores(next_run)
        except (OperationalError, InterfaceError) as error:
            logger.warning("database away: %s", error)
            time.sleep(1)

    def _chores(self, next_run: dict[str, float]) -> None:
        now = time.monotonic()
        if now >= next_run.get("prune", 0):
            next_run["prune"] = now + 3600
            prune_outbox()
        for chore in CHORES.values():
            if now >= next_run.get(chore.name, 0):
                next_run[chore.name] = now + chore.every_s
                chore.run()
