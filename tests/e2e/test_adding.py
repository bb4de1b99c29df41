"""An editor adds cases in one browser while a reader reads in another, who reads on into them."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client

from review.readings.models import Reading
from review.studies.models import Addition, Assignment, Study
from review.studies.protocol import verify_protocol
from review.studies.services.adding.working import prepare_addition
from tests.e2e.desk import Desk, sign_in
from tests.worlds.adding import REASON
from tests.worlds.building import make_active, make_user
from tests.worlds.reading import reader_at_work
from tests.worlds.study import World


@pytest.fixture
def study():
    return make_active(make_user("editor", is_staff=True), pool_size=20)


@pytest.fixture
def desk(study, context, page, live_server):
    """The reading screen of R01, who has just begun."""
    seat = study.memberships.get(code="R01")
    world = World(study, list(study.parts.order_by("order")), [seat.user], [])
    reader_at_work(study).start()
    sign_in(context, world, live_server.url)
    desk = Desk(page, live_server.url, world).open()
    yield desk
    assert desk.errors == []


@pytest.fixture
def office(study, browser, live_server):
    """A page of the editor, in a browser of their own."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    client = Client()
    client.force_login(study.created_by)
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    yield context.new_page()
    context.close()


def add(office, study: Study, url: str) -> None:
    """Add six cases as an editor does; the worker is this process."""
    office.goto(f"{url}/studies/{study.slug}/")
    office.get_by_role("link", name="Add cases").click()
    office.get_by_label("Add BAS from real to part 1").fill("2")
    office.get_by_label("Add MON from late to part 1").fill("3")
    office.get_by_label("Reason").fill(REASON)
    office.get_by_role("button", name="Draw and render").click()
    office.get_by_text("waiting for a worker").wait_for()
    assert Axe().run(office).response["violations"] == []
    prepare_addition(Addition.objects.get(study=study).pk)
    office.get_by_text("Being prepared").wait_for(state="hidden")
    if office.get_by_label("Why these cues are acceptable").count():
        office.get_by_label("Why these cues are acceptable").fill("The cells differ on purpose.")
        office.get_by_role("button", name="Override").click()
    office.get_by_text("Ready to be added").wait_for()
    assert Axe().run(office).response["violations"] == []
    office.get_by_role("button", name="Add to the study").click()
    office.get_by_text("Done: add 6 cases to part 1").wait_for()


def test_a_reader_reads_on_into_what_an_editor_adds(study, desk, office, live_server):
    page = desk.page
    page.evaluate("() => { window.neverReloaded = true; }")
    for _ in range(3):
        desk.answer("j", "Enter")
    desk.all_sent()
    before, said = desk.painted, page.inner_text("#position")
    assert said == "4 of 25 in your list"

    add(office, study, live_server.url)
    assert (desk.painted, page.inner_text("#position")) == (before, said)
    desk.answer("j", "Enter")  # the next case was here before
    desk.all_sent()
    desk.answer("j", "Enter")
    assert page.inner_text("#position") == "6 of 31 in your list"

    for _ in range(25):
        desk.answer("j", "Enter")
    assert page.inner_text("#position") == "31 of 31 in your list"
    desk.press("j", "Enter")
    page.locator("#halt-part_done[open]").wait_for()
    assert page.evaluate("() => window.neverReloaded")
    mine = Assignment.objects.filter(session__part__order=1)
    assert set(mine.values_list("state", flat=True)) == {"answered"}
    assert Reading.objects.count() == mine.count() == 31
    assert verify_protocol(Study.objects.get(pk=study.pk)) == []
