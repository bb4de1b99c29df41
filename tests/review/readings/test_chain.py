import pytest
from django.db import connection

from review.audit import triggers
from review.readings.chain import reading_sha, verify_readings
from review.readings.models import Reading
from tests.review.readings.answers import submit
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def session():
    world = make_study()
    for case in world.assignments()[:3]:
        submit(case)
    chain = world.sessions[0][0]
    chain.refresh_from_db()
    return chain


def _as_superuser(statement: str, *values) -> None:
    """Change the tables as somebody with every right would."""
    triggers.remove("default")
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    triggers.install("default")


def _second(session):
    return session.assignments.order_by("rank")[1].readings.get()


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("UPDATE readings_reading SET verdict = %s WHERE id = %s", False),
        ("UPDATE readings_readinganswer SET choice = %s WHERE reading_id = %s", "fails"),
        ("UPDATE readings_reading SET active_ms = %s WHERE id = %s", 7),
    ],
)
def test_an_edited_row_is_named(session, statement, value):
    reading = _second(session)
    _as_superuser(statement, value, reading.pk)

    faults = list(verify_readings(session))

    assert [fault.reading_pk for fault in faults] == [reading.pk]
    assert "was edited" in faults[0].reason


def test_answers_put_under_another_case_are_named(session):
    one, other = session.assignments.order_by("rank")[:2]
    move = "UPDATE studies_assignment SET case_id = %s, replicate = %s WHERE id = %s"
    _as_superuser(move, other.case_id, 9, one.pk)
    _as_superuser(move, one.case_id, 0, other.pk)
    _as_superuser(move, other.case_id, 0, one.pk)

    named = [fault.reading_pk for fault in verify_readings(session)]

    assert named == [one.readings.get().pk, other.readings.get().pk]


def test_readings_from_before_they_were_bound_to_their_case_are_whole(session):
    before = "0" * 64
    for reading in Reading.objects.order_by("pk"):
        reading.prev_sha = before
        before = reading_sha(reading, reading.answers.all(), None)
        statement = "UPDATE readings_reading SET prev_sha = %s, sha = %s WHERE id = %s"
        _as_superuser(statement, reading.prev_sha, before, reading.pk)
    session.chain_head = before

    assert list(verify_readings(session)) == []


def test_a_tail_cut_together_with_its_head_is_noticed_once_the_session_was_read():
    world = make_study(classes=("BAS",), plans=[PartPlan(per_cell=1)])
    for case in world.assignments():
        submit(case)
    session = world.sessions[0][0]
    session.refresh_from_db()
    assert list(verify_readings(session)) == []
    last = session.assignments.order_by("rank").last().readings.get()
    _as_superuser("DELETE FROM readings_readinganswer WHERE reading_id = %s", last.pk)
    _as_superuser("DELETE FROM readings_reading WHERE id = %s", last.pk)
    session.chain_head = last.prev_sha

    assert [fault.reason for fault in verify_readings(session)] == [
        "the audit trail kept another end of the session"
    ]


def test_a_revision_after_the_end_is_whole():
    world = make_study(classes=("BAS",), plans=[PartPlan(per_cell=1)])
    for case in world.assignments():
        submit(case)
    submit(world.assignments()[-1], base_revision=1)
    session = world.sessions[0][0]
    session.refresh_from_db()

    assert Reading.objects.count() == 4
    assert list(verify_readings(session)) == []


def test_a_cut_tail_is_noticed(session):
    last = session.assignments.order_by("rank")[2].readings.get()
    _as_superuser("DELETE FROM readings_readinganswer WHERE reading_id = %s", last.pk)
    _as_superuser("DELETE FROM readings_reading WHERE id = %s", last.pk)

    assert [fault.reason for fault in verify_readings(session)] == [
        "the last readings of the session are missing"
    ]
