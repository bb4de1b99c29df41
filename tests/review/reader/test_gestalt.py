"""An overall verdict asked after the criteria: stored apart, and never in the derived one."""

import pytest

from review.readings.models import Reading, ReadingAnswer
from review.results.rows import reading_rows
from tests.review.reader.browsing import answer_for, open_screen, post, signed_in
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def make_world(kind: str = "plausibility", gestalt: bool = True):
    return make_study(plans=[PartPlan(kind, per_cell=2, fields={"gestalt": gestalt})])


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def client(world):
    return signed_in(world)


def said(case: dict, state: str = "passes", **answer: str) -> dict:
    body = answer_for(case)
    body["answer"] = {"criteria": dict.fromkeys(case["criteria"], state), **answer}
    return body


@pytest.mark.parametrize("state", ["passes", "fails"])
def test_it_never_moves_the_derived_verdict(world, client, state):
    for value in ("plausible", "implausible"):
        case = open_screen(client, world)["cases"][0]
        assert post(client, world, said(case, state, gestalt=value)).status_code == 200

    one, other = Reading.objects.order_by("pk")
    assert (one.verdict, one.outcome, one.reason) == (other.verdict, other.outcome, other.reason)
    stored = ReadingAnswer.objects.filter(question="gestalt").order_by("reading")
    assert list(stored.values_list("choice", flat=True)) == ["plausible", "implausible"]


def test_it_comes_back_when_the_case_is_reopened_and_can_be_revised(world, client):
    case = open_screen(client, world)["cases"][0]
    post(client, world, said(case, gestalt="implausible"))
    [past] = open_screen(client, world)["past"]
    assert past["answer"]["gestalt"] == "implausible"

    post(client, world, said(case, gestalt="plausible") | {"base_revision": 1})

    current = next(row for row in reading_rows(world.study) if row["revision"] == 2)
    assert (current["gestalt"], current["verdict"]) == (True, True)
    unread = next(row for row in reading_rows(world.study) if row["outcome"] == "missing")
    assert unread["gestalt"] is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({}, "asks for an overall verdict too"),
        ({"gestalt": "maybe"}, "'maybe'; it can be plausible or implausible"),
    ],
)
def test_a_missing_or_unknown_one_is_refused_in_words(world, client, answer, words):
    case = open_screen(client, world)["cases"][0]
    refused = post(client, world, said(case, **answer))
    assert refused.status_code == 422
    assert words in refused.json()["message"]
    assert not Reading.objects.exists()


@pytest.mark.parametrize("kind", ["plausibility", "turing"])
def test_where_it_is_not_asked_it_is_refused(kind):
    world = make_world(kind, gestalt=False)
    client = signed_in(world)
    config = open_screen(client, world)
    body = answer_for(config["cases"][0], kind)
    body["answer"]["gestalt"] = "plausible"

    refused = post(client, world, body)

    assert config["gestalt"] is False
    assert refused.status_code == 422
    assert "asks for no overall verdict" in refused.json()["message"]


def test_who_cannot_judge_is_not_asked(world, client):
    one, other = open_screen(client, world)["cases"][:2]
    blurred = answer_for(one) | {"answer": {"cannot_judge": "blurred"}}
    unseen = said(other, "not_judgeable")
    for body in (blurred, unseen):
        answer = body["answer"] | {"gestalt": "plausible"}
        refused = post(client, world, body | {"answer": answer})
        assert refused.status_code == 422
        assert "has no overall verdict either" in refused.json()["message"]
        assert post(client, world, body).status_code == 200
    assert set(Reading.objects.values_list("outcome", flat=True)) == {"cannot_judge"}
    assert not ReadingAnswer.objects.filter(question="gestalt").exists()


@pytest.mark.parametrize("gestalt", [True, False])
def test_the_screen_offers_two_buttons_only_where_it_is_asked(gestalt):
    world = make_world(gestalt=gestalt)
    client = signed_in(world)
    page = client.get(f"/read/{world.study.slug}/").content.decode()
    assert page.count('data-act="overall_') == (2 if gestalt else 0)
