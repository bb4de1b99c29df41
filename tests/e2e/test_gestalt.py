"""The overall verdict on the screen: after the criteria, two equal keys, by every way of input."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from review.readings.models import Reading, ReadingAnswer
from review.studies.models import CaseFeedback, Membership, Session
from tests.e2e.desk import Desk, sign_in
from tests.worlds.study import PartPlan, make_study

TABLET = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}


def make_world(kind: str = "plausibility", **fields):
    plan = PartPlan(kind, per_cell=2, fields={"gestalt": True, **fields})
    if kind == "lesion":
        return make_study(domain="dermatology", classes=("mel", "nv"), plans=[plan])
    return make_study(plans=[plan])


def open_desk(context, page, live_server, world) -> Desk:
    sign_in(context, world, live_server.url)
    return Desk(page, live_server.url, world).open()


def stored(desk: Desk, public_id: str) -> tuple[bool | None, str | None]:
    """Return (derived, overall) verdict of the current answer to a case."""
    desk.all_sent()
    reading = Reading.objects.filter(assignment__public_id=public_id).latest("revision")
    overall = ReadingAnswer.objects.filter(reading=reading, question="gestalt").first()
    return reading.verdict, overall and overall.choice


@pytest.mark.parametrize("kind", ["plausibility", "lesion"])
def test_both_verdicts_cost_two_keys_and_are_stored_apart(context, page, live_server, kind):
    desk = open_desk(context, page, live_server, make_world(kind))
    assert page.locator("#gestalt [aria-pressed=true]").count() == 0  # no preselection
    desk.press("k")
    assert "Say plausible, or mark what fails" in page.inner_text("#said")
    desk.press("j", "Enter")
    assert "all in all" in page.inner_text("#said")

    assert stored(desk, desk.answer("k")) == (True, "plausible")
    assert stored(desk, desk.answer("j", "l")) == (True, "implausible")
    assert stored(desk, desk.answer("1", "k")) == (False, "plausible")
    assert desk.errors == []


def test_a_reopened_case_shows_it_and_enter_keeps_it(context, page, live_server):
    desk = open_desk(context, page, live_server, make_world())
    first = desk.answer("j", "l")
    desk.answer("Backspace")
    assert page.get_attribute("[data-act=overall_no]", "aria-pressed") == "true"
    desk.answer("1", "Enter")
    assert stored(desk, first) == (False, "implausible")
    assert desk.errors == []


def test_what_cannot_be_judged_is_not_asked(context, page, live_server):
    desk = open_desk(context, page, live_server, make_world())
    blurred = desk.answer("c", "ArrowDown", "Enter")
    for row in page.locator("#criteria li:not(.off) .unseen").all():
        row.click()
    assert page.get_attribute("[data-act=overall_yes]", "aria-disabled") == "true"
    desk.press("k")
    assert "this is not asked" in page.inner_text("#said")
    unseen = desk.answer("Enter")
    assert stored(desk, blurred) == stored(desk, unseen) == (None, None)


def test_a_case_reopened_to_say_that_it_cannot_be_judged_loses_it(context, page, live_server):
    desk = open_desk(context, page, live_server, make_world())
    first = desk.answer("j", "l")
    desk.answer("Backspace")
    desk.answer("c", "ArrowDown", "Enter")
    assert stored(desk, first) == (None, None)
    desk.answer("Backspace")
    assert page.locator("#gestalt [aria-pressed=true]").count() == 0
    assert desk.errors == []


def test_in_practice_the_comment_follows_the_overall_verdict(context, page, live_server):
    world = make_world()
    Session.objects.update(is_calibration=True)
    for case in world.parts[0].cases.all():
        CaseFeedback.objects.create(case=case, text="An expert found it plausible.")
    desk = open_desk(context, page, live_server, world)
    first = desk.painted
    desk.press("j", "Enter")
    assert page.inner_text("#feedback") == ""
    desk.press("k")
    page.get_by_text("An expert found it plausible.").wait_for()
    assert stored(desk, first) == (True, "plausible")
    desk.press("l", "k")  # dead: the answer is given
    assert Reading.objects.count() == 1
    desk.answer("Enter")
    assert desk.errors == []


def test_beside_findings_and_a_defect_it_comes_last(context, page, live_server):
    asked = {"findings": ["mel", "nv"], "defect_point": "required"}
    desk = open_desk(context, page, live_server, make_world("lesion", **asked))
    desk.press("1", "l")
    assert "2 of 2 findings are open" in page.inner_text("#said")
    desk.press("a", "l")
    assert "Mark where the defect is" in page.inner_text("#said")
    page.locator("#image").click()
    assert stored(desk, desk.answer("l")) == (False, "implausible")
    assert desk.errors == []


def test_a_finger_reaches_it_on_a_telephone(browser, live_server):
    world = make_world()
    context = browser.new_context(**TABLET)
    page = context.new_page()
    desk = open_desk(context, page, live_server, world)
    first = desk.painted
    for act in ("overall_yes", "overall_no"):
        box = page.locator(f"[data-act={act}]").bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["y"] + box["height"] <= TABLET["viewport"]["height"]
    page.tap(".thumbs [data-act=plausible]")
    page.tap("[data-act=overall_no]")
    page.wait_for_function("(id) => document.documentElement.dataset.painted !== id", arg=first)
    assert stored(desk, first) == (True, "implausible")
    context.close()


def test_with_shortcuts_off_tab_and_enter_reach_it(context, page, live_server):
    world = make_world()
    Membership.objects.update(preferences={"shortcuts": False})
    desk = open_desk(context, page, live_server, world)
    first = desk.painted
    page.focus(".thumbs [data-act=plausible]")
    desk.press("Enter")
    page.focus("[data-act=overall_yes]")
    desk.press("k")
    assert desk.painted == first
    desk.press("Enter")
    page.wait_for_function("(id) => document.documentElement.dataset.painted !== id", arg=first)
    assert stored(desk, first) == (True, "plausible")


def test_axe_finds_nothing(context, page, live_server):
    desk = open_desk(context, page, live_server, make_world())
    for keys in ((), ("j",), ("?",)):
        desk.press(*keys)
        found = Axe().run(page).response["violations"]
        assert [json.dumps([v["id"], v["nodes"][0]["html"]]) for v in found] == []
