"""`manage.py train --family F --pool P --preset X [--seed S]`."""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from generation.training.errors import TrainingError
from generation.training.models import Checkpoint, TrainingJob
from generation.training.services import start_training
from review.catalog.models import Pool


class Command(BaseCommand):
    help = "Train a generator on a pool, on a worker; shows progress until it ends."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--family", required=True, help="prototype_ddpm or cfg_ddpm")
        parser.add_argument("--pool", required=True, help="name or number of a real pool")
        parser.add_argument("--preset", required=True, help="tiny, demo or paper")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--steps", type=int, help="optimizer steps; default: the preset's")
        parser.add_argument("--prototypes", type=int, default=1, help="K per class")
        parser.add_argument(
            "--early", type=int, nargs="*", default=[], help="also keep these steps"
        )
        parser.add_argument("--guidance", type=float, help="scale for drawing; 1 = none")
        parser.add_argument("--name", default="")
        parser.add_argument("--here", action="store_true", help="train in this process")
        parser.add_argument("--no-wait", action="store_true", help="queue and return")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            job = start_training(
                actor=None,
                family=options["family"],
                preset=options["preset"],
                pool=_find(options["pool"]),
                seed=options["seed"],
                steps=options["steps"],
                prototypes=options["prototypes"],
                early_steps=options["early"],
                guidance=options["guidance"],
                name=options["name"],
            )
        except TrainingError as error:
            raise CommandError(str(error)) from error
        if options["here"]:
            _train_here(job)
        elif not options["no_wait"]:
            self._watch(job)
        self._say(job, as_json=options["as_json"])

    def _watch(self, job: TrainingJob) -> None:
        self.stderr.write(
            "Training on a worker of the queue “compute”. If none runs here, stop with Ctrl-C and "
            "add --here; the queued job stays."
        )
        while job.finished_at is None:
            stage = job.metrics.get("stage", "waiting for a worker")
            loss = job.metrics.get("loss")
            shown = f", loss {loss:.4f}" if loss else ""
            sys.stderr.write(f"\r{stage}: step {job.step}/{job.total_steps}{shown}      ")
            sys.stderr.flush()
            time.sleep(0.5)
            job.refresh_from_db()
        sys.stderr.write("\n")

    def _say(self, job: TrainingJob, *, as_json: bool) -> None:
        job.refresh_from_db()
        if job.state == TrainingJob.State.FAILED:
            raise CommandError(f"The training failed: {job.error}")
        made = Checkpoint.objects.filter(bank__card_sha256=job.options.get("bank", ""))
        found = made.filter(family=job.family, name__startswith=job.name[:100]).order_by("step")
        rows: list[dict[str, Any]] = [
            {"id": c.pk, "step": c.step, "card": c.card_sha256} for c in found
        ]
        if as_json:
            facts = {"job": str(job.uuid), "state": job.state, "step": job.step}
            self.stdout.write(json.dumps({**facts, "checkpoints": rows}))
            return
        self.stdout.write(f"Training {job.uuid} ({job.state}), step {job.step}.")
        for row in rows:
            self.stdout.write(f"Checkpoint {row['id']}: step {row['step']}, {row['card'][:16]}")


def _train_here(job: TrainingJob) -> None:
    """Work on the job in this process until it ends; its queued message will find it done."""
    from generation.training.tasks import train_segment

    while job.finished_at is None:
        train_segment(job.pk)
        job.refresh_from_db()


def _find(text: str) -> Pool:
    found = Pool.objects.filter(name=text)
    if not found and text.isdigit():
        found = Pool.objects.filter(pk=int(text))
    if len(found) != 1:
        real = Pool.objects.filter(source=Pool.Source.REAL).values_list("name", flat=True)
        known = ", ".join(repr(name) for name in real[:10]) or "none; import one first"
        raise CommandError(f"Pool {text!r} is not one pool. Real pools: {known}.")
    return found[0]
