"""Load and version the domain files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review.catalog.errors import CatalogError
from review.catalog.services import load_domains


class Command(BaseCommand):
    """manage.py load_domains [FILE ...]"""

    help = "Validate domain files and load them; the same content twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, help="default: those of the product")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changes = load_domains(options["files"] or None)
        except (CatalogError, OSError) as error:
            raise CommandError(str(error)) from error
        for change in changes:
            version = change.criteria_version
            self.stdout.write(f"{change.code}: {change.outcome}, criteria version {version}")
