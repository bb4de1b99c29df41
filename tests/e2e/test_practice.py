"""Practice: a banner, the comment after the answer, Enter goes on; nothing is reopened."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from review.readings.models import Reading
from review.studies.models import CaseFeedback, Session
from tests.e2e.desk import Desk, sign_in
from tests.worlds.study import PartPlan, make_study


@pytest.fixture
def desk(context, page, live_server):
    world = make_study(plans=[PartPlan(per_cell=1)])
    Session.objects.update(is_calibration=True)
    for case in world.parts[0].cases.all():
        CaseFeedback.objects.create(case=case, text=f"An expert found {case.code} plausible.")
    sign_in(context, world, live_server.url)
    desk = Desk(page, live_server.url, world).open()
    yield desk
    assert desk.errors == []


def _comment(desk: Desk) -> str:
    code = desk.world.study.parts.get().cases.get(assignments__public_id=desk.painted).code
    return f"An expert found {code} plausible."


def test_the_comment_follows_the_answer_and_enter_goes_on(desk):
    page, comment = desk.page, _comment(desk)
    assert page.get_by_text("Practice: answers here are not counted").is_visible()
    assert page.get_by_role("button", name="Reopen the previous case").count() == 0

    assert Axe().run(page).response["violations"] == []
    desk.press("j", "Enter")
    page.get_by_text(comment).wait_for()
    assert Axe().run(page).response["violations"] == []
    desk.press("2", "j")  # dead: the answer is given
    assert Reading.objects.count() == 1
    desk.answer("Enter")

    assert page.inner_text("#feedback") == ""
    desk.press("Backspace")
    assert "stay as they are" in page.inner_text("#said")
    assert Reading.objects.get().verdict is True


def test_without_a_connection_practice_says_so_and_the_comment_follows(desk, context):
    desk.page.wait_for_load_state("networkidle")
    before, comment = desk.painted, _comment(desk)
    context.set_offline(True)

    desk.press("j", "Enter")
    desk.page.get_by_text("Your answer is kept here").wait_for()
    desk.press("Enter")
    assert desk.painted == before
    context.set_offline(False)
    desk.page.evaluate("() => dispatchEvent(new Event('online'))")

    desk.page.get_by_text(comment).wait_for()
    desk.answer("Enter")
    assert Reading.objects.count() == 1
