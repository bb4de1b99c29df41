"""`manage.py verify_protocols [--study SLUG]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review.studies.models import Study
from review.studies.protocol import verify_protocol


class Command(BaseCommand):
    help = "Hold every frozen protocol against its hash, the audit trail and the live rows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--study", help="slug; default: all studies")

    def handle(self, *args: Any, **options: Any) -> None:
        studies = Study.objects.exclude(protocol_sha256="").order_by("pk")
        if slug := options["study"]:
            studies = studies.filter(slug=slug)
            if not studies:
                raise CommandError(f"No study with a frozen protocol has the slug {slug!r}.")
        found = 0
        for study in studies:
            for fault in verify_protocol(study):
                found += 1
                self.stderr.write(f"{study.slug}: {fault}")
        if found:
            raise CommandError(f"{found} difference{'s' * (found > 1)} in the protocols.")
        n = len(studies)
        self.stdout.write(f"{n} protocol is whole." if n == 1 else f"{n} protocols are whole.")
