"""An admin measures a run: from its page to figures, closest pairs and the JSON."""

import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client

from generation.quality.models import Measurement
from generation.quality.tasks import measure_run
from tests.generation.quality.worlds import as_generated, draw_again, make_world
from tests.generation.worlds import make_admin

LOADED = "images => images.every(one => one.complete && one.naturalWidth > 0)"
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def run():
    world = make_world()
    return draw_again(world, [as_generated(world.training.images.order_by("pk").first())]).run


@pytest.fixture
def desk(context, page, live_server, run):
    """The page of the run, as an admin sees it; a script that fails fails the test."""
    client = Client()
    client.force_login(make_admin())
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{live_server.url}/runs/{run.uuid}/")
    yield page
    assert errors == []


def test_a_run_is_measured_and_its_copy_is_shown(desk):
    desk.get_by_role("link", name="Image metrics").click()
    desk.get_by_label("Features").select_option("untrained")
    desk.get_by_role("button", name="Measure").click()
    desk.get_by_text("Waiting for a free worker").wait_for()
    assert Axe().run(desk).response["violations"] == []

    row = Measurement.objects.get()
    measure_run(row.pk)
    desk.get_by_role("heading", name="Closest pairs").wait_for()  # the page asks by itself
    desk.locator("#fig-distances svg.main-svg").first.wait_for()
    desk.locator("#fig-shares svg.main-svg").first.wait_for()
    assert desk.get_by_text("1 of 24 images count as copies").count() == 1

    first = desk.locator(".pairs li").first
    first.scroll_into_view_if_needed()
    assert first.get_by_text("copy", exact=True).count() == 1
    first.locator("img").last.wait_for()
    desk.wait_for_function(f"() => ({LOADED})([...document.querySelectorAll('.pairs li img')])")
    assert Axe().run(desk).response["violations"] == []

    desk.set_viewport_size({"width": 390, "height": 800})
    assert desk.evaluate(TOO_WIDE) <= 0

    with desk.expect_download() as waiting:
        desk.get_by_role("link", name="Download as JSON").click()
    row.refresh_from_db()
    document = json.loads(Path(waiting.value.path()).read_text())
    assert document["sha256"] == row.result_sha256
