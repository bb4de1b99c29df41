"""kill -9 of the web server while somebody reads: every answer once, and the reader is told."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from review.readings.models import Reading
from tests.e2e.desk import Desk, sign_in
from tests.faults.site import STUDY, Site
from tests.worlds.study import PartPlan, make_study

pytestmark = pytest.mark.workers
READINGS = "select count(*), count(distinct assignment_id), max(revision) from readings_reading"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "var")
    site.var.mkdir()
    yield site
    site.kill_all()


def test_a_killed_server_loses_and_doubles_nothing(context, page, site):
    cookie = site.build(readers=1, cases=30)[0]
    web = site.start_web()
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": site.url}])
    desk = Desk(page, site.url, SimpleNamespace(study=SimpleNamespace(slug=STUDY))).open()
    desk.answer("j", "Enter")
    desk.all_sent()
    page.wait_for_load_state("networkidle")

    os.killpg(web.pid, signal.SIGSTOP)  # answers hang in a server that will never see them
    desk.answer("j", "Enter")
    desk.answer("2", "Enter")
    desk.wait_pending(2)
    assert page.inner_text("#status") == "Sending 2 answers"
    site.kill_web(web)
    page.get_by_text("Offline: 2 answers kept here").wait_for()
    desk.answer("j", "Enter")
    page.get_by_text("Offline: 3 answers kept here").wait_for()

    web = site.start_web()
    desk.all_sent()
    page.get_by_text("All answers stored").wait_for()
    assert site.rows(READINGS) == [(4, 4, 1)]

    # Stored, but the server dies before it can say so: sent again, and taken as the same answer.
    def die_after_storing(route) -> None:
        assert route.fetch().json()["status"] == "stored"
        site.kill_web(web)
        route.abort()

    desk.page.wait_for_load_state("networkidle")
    page.route("**/submit", die_after_storing, times=1)
    desk.answer("j", "Enter")
    page.get_by_text("Offline: 1 answer kept here").wait_for()
    assert site.rows(READINGS) == [(5, 5, 1)]
    site.start_web()
    desk.all_sent()

    assert site.rows(READINGS) == [(5, 5, 1)]
    assert desk.errors == []


def test_an_answer_is_sent_again_when_the_database_is_away(context, page, live_server):
    world = make_study(plans=[PartPlan("turing", per_cell=1)])
    sign_in(context, world, live_server.url)
    desk = Desk(page, live_server.url, world).open()
    refused = []

    def away(route) -> None:
        refused.append(route.request.post_data_json["key"])
        body = {"error": "database_away", "message": "The database is not answering."}
        route.fulfill(status=503, json=body, headers={"Retry-After": "2"})

    page.route("**/submit", away, times=2)
    desk.answer("4")
    desk.all_sent()

    reading = Reading.objects.get()
    assert refused == [str(reading.idempotency_key)] * 2
    assert desk.errors == []
