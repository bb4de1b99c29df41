"""The site's database role: everything it does works, and history cannot be changed by it."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from review.accounts.models import User
from review.audit import grants
from review.audit.errors import RoleRefused
from review.audit.models import AuditEvent
from review.audit.triggers import append_only_tables
from review.readings.models import Reading
from review.results.reports import ready_report
from review.results.services import unblind_study
from review.studies import services
from tests.review.audit.roles import Roles, acting_as, make_roles, refusal
from tests.worlds.building import PASSWORD, make_active, make_user
from tests.worlds.reading import reader_at_work

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _own_media(tmp_path: Path, settings: Any) -> None:
    place = {"location": str(tmp_path / "media"), "base_url": None}
    local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": place}
    settings.STORAGES = settings.STORAGES | {"default": local}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def roles() -> Roles:
    return make_roles()


def test_history_is_refused_by_right_before_any_trigger_speaks(roles: Roles) -> None:
    with acting_as(roles.site):
        for table in append_only_tables():
            for statement in (
                f"UPDATE {table} SET id = id",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                assert "permission denied" in refusal(statement), statement


def test_tables_and_triggers_belong_to_the_owner(roles: Roles) -> None:
    table = AuditEvent._meta.db_table
    forbidden = (
        "CREATE TABLE mine (id int)",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TRIGGER {table}_no_update ON {table}",
        "CREATE OR REPLACE FUNCTION semblance_append_only() RETURNS trigger AS "
        "$$ BEGIN RETURN NEW; END $$ LANGUAGE plpgsql",
        "TRUNCATE studies_study CASCADE",
        "UPDATE django_migrations SET name = name",
        "SET session_replication_role = replica",
        "CREATE ROLE another",
    )
    with acting_as(roles.site):
        for statement in forbidden:
            found = refusal(statement)
            assert "permission denied" in found or "must be owner" in found, (statement, found)


def test_a_whole_study_runs_as_the_site(roles: Roles) -> None:
    """Sign in, build, prepare, activate, read to the end, close, unblind, report, audit."""
    with acting_as(roles.site):
        editor = make_user("editor", is_staff=True)
        study = make_active(editor, readers=1)
        login = {"login": "reader1@example.org", "password": PASSWORD}
        assert Client().post("/accounts/login/", login).status_code == 302
        reader = reader_at_work(study)
        answered = len(reader.read_session()) + len(reader.read_session())
        services.close_study(actor=editor, study=study)
        snapshot = unblind_study(actor=editor, study=study)
        assert ready_report(snapshot) is not None
        for command in ("verify_audit", "verify_readings", "verify_protocols"):
            call_command(command, stdout=io.StringIO())

    assert Reading.objects.count() == answered > 10
    verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert verbs >= {"signed_in", "study.activated", "results.unblinded"}


def test_what_the_site_may_change_it_may_delete(roles: Roles) -> None:
    with acting_as(roles.site):
        user = make_user("short")
        client = Client()
        client.force_login(user)
        client.post("/accounts/logout/")
        User.objects.filter(pk=user.pk).update(name="Other")
        assert connection.introspection.table_names()


def test_repeating_takes_away_what_was_given_by_hand(roles: Roles) -> None:
    table = AuditEvent._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT UPDATE (verb), DELETE ON {table} TO {roles.site}")
    with acting_as(roles.site):
        assert "append-only" in refusal_of_trigger(f"DELETE FROM {table}")

    call_command("grant_roles", role=roles.site, worker_role=roles.worker, apply=True)

    with acting_as(roles.site):
        assert "permission denied" in refusal(f"DELETE FROM {table}")
        assert "permission denied" in refusal(f"UPDATE {table} SET verb = verb")


def refusal_of_trigger(statement: str) -> str:
    """Return what the trigger says; there has to be a row for it to speak."""
    from django.db import DatabaseError, transaction

    from review.audit.services import log_event

    log_event(actor=None, verb="tested", obj="x:1")
    with pytest.raises(DatabaseError) as found, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement)
    return str(found.value)


def test_owners_and_superusers_cannot_be_limited(roles: Roles) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'audit_auditevent'")
        owner = cursor.fetchone()[0]
        cursor.execute(f"CREATE ROLE {roles.site}_chief")
        cursor.execute(f"ALTER TABLE audit_chainhead OWNER TO {roles.site}_chief")
        cursor.execute(f"GRANT {roles.site}_chief TO {roles.site}")
    for role, why in ((owner, "superuser|owns table"), (roles.site, "owns table")):
        with pytest.raises(CommandError, match=why):
            call_command("grant_roles", role=role, apply=True)


@pytest.mark.parametrize("lender", ["its_group", "pg_read_all_data", "pg_write_all_data"])
def test_rights_that_another_role_lends_are_found(roles: Roles, lender: str) -> None:
    with connection.cursor() as cursor:
        if lender == "its_group":
            lender = f"{roles.site}_group"
            cursor.execute(f"CREATE ROLE {lender}")
            cursor.execute(f"GRANT SELECT ON readings_reading TO {lender}")
        cursor.execute(f"GRANT {lender} TO {roles.worker}")
    given = {"role": roles.site, "worker_role": roles.worker, "apply": True}
    with pytest.raises(CommandError, match=f"belongs to role '{lender}', whose rights on table"):
        call_command("grant_roles", **given)

    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE {lender} FROM {roles.worker}")
    call_command("grant_roles", **given)


def test_who_makes_roles_cannot_be_limited(roles: Roles) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {roles.site} CREATEROLE")
    with pytest.raises(CommandError, match="may make roles"):
        call_command("grant_roles", role=roles.site, apply=True)


def test_the_sql_names_every_table_once_and_no_append_only_one_for_changes() -> None:
    tables = [*append_only_tables(), "studies_study", "django_migrations"]

    sql = grants.grants_for_site("site", tables)

    changing = next(line for line in sql if line.startswith("GRANT UPDATE, DELETE"))
    assert changing == 'GRANT UPDATE, DELETE ON "studies_study" TO site;'
    inserting = next(line for line in sql if line.startswith("GRANT INSERT"))
    assert "django_migrations" not in inserting
    assert all(f'"{table}"' in inserting for table in append_only_tables())
    assert not any("TRUNCATE" in line or "ALL PRIVILEGES" in line for line in sql)


@pytest.mark.parametrize(
    "name",
    [
        *("", "a b", "Semblance", "x;DROP TABLE y", "é", "9lives", "a" * 64, "a\n"),
        *("public", "none", "pg_monitor"),
    ],
)
def test_only_plain_names_become_roles(name: str) -> None:
    with pytest.raises(RoleRefused, match="no plain name"):
        grants.grants_for_site(name, ["studies_study"])


def test_rights_that_were_set_stand_in_the_trail(roles: Roles) -> None:
    event = AuditEvent.objects.get(verb="database.rights_set")
    assert event.after == {"site": roles.site, "workers": roles.worker}
    with pytest.raises(CommandError):
        call_command("grant_roles", role="public", apply=True)
    assert AuditEvent.objects.filter(verb="database.rights_set").count() == 1


def test_printing_changes_nothing(roles: Roles) -> None:
    out = io.StringIO()
    call_command("grant_roles", role="never_made", stdout=out)

    assert out.getvalue().startswith("BEGIN;")
    assert 'GRANT INSERT ON "' in out.getvalue()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'never_made'")
        assert cursor.fetchone() is None


def test_two_roles_are_two() -> None:
    if connection.vendor != "postgresql":
        with pytest.raises(CommandError, match="knows no roles"):
            call_command("grant_roles", role="site")
        return
    with pytest.raises(CommandError, match="two roles"):
        call_command("grant_roles", role="one", worker_role="one")
