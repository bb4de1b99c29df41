"""`manage.py launch_run --checkpoint ID --counts BAS=20,EOS=20|FILE.json --seed S`."""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from generation.runs.counts import parse_counts
from generation.runs.errors import RunError
from generation.runs.models import GenerationRun
from generation.runs.selectors import progress_of
from generation.runs.services import launch_run
from generation.training.models import Checkpoint


class Command(BaseCommand):
    help = "Queue a generation batch; with --wait, show its progress until it ends."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoint", required=True, help="number or card hash (or its start)"
        )
        parser.add_argument("--counts", required=True, help="BAS=20,EOS=20 or FILE.json")
        parser.add_argument("--seed", type=int, required=True)
        parser.add_argument("--name", default="")
        parser.add_argument("--wait", action="store_true", help="until the run has ended")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        checkpoint = _find(options["checkpoint"])
        try:
            run = launch_run(
                actor=None,
                checkpoint=checkpoint,
                counts=parse_counts(options["counts"]),
                seed=options["seed"],
                name=options["name"],
            )
        except RunError as error:
            raise CommandError(str(error)) from error
        if options["wait"]:
            self._watch(run)
        self._say(run, as_json=options["as_json"])

    def _watch(self, run: GenerationRun) -> None:
        while run.finished_at is None:
            progress = progress_of(run)
            rate = f"{progress.rate:.1f}/s" if progress.rate else "waiting for a worker"
            sys.stderr.write(f"\r{progress.done}/{run.total} images, {rate}    ")
            sys.stderr.flush()
            time.sleep(0.5)
            run.refresh_from_db()
        sys.stderr.write("\n")

    def _say(self, run: GenerationRun, *, as_json: bool) -> None:
        done = progress_of(run)
        if as_json:
            facts: dict[str, Any] = {
                "run": str(run.uuid),
                "pool": run.pool.name,
                "state": run.state,
            }
            facts |= {"total": run.total, "done": done.done, "rejected": done.rejected}
            self.stdout.write(json.dumps(facts))
        else:
            self.stdout.write(f"Run {run.uuid} ({run.state}): {run.total} images into {run.pool}.")
        if run.state == GenerationRun.State.FAILED:
            raise CommandError(f"The run failed: {run.error}")


def _find(text: str) -> Checkpoint:
    found = Checkpoint.objects.filter(pk=int(text)) if text.isdigit() else Checkpoint.objects.none()
    if not found:
        found = Checkpoint.objects.filter(card_sha256__startswith=text)
    if len(found) != 1:
        known = ", ".join(f"{c.pk} ({c.name})" for c in Checkpoint.objects.all()[:10]) or "none"
        raise CommandError(f"Checkpoint {text!r} is not one of: {known}.")
    return found[0]
