"""`manage.py verify_audit [--anchor FILE] [--export FILE]`."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review.audit.models import ChainHead
from review.audit.services import find_faults


class Command(BaseCommand):
    help = "Check every audit chain; name edited rows and, against an anchor, a cut tail."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anchor", type=Path, help="an anchor exported earlier")
        parser.add_argument("--export", type=Path, help="write today's anchor to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        anchors = _read(options["anchor"]) if options["anchor"] else None
        faults = list(find_faults(anchors))
        for fault in faults:
            self.stderr.write(f"{fault.chain} #{fault.number}: {fault.reason}")
        if faults:
            raise CommandError(f"{len(faults)} broken places in the audit trail.")
        heads = {head.key: (head.length, head.hash) for head in ChainHead.objects.all()}
        if options["export"]:
            options["export"].write_text(json.dumps(heads, indent=1, sort_keys=True))
        rows = sum(int(length) for length, _ in heads.values())
        self.stdout.write(f"{len(heads)} chains with {rows} events are whole.")


def _read(path: Path) -> dict[str, tuple[int, str]]:
    try:
        raw = json.loads(path.read_text())
        return {key: (int(length), str(digest)) for key, (length, digest) in raw.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CommandError(f"{path} is no anchor ({error}). Make one with --export.") from error
