"""Eight windows of one reader answer the same forty cases, with repeats and replays."""

from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connections

from review.readings.chain import verify_readings
from review.readings.models import Reading
from review.readings.services import Status
from review.studies.models import Assignment
from tests.review.readings.answers import plausible_answer, submit
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
THREADS = 8


def test_every_case_gets_one_answer_whatever_the_threads_do():
    world = make_study(
        classes=("BAS", "EOS", "LYT", "MON", "PLM"), plans=[PartPlan(per_cell=3)], size=8
    )
    cases = world.assignments()[:40]
    shared = {case.pk: uuid4() for case in cases}
    answers = {case.pk: plausible_answer(case) for case in cases}
    statuses: list[Status] = []
    errors: list[Exception] = []
    start = Barrier(THREADS)

    def read_all(number: int) -> None:
        try:
            start.wait()
            for case in cases:
                key = shared[case.pk] if number % 2 else uuid4()
                for _ in range(2):
                    statuses.append(submit(case, answers[case.pk], key).status)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=read_all, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert Reading.objects.count() == 40
    assert statuses.count(Status.STORED) == 40
    assert len(statuses) == THREADS * 40 * 2
    assert Assignment.objects.filter(state=Assignment.State.ANSWERED).count() == 40
    session = world.sessions[0][0]
    session.refresh_from_db()
    assert list(verify_readings(session)) == []
