import pytest

from review.readings.models import CaseFlag, Reading
from review.studies.models import Assignment, Membership, Study
from tests.review.reader.browsing import answer_for, open_screen, post, signed_in
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def world():
    return make_study(readers=2)


@pytest.fixture
def client(world):
    return signed_in(world)


def test_submit_stores_and_returns_the_next_cases(world, client):
    cases = open_screen(client, world)["cases"]

    news = post(client, world, answer_for(cases[0])).json()

    assert (news["status"], news["revision"], news["state"]) == ("stored", 1, "reading")
    assert [one["assignment"] for one in news["cases"][:3]] == [c["assignment"] for c in cases[1:]]
    assert news["cases"][0]["position"] == 2
    reading = Reading.objects.get()
    assert (reading.active_ms, reading.context["kernel"]) == (900, "bicubic")
    assert reading.issued_at is not None


def test_a_replay_gets_the_same_answer_again(world, client):
    body = answer_for(open_screen(client, world)["cases"][0])
    first = post(client, world, body)

    again = post(client, world, body)

    assert (again.status_code, again.json()["status"]) == (200, "replayed")
    assert again.json()["cases"] == first.json()["cases"]


def test_a_stale_tab_gets_the_answer_that_stands(world, client):
    case = open_screen(client, world)["cases"][0]
    post(client, world, answer_for(case))
    stale = answer_for(case)
    stale["answer"] = {"criteria": {"size": "fails"}}

    news = post(client, world, stale).json()

    assert news["status"] == "superseded"
    assert news["answer"]["criteria"]["size"] == "passes"
    assert news["answer"]["revision"] == 1


def test_answered_cases_can_be_reopened_with_their_answer(world, client):
    case = open_screen(client, world)["cases"][0]
    post(client, world, answer_for(case))

    past = open_screen(client, world)["past"]

    assert [one["assignment"] for one in past] == [case["assignment"]]
    assert past[0]["answer"]["criteria"]["nucleus"] == "passes"
    assert (past[0]["base_revision"], past[0]["position"]) == (1, 1)


def test_a_reopened_case_has_all_flags_that_its_own_reader_set(world, client):
    case = open_screen(client, world)["cases"][0]
    flagged = answer_for(case)
    flagged["answer"]["flags"] = [{"kind": "technical", "text": "a fold"}]
    post(client, world, flagged)
    again = answer_for(case) | {"base_revision": 1}
    again["answer"]["flags"] = [{"kind": "recognised", "text": ""}]
    post(client, world, again)
    same = Assignment.objects.get(public_id=case["assignment"]).case
    other = same.assignments.exclude(public_id=case["assignment"]).get()
    CaseFlag.objects.create(assignment=other, kind="other", text="somebody else's")

    answer = open_screen(client, world)["past"][0]["answer"]

    assert answer["flags"] == [
        {"kind": "technical", "text": "a fold"},
        {"kind": "recognised", "text": ""},
    ]
    assert set(answer) == {
        *("revision", "criteria", "findings", "value", "perceived_class", "gestalt"),
        *("defect_at", "note", "flags", "cannot_judge"),
    }


def test_another_readers_case_does_not_exist_for_me(world, client):
    other = signed_in(world, reader=1)
    case = open_screen(other, world)["cases"][0]

    assert post(client, world, answer_for(case)).status_code == 404
    assert Reading.objects.count() == 0


def test_signed_out_is_said_in_json_not_by_a_redirect(world, client):
    body = answer_for(open_screen(client, world)["cases"][0])
    client.logout()

    refused = post(client, world, body)

    assert (refused.status_code, refused.json()["error"]) == (401, "signed_out")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("key", "1"),
        ("base_revision", -1),
        ("base_revision", True),
        ("answer", []),
        ("answer", {"value": "3"}),
        ("answer", {"flags": [{}] * 11}),
        ("answer", {"criteria": {"size": 1}}),
        ("timing", {"active_ms": 2**31}),
        ("timing", {"shown_at": "yesterday"}),
        ("timing", {"shown_at": "9999-12-31T23:59:59Z"}),
        ("timing", {"shown_at": "9999-12-31T23:59:59-23:59"}),
        ("timing", {"shown_at": "0001-01-01T00:00:00+23:59"}),
        ("context", {"zoom": float("nan")}),
    ],
)
def test_bodies_of_another_shape_are_refused(world, client, path, value):
    body = answer_for(open_screen(client, world)["cases"][0]) | {path: value}

    assert post(client, world, body).status_code == 400


def test_an_answer_that_says_too_little_is_422(world, client):
    body = answer_for(open_screen(client, world)["cases"][0]) | {"answer": {}}

    refused = post(client, world, body)

    assert (refused.status_code, refused.json()["error"]) == (422, "invalid")


def test_paused_is_said_and_nothing_is_stored(world, client):
    body = answer_for(open_screen(client, world)["cases"][0])
    study = world.study
    Study.objects.filter(pk=study.pk).update(state="paused", paused_at=study.activated_at)

    refused = post(client, world, body)

    assert (refused.status_code, refused.json()["error"]) == (409, "paused")
    assert client.get(f"/read/{study.slug}/next").json()["state"] == "paused"


def test_without_consent_no_case_is_handed_out(world, client):
    Membership.objects.update(state="invited", consent_version=None, consented_at=None)

    assert client.get(f"/read/{world.study.slug}/next").status_code == 403
    assert client.get(f"/read/{world.study.slug}/").url.endswith("/consent")


def test_the_last_case_of_a_part_leads_to_the_next_part():
    world = make_study(classes=("BAS",), plans=[PartPlan(per_cell=1), PartPlan("turing", 1)])
    client = signed_in(world)
    news = open_screen(client, world)
    while news["state"] == "reading":
        news = post(client, world, answer_for(news["cases"][0])).json()
    assert news["state"] == "part_done"

    news = open_screen(client, world)
    assert news["part"]["kind"] == "turing"
    while news["state"] == "reading":
        news = post(client, world, answer_for(news["cases"][0], "turing")).json()

    assert news["state"] == "finished"
    assert Reading.objects.count() == 6


def test_a_simulated_reader_is_marked_as_one(world, client):
    world.readers[0].is_simulated = True
    world.readers[0].save()

    post(client, world, answer_for(open_screen(client, world)["cases"][0]))

    assert Reading.objects.get().source == "simulated"


def test_half_a_character_in_a_note_costs_no_answer(world, client):
    body = answer_for(open_screen(client, world)["cases"][0])
    body["answer"]["note"] = "fine \ud83d"
    body["answer"]["flags"] = [{"kind": "other", "text": "\udc00 odd"}]

    assert post(client, world, body).json()["status"] == "stored"
    assert Reading.objects.get().answers.get(question="note").text == "fine ?"
