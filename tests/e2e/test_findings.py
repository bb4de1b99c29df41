"""Findings of a film by keyboard and by touch: three states, the same keys for either verdict."""

import pytest

from review.readings.models import ReadingAnswer
from tests.e2e.desk import Desk, sign_in
from tests.worlds.study import PartPlan, make_study

ASKED = ["Effusion", "Mass", "Pneumothorax", "Nodule"]


def open_desk(context, page, live_server, kind: str = "identify") -> Desk:
    plan = PartPlan(kind, per_cell=1, fields={"findings": ASKED})
    world = make_study(domain="chest_xray", classes=("Effusion", "Mass"), plans=[plan], size=128)
    sign_in(context, world, live_server.url)
    return Desk(page, live_server.url, world).open()


def said(desk: Desk, public_id: str) -> dict[str, str]:
    desk.all_sent()
    rows = ReadingAnswer.objects.filter(
        reading__assignment__public_id=public_id, question__startswith="finding:"
    )
    return {
        q.removeprefix("finding:"): state for q, state in rows.values_list("question", "choice")
    }


def test_something_and_nothing_cost_the_same_keys(context, page, live_server):
    desk = open_desk(context, page, live_server)
    assert page.locator("#findings [aria-pressed=true]").count() == 0  # no preselection
    desk.press("Enter")
    assert "4 of 4 findings are open" in page.inner_text("#said")

    nothing = desk.answer("a", "Enter")
    something = desk.answer("2", "Enter")
    mixed = desk.answer("1", "3", "Shift+Digit4", "Enter")

    absent = dict.fromkeys(ASKED, "absent")
    assert said(desk, nothing) == absent
    assert said(desk, something) == absent | {"Mass": "present"}
    assert said(desk, mixed) == {
        "Effusion": "present", "Mass": "absent",
        "Pneumothorax": "present", "Nodule": "not_judgeable",
    }  # fmt: skip
    assert desk.errors == []


def test_a_reopened_film_shows_what_was_said(context, page, live_server):
    desk = open_desk(context, page, live_server)
    first = desk.answer("1", "Enter")
    desk.answer("Backspace")
    assert page.inner_text("#verdict") == "1 present, 3 absent"
    desk.answer("1", "Enter")
    desk.all_sent()
    newest = ReadingAnswer.objects.filter(
        reading__assignment__public_id=first, reading__revision=2, question__startswith="finding:"
    )
    assert set(newest.values_list("choice", flat=True)) == {"absent"}


def on_screen(page) -> bool:
    """Say whether the last finding can be seen without scrolling."""
    return page.evaluate(
        """() => {
          const last = document.querySelector("#findings li:last-child");
          const { top, bottom } = last.getBoundingClientRect();
          const panel = document.querySelector(".answer").getBoundingClientRect();
          return top >= panel.top - 1 && bottom <= panel.bottom + 1;
        }"""
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_targets_are_large_enough_for_a_finger(context, page, live_server, width):
    page.set_viewport_size({"width": width, "height": 844})
    desk = open_desk(context, page, live_server)
    for button in page.locator("#findings button, .thumbs button").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 48, button.inner_text()
    first = desk.painted
    page.locator("#findings .fail").nth(1).click()
    page.locator('[data-act="commit"]').click()
    page.wait_for_function("(old) => document.documentElement.dataset.painted !== old", arg=first)
    assert said(desk, first)["Mass"] == "present"


def test_beside_criteria_a_key_gives_the_digits_over(context, page, live_server):
    desk = open_desk(context, page, live_server, "plausibility")
    desk.press("j", "Enter")
    assert "4 of 4 findings are open" in page.inner_text("#said")
    assert not on_screen(page)
    desk.press("d")
    assert on_screen(page)
    first = desk.answer("1", "Enter")
    second = desk.answer("2", "a", "Enter")  # the digits are the criteria's again

    assert said(desk, first)["Effusion"] == "present"
    assert set(said(desk, second).values()) == {"absent"}
    failed = ReadingAnswer.objects.filter(reading__assignment__public_id=second, choice="fails")
    assert failed.count() == 1
    assert desk.errors == []
