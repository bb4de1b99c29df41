from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from review.audit.models import AuditEvent
from review.readings.answers import Answer, Flag
from review.readings.chain import verify_readings
from review.readings.errors import (
    InvalidAnswer,
    KeyReused,
    NotReading,
    OutsideWindow,
    StudyClosed,
    StudyPaused,
    UnknownRevision,
)
from review.readings.facts import load_facts
from review.readings.models import CaseFlag, Reading
from review.readings.services import Status, submit_for
from review.studies.models import Assignment, Membership, Study
from tests.review.readings.answers import plausible_answer, submit
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def world():
    return make_study(plans=[PartPlan(), PartPlan("turing")])


def test_an_answer_is_stored_with_its_derived_verdict(world):
    first = world.assignments()[0]

    done = submit(first, Answer(criteria={"size": "fails"}))

    first.refresh_from_db()
    assert done.status is Status.STORED
    assert done.reading.verdict is False
    assert (first.state, done.reading.revision) == (Assignment.State.ANSWERED, 1)
    assert done.reading.answers.get().choice == "fails"


def test_the_same_key_again_is_replayed_and_stores_nothing(world):
    first, key = world.assignments()[0], uuid4()
    stored = submit(first, key=key)

    again = submit(first, key=key)

    assert (again.status, again.reading.pk) == (Status.REPLAYED, stored.reading.pk)
    assert Reading.objects.count() == 1


def test_a_stale_answer_is_superseded_logged_and_gets_the_current_one(world):
    first = world.assignments()[0]
    stored = submit(first)

    stale = submit(first, Answer(criteria={"size": "fails"}))

    assert (stale.status, stale.reading.pk) == (Status.SUPERSEDED, stored.reading.pk)
    assert Reading.objects.count() == 1
    assert AuditEvent.objects.filter(verb="reading.superseded").count() == 1


def test_a_correction_is_a_higher_revision_and_the_first_answer_stays(world):
    first = world.assignments()[0]
    submit(first)

    revised = submit(first, Answer(criteria={"nucleus": "fails"}), base_revision=1)

    assert (revised.reading.revision, revised.reading.verdict) == (2, False)
    assert list(first.readings.values_list("verdict", flat=True)) == [True, False]


def test_a_revision_of_nothing_is_refused(world):
    with pytest.raises(UnknownRevision):
        submit(world.assignments()[0], base_revision=1)


def test_a_key_belongs_to_one_case(world):
    first, second, *_ = world.assignments()
    key = uuid4()
    submit(first, key=key)

    with pytest.raises(KeyReused):
        submit(second, key=key)


@pytest.mark.parametrize(
    ("state", "error"),
    [(Study.State.PAUSED, StudyPaused), (Study.State.CLOSED, StudyClosed)],
)
def test_a_study_that_does_not_run_refuses_new_answers_but_replays_old_ones(world, state, error):
    first, second, *_ = world.assignments()
    key = uuid4()
    submit(first, key=key)
    now = timezone.now()
    times = {"paused_at": now} if state == Study.State.PAUSED else {"closed_at": now}
    Study.objects.filter(pk=world.study.pk).update(state=state, **times)

    assert submit(first, key=key).status is Status.REPLAYED
    with pytest.raises(error, match="Study of"):
        submit(second)


def test_only_the_next_cases_and_the_last_ones_are_open(world):
    cases = world.assignments()

    with pytest.raises(OutsideWindow):
        submit(cases[4])
    assert submit(cases[3]).status is Status.STORED
    for case in [*cases[:3], *cases[4:7]]:
        submit(case)
    with pytest.raises(OutsideWindow):
        submit(cases[0], base_revision=1)
    assert submit(cases[2], base_revision=1).status is Status.STORED


def test_a_later_part_stays_shut_until_the_earlier_one_is_read(world):
    with pytest.raises(NotReading, match="not open"):
        submit(world.assignments(part=1)[0], Answer(value=3))


def test_washout_withdrawal_and_missing_consent_keep_the_door_shut(world):
    first, session = world.assignments()[0], world.sessions[0][0]
    session.not_before = timezone.now() + timedelta(days=1)
    session.save()
    with pytest.raises(NotReading):
        submit(first)
    session.not_before = None
    session.save()
    Membership.objects.update(state="withdrawn", withdrawn_at=timezone.now())
    with pytest.raises(NotReading):
        submit(first)


@pytest.mark.parametrize(
    "left",
    [
        {"state": "withdrawn", "withdrawn_at": timezone.now()},
        {"state": "invited", "consent_version": None, "consented_at": None},
        {"consent_version": 0},  # to a text that was changed since
    ],
)
def test_who_left_between_the_page_and_the_lock_revises_nothing(world, left):
    first = world.assignments()[0]
    submit(first)
    facts = load_facts(first.pk)
    Membership.objects.update(**left)

    with pytest.raises(NotReading):
        submit_for(
            facts=facts,
            answer=plausible_answer(first),
            key=uuid4(),
            base_revision=1,
            source=Reading.Source.SCREEN,
        )
    assert Reading.objects.count() == 1


def test_a_void_case_is_refused_in_words(world):
    first = world.assignments()[0]
    Assignment.objects.filter(pk=first.pk).update(state=Assignment.State.VOID)

    with pytest.raises(OutsideWindow, match="withdrawn"):
        submit(first)


def test_the_last_answer_finishes_session_and_seat(world):
    for case in world.assignments():
        last = submit(case)
    assert last.session_finished
    for case in world.assignments(part=1):
        submit(case, Answer(value=6))

    session = world.sessions[0][1]
    session.refresh_from_db()
    assert session.finished_at is not None
    assert Membership.objects.get().state == Membership.State.COMPLETE


def test_cannot_judge_keeps_reason_and_note_and_has_no_verdict(world):
    answer = Answer(cannot_judge="blurred", note="only the rim is sharp")

    reading = submit(world.assignments()[0], answer).reading

    assert (reading.outcome, reading.reason, reading.verdict) == ("cannot_judge", "blurred", None)
    assert reading.answers.get().text == "only the rim is sharp"


def test_flags_are_stored_once_even_when_replayed(world):
    first, key = world.assignments()[0], uuid4()
    base = plausible_answer(first)
    answer = Answer(criteria=base.criteria, flags=(Flag("recognised", "a textbook plate"),))

    submit(first, answer, key)
    submit(first, answer, key)

    assert CaseFlag.objects.get().kind == "recognised"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(cannot_judge="because"),
        Answer(criteria={"size": "fails"}, perceived_class="EOS"),
        Answer(criteria={"class_identity": "fails", "size": "fails"}, perceived_class="unknown"),
        Answer(criteria={"size": "fails"}, flags=(Flag("rude"),)),
        Answer(criteria={"size": "fails"}, note="x" * 2001),
    ],
)
def test_answers_that_do_not_fit_the_question_are_refused(world, answer):
    with pytest.raises(InvalidAnswer):
        submit(world.assignments()[0], answer)
    assert Reading.objects.count() == 0


@pytest.mark.parametrize("value", [None, 0, 7])
def test_turing_takes_six_levels(value):
    world = make_study(plans=[PartPlan("turing")])

    with pytest.raises(InvalidAnswer, match="1 to 6"):
        submit(world.assignments()[0], Answer(value=value))


def test_identify_stores_the_class_that_was_seen():
    world = make_study(plans=[PartPlan("identify")])

    reading = submit(world.assignments()[0], Answer(perceived_class="MON")).reading

    assert (reading.answers.get().question, reading.answers.get().choice) == ("class", "MON")


def test_the_database_refuses_to_change_or_remove_an_answer(world):
    reading = submit(world.assignments()[0]).reading

    for change in (lambda: Reading.objects.update(verdict=False), reading.delete):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            change()


def test_the_chain_of_a_session_is_whole(world):
    for case in world.assignments()[:3]:
        submit(case)
    submit(world.assignments()[1], Answer(criteria={"size": "fails"}), base_revision=1)
    session = world.sessions[0][0]
    session.refresh_from_db()

    assert list(verify_readings(session)) == []
