"""Times: shown after the paint, active without idle spells, visible without hidden ones."""

import pytest

from review.reader import config
from review.readings.models import Reading
from tests.e2e.desk import Desk, sign_in
from tests.worlds.study import PartPlan, make_study

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

SEEN = """() => {
  const canvas = document.getElementById("image"), middle = canvas.width >> 1;
  const at = (x, y) => String(canvas.getContext("2d").getImageData(x, y, 1, 1).data);
  return !document.querySelector("dialog[open]") && at(middle, middle) !== at(0, 0);
}"""


@pytest.fixture
def desk(context, page, live_server):
    world = make_study(plans=[PartPlan("turing", 2)])
    sign_in(context, world, live_server.url)
    page.clock.install(time="2026-03-04T10:00:00Z")
    page.clock.pause_at("2026-03-04T10:00:01Z")
    page.goto(f"{live_server.url}/read/cells/")
    desk = Desk(page, live_server.url, world)
    _until_painted(desk)
    return desk


def _until_painted(desk, before: str = "") -> None:
    """Let the paused clock run in small steps until another case stands on the screen."""
    for _ in range(200):
        desk.page.clock.run_for(20)
        if desk.painted not in ("", before):
            return
        desk.page.evaluate("() => new Promise((resolve) => resolve())")
    raise AssertionError("nothing was painted")


def _answer(desk) -> Reading:
    """Commit a level and return what was stored of it."""
    known, before = Reading.objects.count(), desk.painted
    desk.press("5")
    for _ in range(200):
        desk.page.clock.run_for(20)
        if Reading.objects.count() > known:
            break
    _until_painted(desk, before)
    return Reading.objects.order_by("pk").last()


def _until_seen(desk) -> None:
    """Let the paused clock run until the image is back after a break, which blanks it."""
    for _ in range(200):
        desk.page.clock.run_for(20)
        if desk.page.evaluate(SEEN):
            return
    raise AssertionError("the image did not come back")


def _spend(desk, seconds: int) -> None:
    desk.page.clock.run_for(seconds * 1000)


def test_an_idle_spell_is_not_active_time(desk):
    _spend(desk, 10)
    desk.page.mouse.move(400, 400)
    _spend(desk, 100)

    reading = _answer(desk)

    assert reading.wall_ms == pytest.approx(110_000, abs=1500)
    assert reading.visible_ms == pytest.approx(110_000, abs=1500)
    assert reading.active_ms == pytest.approx(70_000, abs=1500)
    assert reading.idle_ms == reading.visible_ms - reading.active_ms


def test_a_hidden_tab_is_neither_visible_nor_active(desk):
    _spend(desk, 5)
    desk.page.evaluate(HIDE, True)
    _spend(desk, 300)
    desk.page.evaluate(HIDE, False)
    _spend(desk, 5)

    reading = _answer(desk)

    assert reading.wall_ms == pytest.approx(310_000, abs=1500)
    assert reading.visible_ms == pytest.approx(10_000, abs=1500)
    assert reading.active_ms == pytest.approx(10_000, abs=1500)


def test_a_break_is_not_active_time(desk):
    _spend(desk, 5)
    desk.press("b")
    desk.page.locator("#take-break[open]").wait_for()
    _spend(desk, 45)
    desk.press("Enter")
    _until_seen(desk)
    _spend(desk, 5)

    reading = _answer(desk)

    assert reading.wall_ms == pytest.approx(55_000, abs=1500)
    assert reading.active_ms == pytest.approx(10_000, abs=1500)


def test_a_break_is_offered_after_25_minutes_of_reading(desk):
    offered = desk.page.locator("#take-break[open]")
    for _ in range(26):  # a minute with no longer idle spell each
        _spend(desk, 29)
        desk.page.mouse.move(400, 400)
        _spend(desk, 29)
        desk.page.mouse.move(420, 400)
    assert offered.count() == 0  # never over a case that is being judged

    desk.press("5")
    desk.page.clock.run_for(100)
    offered.wait_for()
    desk.press("Enter")
    _until_seen(desk)

    assert desk.painted


def test_a_break_is_offered_after_so_many_cases(context, page, live_server, monkeypatch):
    assert config.BREAK_EVERY == 50
    monkeypatch.setattr(config, "BREAK_EVERY", 2)
    world = make_study(plans=[PartPlan("turing", 2)])
    sign_in(context, world, live_server.url)
    desk = Desk(page, live_server.url, world).open()

    desk.answer("5")
    assert page.locator("#take-break[open]").count() == 0
    before = desk.painted
    desk.press("5")
    page.locator("#take-break[open]").wait_for()
    assert page.inner_text("#break-count") == "2"
    desk.press("Enter")  # keys are dead until the next case is painted
    page.wait_for_function("(old) => document.documentElement.dataset.painted !== old", arg=before)
    desk.answer("5")
    desk.all_sent()

    assert Reading.objects.count() == 3


def test_all_five_moments_are_stored_in_order(desk):
    _spend(desk, 3)
    desk.press("+")
    _spend(desk, 2)

    reading = _answer(desk)

    assert reading.shown_at < reading.first_input_at < reading.committed_at
    assert (reading.first_input_at - reading.shown_at).total_seconds() == pytest.approx(3, abs=1)
    assert reading.issued_at <= reading.created_at
