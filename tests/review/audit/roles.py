"""Database roles of a test's own: made inside its transaction, gone with it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction

NO_ROLES = "rights are PostgreSQL's; set DATABASE_URL to have these tests run"


@dataclass(frozen=True)
class Roles:
    """The site's role and the workers'."""

    site: str
    worker: str


def make_roles() -> Roles:
    """Make two roles under names that no other test has; skips on a database without roles."""
    if connection.vendor != "postgresql":
        pytest.skip(NO_ROLES)
    tag = uuid.uuid4().hex[:12]
    roles = Roles(f"test_site_{tag}", f"test_worker_{tag}")
    call_command("grant_roles", role=roles.site, worker_role=roles.worker, apply=True)
    return roles


@contextmanager
def acting_as(role: str) -> Iterator[None]:
    """Have the database check the rights of `role` for everything inside."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def refusal(statement: str) -> str:
    """Return why the database refuses a statement, or nothing when it does not."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except ProgrammingError as error:
        return str(error)
    return ""
