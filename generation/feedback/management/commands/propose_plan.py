"""`manage.py propose_plan`: counts in, plan out, no database."""

import json
import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from generation.feedback import counts_file
from generation.feedback.errors import PlanInputError
from generation.feedback.plan import Plan, propose


class Command(BaseCommand):
    """Propose a generation plan from a counts file and print it."""

    help = f"Propose a generation plan from a counts file.\n\n{counts_file.__doc__}"
    requires_system_checks = []
    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the line breaks of the example in --help."""
        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare --counts and --json."""
        parser.add_argument("--counts", required=True, metavar="FILE", help="- reads from stdin")
        parser.add_argument("--json", action="store_true", help="one line of JSON, last on stdout")

    def handle(self, *, counts: str, json: bool, **options: Any) -> None:
        """Read, plan, print."""
        try:
            plan = propose(counts_file.read_counts(_read(counts)))
        except PlanInputError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(_as_json(plan) if json else _as_text(plan))


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The counts file {name} cannot be read: {error}.") from None


def _as_json(plan: Plan) -> str:
    return json.dumps(counts_file.answer(plan), allow_nan=False)


def _as_text(plan: Plan) -> str:
    lines = [f"{plan.total} images to show ({plan.policy})"]
    for entry in plan.classes:
        lines.append(f"{entry.code}: {entry.n_show} images, {entry.status}")
        lines += [
            f"  prototype {k}: {cell.n_show}; {'; '.join(cell.reasons)}"
            for k, cell in enumerate(entry.cells)
        ]
    return "\n".join([*lines, *(f"warning: {text}" for text in plan.warnings)])
