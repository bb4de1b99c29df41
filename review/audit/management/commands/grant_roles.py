"""`manage.py grant_roles --role NAME [--worker-role NAME] [--apply]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from review.audit import grants
from review.audit.errors import RoleRefused
from review.audit.services import log_event
from review.audit.triggers import append_only_tables


class Command(BaseCommand):
    help = (
        "Print the SQL that limits the site's database role, and the workers', or apply it. Run it "
        "as the owner of the tables after every migrate."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--role", required=True, help="role of web, dispatcher and `default`")
        parser.add_argument("--worker-role", help="role of workers on `compute` and `gpu`")
        parser.add_argument("--apply", action="store_true", help="run the SQL instead")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError(
                f"The database is {connection.vendor}, which knows no roles; its triggers keep "
                "history. Set DATABASE_URL to PostgreSQL, as the owner of the tables."
            )
        roles = [role for role in (options["role"], options["worker_role"]) if role]
        if len(set(roles)) != len(roles):
            raise CommandError("Site and workers need two roles: workers must not see readings.")
        try:
            statements = grants.grants_for_site(
                options["role"], grants.present_tables(connection.alias)
            )
            if options["worker_role"]:
                statements += grants.grants_for_workers(options["worker_role"])
            for role in roles:
                grants.check_role(role, connection.alias)
        except RoleRefused as error:
            raise CommandError(str(error)) from error
        if not options["apply"]:
            self.stdout.write("BEGIN;\n" + "\n".join(statements) + "\nCOMMIT;")
            return
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            after = {"site": options["role"], "workers": options["worker_role"] or ""}
            log_event(actor=None, verb="database.rights_set", obj="database", after=after)
        self.stdout.write(
            f"{' and '.join(roles)}: rights set on {connection.settings_dict['NAME']}. "
            f"{len(append_only_tables())} tables take new rows only. New roles have no password "
            "yet: set one with \\password in psql."
        )
