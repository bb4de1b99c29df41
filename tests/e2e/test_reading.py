"""Reading in a real browser: nothing is lost, nothing is doubled, what is shown is what counts."""

import io

import numpy as np
import pytest
from django.contrib.sessions.models import Session as SignIn
from PIL import Image

from review.catalog.storage import read_bytes
from review.readings.models import CaseFlag, Reading
from review.studies.models import Assignment, Membership, Rendition, Study
from tests.e2e.desk import PAINTED, Desk, sign_in
from tests.worlds.study import PASSWORD, PartPlan, make_study

TURING = (PartPlan("turing", per_cell=2),)


@pytest.fixture
def world():
    return make_study(plans=TURING)


@pytest.fixture
def desk(world, context, page, live_server):
    sign_in(context, world, live_server.url)
    desk = Desk(page, live_server.url, world)
    yield desk
    assert desk.errors == []


def _shown(public_id: str) -> np.ndarray:
    """Return the pixels of the rendition that belongs to an address."""
    rendition = Rendition.objects.get(case__assignments__public_id=public_id)
    return np.asarray(Image.open(io.BytesIO(read_bytes(rendition.storage_key))))


def test_a_whole_study_by_keyboard_with_a_gap_in_the_connection(context, page, live_server):
    world = make_study(plans=[PartPlan(), PartPlan("turing", per_cell=1)])
    sign_in(context, world, live_server.url)
    desk = Desk(page, live_server.url, world).open()
    desk.answer("j", "Enter")
    desk.all_sent()
    page.wait_for_load_state("networkidle")

    context.set_offline(True)
    for keys in (("2", "Enter"), ("j", "Enter"), ("1", "3", "Enter")):
        desk.answer(*keys)
    desk.wait_pending(3)
    assert "Offline: 3 answers kept here" in page.inner_text("#status")
    context.set_offline(False)
    desk.all_sent()

    desk.answer("Backspace")  # undo: the third answer becomes "plausible"
    desk.answer("j", "Enter")
    for _ in range(7):
        desk.answer("j", "Enter")
    desk.press("j", "Enter")
    page.get_by_role("heading", name="Part 1 is finished").wait_for()
    assert Reading.objects.count() == 13
    page.keyboard.press("Enter")

    page.wait_for_function("() => document.querySelector('#scale') && " + PAINTED)
    for _ in range(5):
        desk.answer("5")
    desk.press("2")
    page.get_by_text("You have read every case").wait_for()
    current = Reading.objects.filter(assignment__session=world.sessions[0][0])
    assert current.filter(revision=2).get().verdict is True
    assert Assignment.objects.filter(state="queued").count() == 0
    assert Membership.objects.get().state == "complete"


def test_offline_the_queue_is_read_to_its_end_and_the_reader_is_told(desk, context):
    desk.open()
    desk.page.wait_for_load_state("networkidle")
    context.set_offline(True)
    for _ in range(3):
        desk.answer("4")
    desk.press("4")
    desk.page.get_by_text("4 answers kept on this device").wait_for()

    context.set_offline(False)
    desk.page.evaluate("() => dispatchEvent(new Event('online'))")
    desk.all_sent()
    desk.page.wait_for_function(f"() => {PAINTED}")

    assert Reading.objects.count() == 4


def test_the_canvas_shows_the_rendition_of_every_case(desk, world):
    desk.open()
    for _ in range(len(world.assignments()) - 1):
        seen = desk.read_back()
        expected = _shown(desk.painted)
        assert np.array_equal(seen[..., :3], expected)
        assert (seen[..., 3] == 255).all()
        desk.answer("3")
    assert np.array_equal(desk.read_back()[..., :3], _shown(desk.painted))


def test_two_tabs_converge(desk, world, context, live_server):
    desk.open()
    stale = Desk(context.new_page(), live_server.url, world).open()
    assert stale.painted == desk.painted
    first = desk.answer("6")
    desk.all_sent()

    stale.press("1")
    stale.page.get_by_text("was answered in another window").wait_for()
    stale.all_sent()

    reading = Reading.objects.get(assignment__public_id=first)
    assert reading.answers.get().number == 6
    assert stale.painted != first
    assert Reading.objects.count() == 1


def test_a_tab_closed_at_once_on_a_slow_link_loses_nothing(desk, world, context, live_server):
    desk.open()
    desk.page.wait_for_load_state("networkidle")
    slow = context.new_cdp_session(desk.page)
    slow.send("Network.enable")
    slow.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 3000, "downloadThroughput": 1e6, "uploadThroughput": 1e6},
    )
    answered = [desk.answer("5") for _ in range(3)]
    desk.page.close()
    assert Reading.objects.count() < 3

    again = Desk(context.new_page(), live_server.url, world).open()
    assert again.painted not in answered
    again.all_sent()

    stored = Reading.objects.filter(assignment__public_id__in=answered)
    assert stored.count() == Reading.objects.count() == 3


def test_another_person_on_this_browser_neither_sends_nor_sees_them(context, page, live_server):
    world = make_study(plans=TURING, readers=2)
    sign_in(context, world, live_server.url)
    desk = Desk(page, live_server.url, world).open()
    page.wait_for_load_state("networkidle")
    page.route("**/submit", lambda route: route.abort())
    desk.answer("5")
    desk.wait_pending(1)

    sign_in(context, world, live_server.url, reader=1)
    other = Desk(context.new_page(), live_server.url, world).open()
    assert other.page.inner_text("#status") == "All answers stored"
    other.answer("2")
    other.all_sent()
    assert Reading.objects.get().assignment.session == world.sessions[1][0]

    page.unroute("**/submit")
    page.get_by_text("Somebody else is signed in").wait_for()
    assert Reading.objects.count() == 1
    sign_in(context, world, live_server.url)
    page.evaluate("() => dispatchEvent(new Event('focus'))")
    desk.all_sent()
    assert Reading.objects.filter(assignment__session=world.sessions[0][0]).count() == 1


def test_an_expired_session_keeps_the_answers_until_one_signs_in_again(desk, context, live_server):
    desk.open()
    desk.page.wait_for_load_state("networkidle")
    SignIn.objects.all().delete()
    desk.answer("5")
    desk.page.get_by_text("You are signed out").wait_for()
    assert Reading.objects.count() == 0

    with context.expect_page() as opened:
        desk.page.get_by_role("link", name="Sign in").click()
    form = opened.value
    form.fill("input[name=login]", desk.world.readers[0].email)
    form.fill("input[name=password]", PASSWORD)
    form.keyboard.press("Enter")
    form.wait_for_url(lambda url: "/login" not in url)
    form.close()
    desk.page.evaluate("() => dispatchEvent(new Event('focus'))")
    desk.all_sent()

    assert Reading.objects.get().answers.get().number == 5
    # The other window may have sent the answer; this one learns so from its own next question.
    desk.page.get_by_text("You are signed out").wait_for(state="hidden")


def test_failed_and_reordered_images_never_change_what_is_judged(desk, world):
    addresses = [str(a.public_id) for a in world.assignments()]
    held, failed = [], set()

    def answer(route) -> None:
        address = route.request.url.rsplit("/", 1)[1]
        place = addresses.index(address)
        if place in (1, 3) and place not in failed:
            failed.add(place)
            return route.fulfill(status=503, body="busy")
        if place == 2 and len(held) < 1:
            return held.append(route)
        return route.continue_()

    desk.page.route("**/read/i/*", answer)
    desk.open()
    for place in range(2):
        assert np.array_equal(desk.read_back()[..., :3], _shown(addresses[place]))
        if place < 1:
            desk.answer("4")
    desk.press("4")
    desk.page.wait_for_function("() => !document.getElementById('cover').hidden")
    desk.press("1", "2", "3")  # dead: nothing is painted
    desk.page.wait_for_timeout(300)
    assert Reading.objects.count() == 2

    held[0].continue_()
    desk.page.wait_for_function(f"(one) => {PAINTED} === one", arg=addresses[2])
    assert np.array_equal(desk.read_back()[..., :3], _shown(addresses[2]))
    desk.answer("6")
    desk.all_sent()
    levels = Reading.objects.order_by("pk").values_list("answers__number", flat=True)
    assert list(levels) == [4, 4, 6]


def test_a_study_closed_meanwhile_is_said_and_nothing_more_is_stored(desk, world):
    desk.open()
    desk.page.wait_for_load_state("networkidle")
    now = world.study.activated_at
    Study.objects.filter(pk=world.study.pk).update(state="closed", closed_at=now)

    desk.answer("2")

    desk.page.get_by_text("had not reached the server before the study was closed").wait_for()
    assert Reading.objects.count() == 0


def test_a_pause_keeps_answers_and_goes_on_by_itself(desk, world):
    desk.open()
    desk.page.wait_for_load_state("networkidle")
    study = Study.objects.filter(pk=world.study.pk)
    study.update(state="paused", paused_at=world.study.activated_at)
    desk.answer("2")
    desk.page.get_by_text("The study is paused").wait_for()

    study.update(state="active", paused_at=None)
    desk.page.evaluate("() => dispatchEvent(new Event('focus'))")
    desk.all_sent()

    assert Reading.objects.count() == 1


def test_a_reopened_case_shows_the_flags_set_before_and_adds_new_ones(desk):
    def reopened() -> str:
        desk.answer("Backspace")
        return desk.page.inner_text("#extras")

    desk.open()
    desk.press("f", "1")
    desk.page.get_by_label("More (optional)").fill("a fold")
    desk.press("Tab", "Enter")
    desk.page.get_by_text("With flag: Technical fault").wait_for()
    desk.answer("2")
    assert desk.page.inner_text("#extras") == ""

    assert reopened() == "With flag: Technical fault"
    desk.answer("4")
    desk.all_sent()
    desk.open()  # from the server this time
    assert reopened() == "With flag: Technical fault"
    desk.press("f")
    desk.page.get_by_text("Flagged already: Technical fault (a fold).").wait_for()
    desk.press("ArrowDown", "Enter")
    desk.page.get_by_text("Technical fault; I recognise this image").wait_for()
    desk.answer("5")
    assert reopened() == "With flag: Technical fault; I recognise this image"
    desk.press("Escape")
    desk.all_sent()

    assert list(CaseFlag.objects.values_list("kind", "text")) == [
        ("technical", "a fold"),
        ("recognised", ""),
    ]


def test_cannot_judge_note_and_flag_by_keyboard(desk):
    desk.open()
    desk.press("m")
    desk.page.keyboard.type("a j in a note is no answer")
    desk.press("Tab", "Enter")
    desk.page.get_by_text("With note").wait_for()
    desk.press("f", "ArrowDown", "Enter")
    desk.page.get_by_text("With note, flag").wait_for()
    desk.answer("c", "ArrowDown", "Enter")
    desk.all_sent()

    reading = Reading.objects.get()
    assert (reading.outcome, reading.reason) == ("cannot_judge", "blurred")
    assert reading.answers.get().text == "a j in a note is no answer"
    assert CaseFlag.objects.get().kind == "recognised"
