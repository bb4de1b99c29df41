"""Editors and a reader act on a growing study in the same moment."""

import json
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections

from review.accounts.models import User
from review.readings.models import Reading
from review.studies import services
from review.studies.errors import StudyError
from review.studies.models import Addition, Amendment, Assignment, Case, Membership, Study
from tests.review.reader.browsing import answer_for, body_of
from tests.worlds.adding import begin
from tests.worlds.building import make_active, make_user
from tests.worlds.reading import ReaderAtWork, reader_at_work

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def editor() -> User:
    return make_user("editor", is_staff=True)


@pytest.fixture
def addition(editor: User) -> Addition:
    study = make_active(editor, pool_size=20)
    return begin(editor, study, {(1, "early", "BAS"): 2, (1, "real", "BAS"): 1})


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Return what each act returns, or the error of this room that it raises."""
    found: list[Any] = [None] * len(acts)
    start = Barrier(len(acts))

    def do(number: int) -> None:
        try:
            start.wait()
            found[number] = acts[number]()
        except StudyError as error:
            found[number] = error
        finally:
            connections.close_all()

    threads = [Thread(target=do, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def n_added() -> int:
    return Case.objects.filter(candidate__isnull=False).count()


def test_of_many_commits_one_adds_the_cases(editor: User, addition: Addition) -> None:
    def commit() -> Amendment:
        return services.commit_addition(actor=editor, addition=addition)

    found = at_once(*[commit] * 4)

    assert sorted(type(one).__name__ for one in found) == ["Amendment", *["WrongState"] * 3]
    assert Assignment.objects.filter(case__candidate__isnull=False).count() == n_added() > 0


def test_a_study_that_closes_has_all_of_an_addition_or_nothing(
    editor: User, addition: Addition
) -> None:
    committed, closed, discarded = at_once(
        lambda: services.commit_addition(actor=editor, addition=addition),
        lambda: services.close_study(actor=editor, study=addition.study),
        lambda: services.discard_addition(actor=editor, addition=addition),
    )

    assert isinstance(closed, Study)
    assert bool(n_added()) == isinstance(committed, Amendment) == Amendment.objects.exists()
    assert not isinstance(committed, Amendment) or isinstance(discarded, StudyError)
    assert Assignment.objects.filter(case__candidate__isnull=False).count() == n_added()


def last_answer(reader: ReaderAtWork) -> dict[str, Any]:
    """Read a part but for its last case; return the answer to that, not sent yet."""
    reader.start()
    news = reader.config()
    session = {"session": news["session"]}
    while len(news["cases"]) > 1:
        news = json.loads(body_of(reader.submit(answer_for(news["cases"][0]) | session)))
    return answer_for(news["cases"][0]) | session


def test_no_added_case_is_lost_beside_the_last_answer_and_a_pause(
    editor: User, addition: Addition
) -> None:
    reader, seat = reader_at_work(addition.study), Membership.objects.get(code="R01")
    last = last_answer(reader)

    _, status, _ = at_once(
        lambda: services.commit_addition(actor=editor, addition=addition),
        lambda: reader.submit(last).status_code,
        lambda: services.pause_reader(actor=editor, membership=seat, reason="Ill today."),
    )

    waiting = Assignment.objects.filter(case__candidate__isnull=False, state="queued")
    assert waiting.count() == n_added() > 0
    assert not waiting.filter(session__finished_at__isnull=False).exists()
    stored = Reading.objects.filter(assignment__public_id=last["assignment"]).count()
    assert (status, stored) in {(200, 1), (409, 0)}
    seat.refresh_from_db()
    assert seat.state == "paused"
