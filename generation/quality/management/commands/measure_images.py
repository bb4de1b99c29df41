"""`manage.py measure_images --run UUID [--json]`."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from generation.quality.errors import QualityError
from generation.quality.models import Measurement
from generation.quality.services import carry_out, start_measurement
from generation.quality.words import METRICS, against, copy_sentence, with_limits
from generation.runs.models import GenerationRun


class Command(BaseCommand):
    help = "Compare a run's images with real ones and look for copies, in this process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--run", required=True, help="uuid of a complete run")
        parser.add_argument(
            "--features", default="", choices=["", *Measurement.Extractor.values],
            help="default: the encoder of the checkpoint's prototypes, if it has any",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, help="of the samples")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            row = start_measurement(
                actor=None,
                run=_find(options["run"]),
                extractor=options["features"],
                seed=options["seed"],
            )
        except QualityError as error:
            raise CommandError(str(error)) from error
        carry_out(row.pk)
        row.refresh_from_db()
        if row.is_open:
            raise CommandError("A worker is measuring this run already. Look at its page.")
        if row.state == Measurement.State.FAILED:
            raise CommandError(row.error)
        if options["as_json"]:
            self.stdout.write(json.dumps({"sha256": row.result_sha256, "result": row.result}))
        else:
            self._say(row)

    def _say(self, row: Measurement) -> None:
        result = row.found
        features, copying = result["features"], result["copying"]
        self.stdout.write(
            f"{result['sample']['n']} images of each set, features {features['name']} "
            f"{features['sha256'][:12]} ({features['dimension']} per image)"
        )
        for name, cells in result["comparisons"].items():
            self.stdout.write(f"{against(name)}:")
            for key, (title, _) in METRICS.items():
                self.stdout.write(
                    f"  {title}: {cells[key].get('refused') or with_limits(cells[key])}"
                )
        self.stdout.write(copy_sentence(result))
        test = copying["test"]
        self.stdout.write(test.get("refused") or f"C_T {with_limits(test)}. {test['sentence']}")
        for note in result["warnings"]:
            self.stdout.write(f"Note: {note}")
        self.stdout.write(f"Kept as measurement {row.pk}, result {row.result_sha256}.")


def _find(text: str) -> GenerationRun:
    runs = GenerationRun.objects.select_related("checkpoint__bank", "pool")
    try:
        found = runs.filter(uuid=UUID(text)).first()
    except ValueError:
        found = None
    if found is None:
        known = ", ".join(f"{run.uuid} ({run.name})" for run in GenerationRun.objects.all()[:10])
        raise CommandError(f"No run {text!r}. Runs: {known or 'none; launch one first'}.")
    return found
