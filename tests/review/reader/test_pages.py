from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from review.reader.shortcuts import DEFAULTS
from review.studies.models import Membership, Session, Study
from tests.review.reader.browsing import body_of, open_screen, signed_in
from tests.review.readings.answers import submit
from tests.worlds.study import PartPlan, make_reader, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def world():
    return make_study(plans=[PartPlan(per_cell=1), PartPlan("turing", per_cell=1)], readers=2)


def _move(study: Study, state: str) -> None:
    now = timezone.now()
    times = {f"{state}_at": now} if state in ("paused", "closed") else {}
    if state == "prepared":
        times = {"activated_at": None}
    Study.objects.filter(pk=study.pk).update(state=state, **times)


@pytest.mark.parametrize(
    ("state", "words"),
    [("prepared", "Not started"), ("paused", "Paused"), ("closed", "Closed")],
)
def test_the_worklist_says_where_a_study_stands(world, state, words):
    _move(world.study, state)
    client = signed_in(world)

    assert words in client.get("/read/").content.decode()
    assert client.get("/read/cells/").status_code == 200


def test_the_worklist_counts_what_is_left_and_shows_own_studies_only(world):
    make_study(slug="others")
    for case in world.assignments()[:3]:
        submit(case)

    page = signed_in(world).get("/read/").content.decode()

    assert "3 of 12 read" in page
    assert page.count("<article") == 1


def test_the_worklist_takes_the_same_number_of_queries_for_many_studies(world):
    client = signed_in(world)
    client.get("/read/")
    with CaptureQueriesContext(connection) as one_study:
        client.get("/read/")
    for number in range(3):
        other = make_study(slug=f"more-{number}", plans=[PartPlan(per_cell=1)])
        Membership.objects.filter(study=other.study).update(user=world.readers[0])

    with CaptureQueriesContext(connection) as four_studies:
        client.get("/read/")

    assert len(four_studies) == len(one_study) <= 6


def test_an_empty_worklist_says_what_to_do():
    client = Client()
    client.force_login(make_reader(9))

    assert "No study is waiting for you" in client.get("/read/").content.decode()


def test_washout_keeps_the_next_part_shut_and_says_until_when():
    plans = [PartPlan(per_cell=1), PartPlan("turing", 1, {"washout_days": 14})]
    world = make_study(plans=plans, classes=("BAS",))
    for case in world.assignments():
        submit(case)
    client = signed_in(world)

    opens = world.sessions[0][1]
    opens.refresh_from_db()
    assert timedelta(days=13) < opens.not_before - timezone.now() < timedelta(days=14)
    assert "not open yet" in client.get("/read/cells/").content.decode()
    assert client.get("/read/cells/next").json()["state"] == "washout"


def test_consent_is_recorded_with_its_version(world):
    Membership.objects.update(consent_version=None, consented_at=None, state="invited")
    client = signed_in(world)
    assert client.get("/read/cells/").url == "/read/cells/consent"

    client.post("/read/cells/consent", {"agree": "yes"})

    seat = Membership.objects.get(user=world.readers[0])
    assert (seat.consent_version, seat.state) == (1, "consented")
    assert seat.consented_at is not None


def test_starting_stores_the_display_check(world):
    Session.objects.update(started_at=None)
    client = signed_in(world)
    assert client.get("/read/cells/").url == "/read/cells/start"
    sent = {"viewport": "1280x800", "dpr": "2", "monitor": "laptop", "blue_patch": "1"}

    client.post("/read/cells/start", {**sent, "pink_patch": "2"})

    session = world.sessions[0][0]
    session.refresh_from_db()
    assert session.started_at is not None
    assert session.display_check["viewport"] == "1280x800"
    assert session.display_check["passed"] is False


@pytest.mark.parametrize(
    ("domain", "chosen", "check", "has_ticks"),
    [
        ("bone_marrow", "BAS", "colour-check", True),
        ("dermatology", "nv", "colour-check", False),
        ("chest_xray", "Mass", "grey-check", False),
    ],
)
def test_each_domain_has_its_check_of_the_screen_and_cells_have_ticks(
    domain, chosen, check, has_ticks
):
    world = make_study(domain=domain, classes=(chosen,), size=32)
    client = signed_in(world)
    assert ('class="mount ticks"' in body_of(client.get("/read/cells/"))) is has_ticks
    Session.objects.update(started_at=None)
    start = body_of(client.get("/read/cells/start"))
    assert [name for name in ("colour-check", "grey-check") if f'id="{name}"' in start] == [check]


def _films(**rules):
    world = make_study(slug="films", domain="chest_xray", classes=("Mass",), size=32)
    Session.objects.update(started_at=None)
    for part in world.parts:
        part.display |= rules
        part.save()
    return world


@pytest.mark.parametrize(("rules", "status"), [({}, 403), ({"allow_touch": True}, 302)])
def test_films_are_not_started_on_a_tablet(rules, status):
    world = _films(**rules)

    answer = signed_in(world).post("/read/films/start", {"viewport": "1024x768", "touch": "on"})

    assert answer.status_code == status
    assert (Session.objects.get().started_at is None) == (status == 403)
    if status == 403:
        assert "Another screen, please" in answer.content.decode()


def test_films_start_with_a_mouse_and_cells_on_a_tablet(world):
    films = _films()
    assert signed_in(films).post("/read/films/start", {"viewport": "1280x800"}).status_code == 302
    assert open_screen(signed_in(films), films)["display"]["allow_touch"] is False

    Session.objects.update(started_at=None)
    started = signed_in(world).post("/read/cells/start", {"touch": "on"})
    assert started.status_code == 302


@pytest.mark.parametrize(
    "change",
    [
        {"plausible": "<img onerror=alert(1)>"},
        {"plausible": "F12"},
        {"plausible": "KeyC"},  # already means cannot judge
    ],
)
def test_shortcuts_take_keys_of_the_allow_list_once_each(world, change):
    client = signed_in(world)
    usual = open_screen(client, world)["keys"]

    refused = client.post("/read/cells/shortcuts", {**usual, "shortcuts": "on", **change})

    assert refused.status_code == 422
    assert Membership.objects.get(user=world.readers[0]).preferences == {}


def test_both_actions_that_want_one_key_are_marked(world):
    client = signed_in(world)
    sent = {**DEFAULTS, "shortcuts": "on", "note": "KeyC"}

    form = client.post("/read/cells/shortcuts", sent).context["form"]

    assert {name for name in form.errors if name != "__all__"} == {"cannot_judge", "note"}
    assert "C does something else too." in form.errors["note"]


def test_shortcuts_are_stored_for_the_own_seat_only(world):
    client = signed_in(world)
    usual = open_screen(client, world)["keys"]

    sent = {**usual, "shortcuts": "on", "plausible": "KeyP", "user": "2", "other": "KeyQ"}
    client.post("/read/cells/shortcuts", sent)

    assert open_screen(client, world)["keys"]["plausible"] == "KeyP"
    assert "other" not in Membership.objects.get(user=world.readers[0]).preferences["keys"]
    assert Membership.objects.get(user=world.readers[1]).preferences == {}


@pytest.mark.parametrize(
    ("who", "status"), [("anonymous", 302), ("stranger", 404), ("editor", 404), ("withdrawn", 404)]
)
@pytest.mark.parametrize("page", ["", "consent", "start", "shortcuts", "tablet"])
def test_pages_exist_for_readers_of_the_study_only(world, who, status, page):
    client = Client() if who == "anonymous" else signed_in(world)
    seat = Membership.objects.filter(user=world.readers[0])
    if who == "stranger":
        seat.update(user=make_reader(8))
    elif who == "editor":
        seat.update(role="editor")
    elif who == "withdrawn":
        seat.update(state="withdrawn", withdrawn_at=timezone.now())

    assert client.get(f"/read/cells/{page}").status_code == status


def test_what_is_no_key_of_the_list_in_a_row_reaches_no_page(world):
    evil = {"note": "<img onerror>", "<b>": "KeyQ"}
    Membership.objects.update(preferences={"keys": evil | {"flag": "KeyQ"}})

    keys = open_screen(signed_in(world), world)["keys"]

    assert keys == {str(action): code for action, code in DEFAULTS.items()} | {"flag": "KeyQ"}
