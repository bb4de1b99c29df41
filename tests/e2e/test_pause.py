"""A reader is paused in the middle of reading: the screen says by whom, and loses nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from review.readings.models import Reading
from review.studies import services
from review.studies.models import Membership
from tests.e2e.desk import PAINTED, Desk, sign_in
from tests.worlds.building import make_user
from tests.worlds.study import PartPlan, make_study


@pytest.fixture
def desk(context, page, live_server):
    world = make_study(plans=[PartPlan("turing", per_cell=2)])
    sign_in(context, world, live_server.url)
    desk = Desk(page, live_server.url, world)
    yield desk
    assert desk.errors == []


def seat() -> Membership:
    return Membership.objects.select_related("study").get()


def test_an_editors_pause_keeps_answers_and_ends_by_itself_when_the_editor_ends_it(desk):
    editor = make_user("ada", is_staff=True)
    desk.open()
    desk.page.wait_for_load_state("networkidle")
    services.pause_reader(actor=editor, membership=seat(), reason="a question first")

    desk.answer("2")

    halt = desk.page.locator("#halt-held")
    halt.get_by_text("Only an editor ends this pause").wait_for()
    assert "1 answer not sent yet: kept on this device" in halt.inner_text()
    assert Axe().run(desk.page, context="#halt-held").response["violations"] == []
    desk.press("3")
    assert Reading.objects.count() == 0

    services.resume_reader(actor=editor, membership=seat())
    desk.page.evaluate("() => dispatchEvent(new Event('focus'))")
    desk.all_sent()
    halt.wait_for(state="hidden")
    assert Reading.objects.count() == 1
    desk.answer("4")
    desk.all_sent()
    assert Reading.objects.count() == 2


def test_a_pause_from_the_list_stops_the_open_tab_which_goes_on_from_there(
    desk, context, live_server
):
    desk.open()
    desk.page.wait_for_load_state("networkidle")
    other = context.new_page()
    other.goto(f"{live_server.url}/read/")
    other.get_by_role("button", name="Pause my reading").click()
    other.get_by_text("Paused by you").wait_for()

    desk.answer("5")

    halt = desk.page.locator("#halt-resting")
    halt.get_by_text("go on whenever you like").wait_for()
    assert Reading.objects.count() == 0
    halt.get_by_role("button", name="Go on reading").click()
    desk.page.wait_for_function(f"() => {PAINTED}")
    desk.all_sent()
    assert Reading.objects.count() == 1
    assert seat().state == "reading"
