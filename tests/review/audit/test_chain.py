import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from review.audit import triggers
from review.audit.models import AuditEvent, ChainHead
from review.audit.services import find_faults, log_event, study_chain

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def three_events(chain: str = "global") -> None:
    for number in range(3):
        log_event(actor=None, verb="tested", obj="x:1", chain=chain, after={"n": number})


def tamper(statement: str) -> None:
    """Change rows as somebody with full rights on the database would."""
    triggers.remove("default")
    with connection.cursor() as cursor:
        cursor.execute(statement)
    triggers.install("default")


def test_an_untouched_chain_is_whole() -> None:
    three_events()
    three_events(study_chain(1))
    assert list(find_faults()) == []
    assert ChainHead.objects.get(key="study:1").length == 3


@pytest.mark.parametrize("statement", ["UPDATE {} SET verb='x'", "DELETE FROM {}"])
def test_the_database_refuses_to_change_history(statement: str) -> None:
    three_events()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement.format(AuditEvent._meta.db_table))
    assert AuditEvent.objects.count() == 3


def test_no_table_is_emptied_or_replaced_at_a_stroke() -> None:
    """TRUNCATE passes row triggers by; REPLACE deletes without firing them, unless told to."""
    three_events()
    connection.check_constraints()  # PostgreSQL empties no table with checks still to be made
    table = AuditEvent._meta.db_table
    at_a_stroke = {
        "postgresql": f"TRUNCATE {table}",
        "sqlite": f"REPLACE INTO {table} SELECT * FROM {table}",
    }
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(at_a_stroke[connection.vendor])
    assert AuditEvent.objects.count() == 3


def test_names_an_edited_row() -> None:
    three_events()
    tamper("UPDATE audit_auditevent SET verb='forged' WHERE number=2")
    faults = list(find_faults())
    assert [(fault.number, fault.reason.split()[0]) for fault in faults] == [(2, "edited")]


def test_names_a_missing_row() -> None:
    three_events()
    tamper("DELETE FROM audit_auditevent WHERE number=2")
    assert any(fault.number == 2 and "missing" in fault.reason for fault in find_faults())


def test_a_chain_without_its_head_is_named() -> None:
    three_events()
    three_events(study_chain(1))
    tamper("DELETE FROM audit_chainhead WHERE key = 'study:1'")
    assert [(fault.chain, "head" in fault.reason) for fault in find_faults()] == [("study:1", True)]


def test_an_anchor_finds_a_tail_cut_together_with_its_head(tmp_path: Path) -> None:
    three_events()
    anchor = tmp_path / "anchor.json"
    call_command("verify_audit", export=anchor)
    tamper("DELETE FROM audit_auditevent WHERE number=3")
    second = AuditEvent.objects.get(number=2)
    ChainHead.objects.update(length=2, hash=second.hash)
    assert list(find_faults()) == []
    with pytest.raises(CommandError, match="1 broken"):
        call_command("verify_audit", anchor=anchor)


def test_a_broken_anchor_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "anchor.json"
    path.write_text(json.dumps([1]))
    with pytest.raises(CommandError, match="is no anchor"):
        call_command("verify_audit", anchor=path)
