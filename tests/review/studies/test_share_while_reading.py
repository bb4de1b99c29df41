"""Somebody joins, or a case is withdrawn, in the very moment in which a reader answers."""

import time
from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connections, transaction

from review.accounts.models import User
from review.readings.models import Reading
from review.studies import services
from review.studies.models import Assignment, Study
from review.studies.services.guards import lock_study
from tests.review.readings.answers import plausible_answer, submit
from tests.worlds.building import add_reader, make_draft, make_user, prepare

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def active_study(editor: User) -> Study:
    """Return a running study in which one of two readers reads each case."""
    study = make_draft(editor, per_class=5, real=5, pool_size=8)
    services.update_part(actor=editor, part=study.parts.get(order=1), readings_per_case=1)
    for name in ("ann", "bob"):
        add_reader(editor, study, name)
    return services.activate_study(actor=editor, study=prepare(editor, study))


def first_of(study: Study) -> Assignment:
    """Return the first case of R01."""
    mine = Assignment.objects.filter(
        session__membership__code="R01", session__part__order=1, session__part__study=study
    )
    return mine.order_by("rank")[0]


def answer_meanwhile(
    study: Study, change: Callable[[], object], *, revises: int = 0
) -> list[Exception]:
    """Submit R01's first case while `change` holds the study; return what went wrong."""
    current = first_of(study)
    errors: list[Exception] = []

    def answer() -> None:
        try:
            submit(current, plausible_answer(current), base_revision=revises)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    reader = Thread(target=answer)
    with transaction.atomic():
        lock_study(study)
        reader.start()
        time.sleep(0.5)  # the submit waits for the study by now
        change()
    reader.join()
    return errors


def test_a_late_joiner_and_an_answer_wait_for_each_other(editor: User) -> None:
    study = active_study(editor)
    seat = services.add_member(actor=editor, study=study, user=make_user("late"))

    errors = answer_meanwhile(study, lambda: services.consent(seat))

    assert errors == []
    assert Reading.objects.count() == 1
    assert seat.sessions.get(part__order=1).assignments.exists()


def test_a_withdrawal_and_an_answer_wait_for_each_other(editor: User) -> None:
    study = active_study(editor)
    seat = study.memberships.get(code="R01")

    def withdraw() -> None:
        services.withdraw_reader(actor=editor, membership=seat, keep_data=True)

    [error] = answer_meanwhile(study, withdraw)

    assert "no consented seat" in str(error)
    assert Reading.objects.count() == 0


def test_a_pause_and_an_answer_wait_for_each_other(editor: User) -> None:
    study = active_study(editor)
    seat = study.memberships.get(code="R01")

    def pause() -> None:
        services.pause_reader(actor=editor, membership=seat, reason="a question first")

    [error] = answer_meanwhile(study, pause)

    assert "An editor has paused your reading" in str(error)
    assert Reading.objects.count() == 0


def test_a_revision_that_waits_for_its_readers_withdrawal_is_refused(editor: User) -> None:
    study = active_study(editor)
    seat = study.memberships.get(code="R01")
    submit(first_of(study))

    def withdraw() -> None:
        services.withdraw_reader(actor=editor, membership=seat, keep_data=False)

    [error] = answer_meanwhile(study, withdraw, revises=1)

    assert "no consented seat" in str(error)
    assert Reading.objects.count() == 1
