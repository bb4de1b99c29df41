"""A paused reader: no case, image or answer passes; what was not stored is kept and sent later."""

import pytest
from django.test import Client

from review.readings.models import Reading
from review.studies import services
from review.studies.models import Assignment, GalleryImage, Membership, Session, Study
from tests.review.reader.browsing import answer_for, body_of, open_screen, post, signed_in
from tests.worlds.beside import add_gallery
from tests.worlds.building import make_user
from tests.worlds.study import PartPlan, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]
WHY = "her verdicts on the late arm are odd"


@pytest.fixture
def world():
    return make_study(plans=[PartPlan(fields={"gallery": True})])


@pytest.fixture
def client(world):
    return signed_in(world)


def hold(world) -> None:
    """Let an editor pause the reader."""
    editor = make_user("ada", is_staff=True)
    services.pause_reader(actor=editor, membership=Membership.objects.get(), reason=WHY)


def go_on(world) -> None:
    editor = make_user("bea", is_staff=True)
    services.resume_reader(actor=editor, membership=Membership.objects.get())


def rest(world) -> None:
    """Let the reader pause."""
    services.pause_reader(actor=world.readers[0], membership=Membership.objects.get())


@pytest.mark.parametrize(("pause", "state"), [(hold, "held"), (rest, "resting")])
def test_an_answer_on_its_way_is_kept_and_stored_when_the_reader_goes_on(
    world, client, pause, state
):
    first, second = open_screen(client, world)["cases"][:2]
    earlier = answer_for(first)
    post(client, world, earlier)
    body = answer_for(second)
    pause(world)

    refused = post(client, world, body)

    assert (refused.status_code, refused.json()["error"]) == (409, state)
    assert "not stored yet stay on this device" in refused.json()["message"]
    assert post(client, world, earlier).json()["status"] == "replayed"
    news = client.get("/read/cells/next").json()
    assert (news["state"], news["cases"]) == (state, [])
    assert Reading.objects.count() == 1
    (go_on if pause is hold else lambda w: client.post("/read/cells/resume"))(world)
    assert post(client, world, body).json()["status"] == "stored"


@pytest.mark.parametrize("pause", [hold, rest])
def test_no_image_is_shown_in_a_pause_and_none_counts_as_shown(world, client, pause):
    add_gallery(world, 0, per_class=1)
    case = open_screen(client, world)["cases"][0]["image"]["url"]
    reference = f"/read/g/{GalleryImage.objects.all()[0].public_id}"
    looked_at = [case, f"{case}/gallery", reference]
    assert [client.get(url).status_code for url in looked_at] == [200] * 3
    opened = Assignment.objects.exclude(opened_at=None).count()
    pause(world)

    assert [client.get(url).status_code for url in looked_at] == [404] * 3
    client.get("/read/cells/")
    client.get("/read/cells/next")
    assert Assignment.objects.exclude(opened_at=None).count() == opened


def test_the_reader_pauses_and_goes_on_from_the_list(world, client):
    page = body_of(client.get("/read/"))
    assert 'action="/read/cells/pause"' in page

    page = body_of(client.post("/read/cells/pause", follow=True))

    assert "Paused by you" in page
    assert 'action="/read/cells/resume"' in page
    assert 'action="/read/cells/pause"' not in page
    assert "You have paused your reading" in body_of(client.get("/read/cells/"))
    assert client.post("/read/cells/resume").url == "/read/cells/"
    assert open_screen(client, world)["state"] == "reading"


def test_an_editors_pause_is_said_with_the_name_not_the_reason(world, client):
    hold(world)

    page, listed = body_of(client.get("/read/cells/")), body_of(client.get("/read/"))

    assert "Ada, an editor of" in page
    assert "Only an editor ends this pause" in page
    assert "Paused by an editor" in listed
    assert not any(word in page + listed for word in ("odd", "late arm", "/resume"))
    back = body_of(client.post("/read/cells/resume", follow=True))
    assert "Only an editor ends this pause: ask them." in back
    assert Membership.objects.get().state == "paused"


def test_nothing_starts_in_a_pause(world, client):
    Session.objects.update(started_at=None)
    hold(world)

    assert client.get("/read/cells/start").url == "/read/cells/"
    assert client.post("/read/cells/start", {"viewport": "1280x800"}).url == "/read/cells/"
    assert Session.objects.get().started_at is None


def test_a_paused_study_and_a_closed_one_say_so_first(world, client):
    rest(world)
    now = world.study.activated_at
    Study.objects.update(state="paused", paused_at=now)
    assert "The study is paused" in body_of(client.get("/read/cells/"))
    Study.objects.update(state="closed", closed_at=now)
    assert "The study is closed" in body_of(client.get("/read/cells/"))
    assert "takes no more answers" in body_of(client.get("/read/"))


def test_a_pause_that_does_not_fit_is_said_on_the_list(world, client):
    Membership.objects.update(state="complete")

    page = body_of(client.post("/read/cells/pause", follow=True))

    assert "has read every case" in page
    assert Membership.objects.get().state == "complete"


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_only_the_reader_finds_the_verbs(world, client, verb):
    url = f"/read/cells/{verb}"
    assert client.get(url).status_code == 405
    assert Client().post(url).url.startswith("/accounts/login/")
    other = Client()
    other.force_login(make_user("eve", is_staff=True))
    assert other.post(url).status_code == 404
