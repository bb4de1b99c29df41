"""The overall verdict: asked beside the criteria, stored apart, never part of the derived one."""

from dataclasses import replace

import pytest
from django.db import connection

from review.audit import triggers
from review.readings.answers import Answer, Gestalt
from review.readings.chain import verify_readings
from review.readings.errors import InvalidAnswer
from review.readings.facts import load_facts
from review.readings.judge import judge
from review.readings.models import Reading
from review.studies.models import Session
from tests.review.readings.answers import plausible_answer, submit
from tests.worlds.study import PartPlan, World, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]
ASKED = {"gestalt": True}


def world_of(kind: str = "plausibility", **fields: bool) -> World:
    return make_study(plans=[PartPlan(kind, per_cell=1, fields=fields)])


@pytest.fixture
def asking() -> World:
    return world_of(**ASKED)


@pytest.mark.parametrize("criteria", ["all pass", "one fails"])
@pytest.mark.parametrize("kind", ["plausibility", "lesion"])
def test_the_derived_verdict_is_the_same_with_either(kind: str, criteria: str) -> None:
    case = world_of(kind, **ASKED).assignments()[0]
    answer = plausible_answer(case)
    if criteria == "one fails":
        answer = replace(answer, criteria={"nucleus": "fails"})

    yes, no = (judge(load_facts(case.pk), replace(answer, gestalt=one)) for one in Gestalt.values)

    assert yes.verdict is no.verdict is (criteria == "all pass")
    assert (yes.outcome, yes.reason) == (no.outcome, no.reason)
    apart = [{row for row in one.rows if row.question != "gestalt"} for one in (yes, no)]
    assert apart[0] == apart[1]


def test_it_is_a_row_of_its_own(asking: World) -> None:
    case = asking.assignments()[0]
    done = submit(case, Answer(criteria={"nucleus": "fails"}, gestalt="plausible"))

    assert done.reading.verdict is False
    said = dict(done.reading.answers.values_list("question", "choice"))
    assert said == {"criterion:nucleus": "fails", "gestalt": "plausible"}


@pytest.mark.parametrize(
    ("given", "words"),
    [("", "asks for an overall verdict too"), ("maybe", "'maybe'; it can be plausible or")],
)
def test_it_must_be_given_where_it_is_asked(asking: World, given: str, words: str) -> None:
    case = asking.assignments()[0]
    with pytest.raises(InvalidAnswer, match=words):
        submit(case, replace(plausible_answer(case), gestalt=given))
    assert not Reading.objects.exists()


@pytest.mark.parametrize("kind", ["plausibility", "lesion", "turing", "acceptability"])
def test_it_is_refused_where_it_is_not_asked(kind: str) -> None:
    case = world_of(kind).assignments()[0]
    rated = kind in ("turing", "acceptability")
    answer = Answer(value=2) if rated else plausible_answer(case)
    with pytest.raises(InvalidAnswer, match="asks for no overall verdict"):
        submit(case, replace(answer, gestalt="plausible"))


def test_what_cannot_be_judged_is_not_asked(asking: World) -> None:
    one, other = asking.assignments()[:2]
    unseen = Answer(criteria=dict.fromkeys(plausible_answer(one).criteria, "not_judgeable"))
    for answer in (Answer(cannot_judge="blurred"), unseen):
        with pytest.raises(InvalidAnswer, match="has no overall verdict either"):
            submit(one, replace(answer, gestalt="implausible"))
    stored = [submit(one, Answer(cannot_judge="blurred")), submit(other, unseen)]
    assert {done.reading.outcome for done in stored} == {"cannot_judge"}


def test_practice_asks_it_too(asking: World) -> None:
    Session.objects.update(is_calibration=True)
    case = asking.assignments()[0]
    with pytest.raises(InvalidAnswer, match="asks for an overall verdict too"):
        submit(case)
    assert submit(case, replace(plausible_answer(case), gestalt="plausible")).reading.pk


def test_the_chain_covers_it(asking: World) -> None:
    case = asking.assignments()[0]
    reading = submit(case, replace(plausible_answer(case), gestalt="plausible")).reading
    session = Session.objects.get()
    assert list(verify_readings(session)) == []

    triggers.remove("default")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE readings_readinganswer SET choice = 'implausible' WHERE question = 'gestalt'"
        )
    triggers.install("default")

    assert [fault.reading_pk for fault in verify_readings(session)] == [reading.pk]
