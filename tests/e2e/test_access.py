"""Everybody can read: axe finds nothing, 400 % zoom reflows, no request leaves the site."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from review.studies.models import Membership, Session
from tests.e2e.desk import Desk, sign_in
from tests.worlds.study import PartPlan, make_study

KINDS = ("plausibility", "turing", "acceptability", "identify")


def _faults(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [json.dumps([v["id"], [n["html"][:120] for n in v["nodes"]]]) for v in found]


@pytest.mark.parametrize(
    ("kind", "width"),
    [(kind, 1280) for kind in KINDS] + [("plausibility", 390), ("turing", 390)],
)
def test_axe_finds_nothing_on_the_reading_screen(context, page, live_server, kind, width):
    world = make_study(plans=[PartPlan(kind, 1)])
    sign_in(context, world, live_server.url)
    page.set_viewport_size({"width": width, "height": 800})
    desk = Desk(page, live_server.url, world).open()

    assert _faults(page) == []
    if kind == "plausibility":
        desk.press("2", "Shift+Digit3", "Enter")
        assert _faults(page) == []
    for key in ("?", "b", "c", "m", "f"):
        page.get_by_role("button", name="Break").focus()
        desk.press(key)
        page.wait_for_selector("dialog[open]")
        assert _faults(page) == [], key
        desk.press("Escape")


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_what_stops_the_reading(context, page, live_server, width):
    world = make_study(plans=[PartPlan("plausibility", 1)])
    sign_in(context, world, live_server.url)
    page.set_viewport_size({"width": width, "height": 800})
    Desk(page, live_server.url, world).open()
    halts = page.eval_on_selector_all("dialog.halt", "(all) => all.map((one) => one.id)")

    assert len(halts) >= 8
    for name in halts:
        page.evaluate("(id) => document.getElementById(id).showModal()", name)
        assert _faults(page) == [], name
        page.evaluate("(id) => document.getElementById(id).close()", name)


def test_axe_finds_nothing_around_the_reading(context, page, live_server):
    world = make_study(plans=[PartPlan(per_cell=1)])
    films = make_study(slug="films", domain="chest_xray", classes=("Mass",), size=32)
    Membership.objects.filter(study=films.study).update(user=world.readers[0])
    Session.objects.update(started_at=None)
    sign_in(context, world, live_server.url)

    paths = ["", "cells/start", "films/start", "cells/consent", "cells/shortcuts"]
    for path in paths:
        page.goto(f"{live_server.url}/read/{path}")
        assert _faults(page) == [], path
    Session.objects.update(finished_at=world.study.activated_at)
    page.goto(f"{live_server.url}/read/cells/")
    page.get_by_text("You have read every case").wait_for()
    assert _faults(page) == []


@pytest.mark.parametrize(("width", "height"), [(320, 256), (390, 844), (1280, 800), (640, 400)])
@pytest.mark.parametrize("kind", ["plausibility", "turing"])
def test_nothing_is_cut_off_at_any_size(context, page, live_server, kind, width, height):
    world = make_study(plans=[PartPlan(kind, 1)])
    sign_in(context, world, live_server.url)
    page.set_viewport_size({"width": width, "height": height})
    Desk(page, live_server.url, world).open()

    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    main = "#scale button:last-child" if kind == "turing" else '[data-act="commit"]'
    page.locator(main).scroll_into_view_if_needed()
    box = page.locator(main).bounding_box()
    assert box["height"] >= 48
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.locator("#image").bounding_box()["width"] >= 100


def test_no_request_leaves_the_site_and_nothing_is_refused(context, page, live_server):
    world = make_study(plans=[PartPlan(per_cell=1)])
    sign_in(context, world, live_server.url)
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    desk = Desk(page, live_server.url, world).open()

    desk.answer("j", "Enter")
    desk.all_sent()

    assert all(url.startswith((live_server.url, "data:", "blob:")) for url in asked)
    assert said == []
