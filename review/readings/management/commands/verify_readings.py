"""`manage.py verify_readings [--study SLUG]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from review.readings.chain import verify_readings
from review.studies.models import Session, Study


class Command(BaseCommand):
    help = "Check the hash chain of every reading session; name edited or missing readings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--study", help="slug; default: all studies")

    def handle(self, *args: Any, **options: Any) -> None:
        sessions = Session.objects.select_related("membership__study", "part").order_by("pk")
        if slug := options["study"]:
            if not Study.objects.filter(slug=slug).exists():
                raise CommandError(f"No study has the slug {slug!r}.")
            sessions = sessions.filter(part__study__slug=slug)
        broken = 0
        for session in sessions.iterator():
            for fault in verify_readings(session):
                broken += 1
                where = f"{session.membership.study.slug} {session.membership.code}"
                self.stderr.write(f"{where}, session {session.pk}: {fault}")
        if broken:
            raise CommandError(f"{broken} broken places in the readings.")
        self.stdout.write(f"{sessions.count()} sessions are whole.")
