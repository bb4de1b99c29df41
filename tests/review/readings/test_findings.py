"""Several findings asked of one film: what is stored, what is refused, through HTTP."""

import json

import pytest

from review.readings.models import Reading, ReadingAnswer
from tests.review.reader.browsing import answer_for, open_screen, post, signed_in
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]
ASKED = ["Effusion", "Mass", "Pneumothorax"]
SAID = {"Effusion": "present", "Mass": "absent", "Pneumothorax": "not_judgeable"}


def film_world(kind: str = "identify", asked: list[str] = ASKED):
    plan = PartPlan(kind, per_cell=1, fields={"findings": asked})
    return make_study(domain="chest_xray", classes=("Effusion", "Mass"), plans=[plan])


@pytest.fixture
def world():
    return film_world()


def send(world, said: dict, base: int = 0, **changed: object):
    """Submit an answer to the world's first case."""
    client = signed_in(world)
    open_screen(client, world)
    case = {"assignment": str(world.assignments()[0].public_id), "part": 1, "criteria": []}
    body = answer_for(case | {"base_revision": base}, "turing") | {"answer": said} | changed
    return post(client, world, body)


def stored() -> dict[str, str | None]:
    latest = Reading.objects.order_by("-revision").first()
    rows = ReadingAnswer.objects.filter(reading=latest)
    return dict(rows.values_list("question", "choice"))


def test_the_screen_asks_for_the_parts_findings_and_for_no_class(world):
    config = open_screen(signed_in(world), world)

    assert [one["code"] for one in config["findings"]] == ASKED
    assert config["findings"][0]["name"] == "Pleural effusion"
    assert config["classes"] == []
    assert config["part"]["question"] == "Which of these findings does this image show?"


def test_every_finding_is_one_typed_value(world):
    assert send(world, {"findings": SAID}).status_code == 200

    reading = Reading.objects.get()
    assert (reading.outcome, reading.verdict) == ("answered", None)
    assert stored() == {f"finding:{code}": state for code, state in SAID.items()}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "3 of 3 findings are open"),
        ({"findings": {"Effusion": "present"}}, "2 of 3 findings are open (Mass, Pneumothorax)"),
        ({"findings": SAID | {"Hernia": "present"}}, "'Hernia' is not asked"),
        ({"findings": SAID | {"Mass": "maybe"}}, "it can be present, absent, not_judgeable"),
        ({"findings": SAID, "perceived_class": "Mass"}, "not for one class"),
    ],
)
def test_an_answer_that_does_not_fit_the_frozen_part_is_refused(world, said, words):
    refused = send(world, said)

    assert refused.status_code == 422
    assert words in refused.json()["message"]
    assert not Reading.objects.exists()


def test_findings_of_a_wrong_shape_are_refused(world):
    assert send(world, {"findings": ["Mass"]}).status_code == 400
    assert send(world, {"findings": {"Mass": 1}}).status_code == 400


def test_a_part_that_asks_none_refuses_them():
    world = film_world(asked=[])

    refused = send(world, {"perceived_class": "Mass", "findings": {"Mass": "present"}})

    assert refused.status_code == 422
    assert "not asked" in refused.json()["message"]


def test_nothing_judgeable_is_cannot_judge_and_keeps_what_was_said(world):
    send(world, {"findings": dict.fromkeys(ASKED, "not_judgeable")})

    reading = Reading.objects.get()
    assert (reading.outcome, reading.reason) == ("cannot_judge", "nothing_judgeable")
    assert len(stored()) == 3


def test_cannot_judge_stays_possible(world):
    assert send(world, {"cannot_judge": "blurred"}).status_code == 200
    assert stored() == {}


def test_a_correction_is_a_revision_and_a_repeated_key_stores_nothing(world):
    send(world, {"findings": SAID})
    key = "7b1b5c6e-3c0e-4f8e-9a55-0d6f7a0f0001"
    revised = SAID | {"Mass": "present"}

    first = send(world, {"findings": revised}, base=1, key=key)
    again = send(world, {"findings": revised}, base=1, key=key)
    stale = send(world, {"findings": SAID}, base=1)

    assert [json.loads(r.content)["status"] for r in (first, again, stale)] == [
        "stored", "replayed", "superseded",
    ]  # fmt: skip
    assert Reading.objects.count() == 2
    assert stale.json()["answer"]["findings"] == revised
    assert open_screen(signed_in(world), world)["past"][0]["answer"]["findings"] == revised


def test_beside_criteria_the_verdict_comes_from_the_criteria_alone():
    world = film_world("plausibility")
    client = signed_in(world)
    case = open_screen(client, world)["cases"][0]
    body = answer_for(case)
    assert post(client, world, body).status_code == 422
    body["answer"]["findings"] = dict.fromkeys(ASKED, "present")

    assert post(client, world, body).status_code == 200

    assert Reading.objects.get().verdict is True
    assert stored()["finding:Mass"] == "present"
    assert stored()["criterion:heart"] == "passes"
