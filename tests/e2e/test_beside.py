"""Beside the case: the reference gallery, the outline of a lesion, the point of a defect."""

import json

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from review.blinding.outline import unpack_outline
from review.catalog.storage import read_bytes
from review.readings.models import Reading
from review.studies.models import Membership, Part, Rendition, Session
from tests.e2e.desk import PAINTED, Desk, sign_in
from tests.worlds.beside import add_gallery, add_outlines
from tests.worlds.study import PartPlan, make_study

DRAWN = """() => {
  const drawn = (canvas) => canvas.width !== 300
    && canvas.getContext("2d").getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data[3];
  const all = [...document.querySelectorAll("#gallery canvas:not([hidden])")];
  return all.length > 1 && all.every(drawn);
}"""
STAYS = """() => document.activeElement === document.body
  || document.getElementById("gallery").contains(document.activeElement)"""
TABLET = {"has_touch": True, "is_mobile": True, "viewport": {"width": 1024, "height": 768}}
EDGES = """() => document.getElementById("outline").getAttribute("d")"""
WORLDS = {"cells": {}, "films": {"domain": "chest_xray", "classes": ("Mass", "Nodule")}}


def _faults(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [json.dumps([v["id"], [n["html"][:120] for n in v["nodes"]]]) for v in found]


@pytest.fixture
def at(context, page, live_server):
    desks = []

    def open_at(world) -> Desk:
        sign_in(context, world, live_server.url)
        desks.append(Desk(page, live_server.url, world).open())
        return desks[-1]

    yield open_at
    assert [error for desk in desks for error in desk.errors] == []


def _cells(**plan):
    world = make_study(plans=[PartPlan(per_cell=1, **plan)])
    add_gallery(world, per_class=5)
    return world


def _lesions(**fields):
    plans = [PartPlan("lesion", per_cell=1, fields=fields)]
    world = make_study(domain="dermatology", classes=("mel", "nv"), plans=plans)
    add_outlines(world)
    return world


def _open_gallery(desk: Desk) -> None:
    desk.press("g")
    desk.page.wait_for_selector("#gallery[open]")
    desk.page.wait_for_function(DRAWN)


def _point(reading: Reading) -> tuple[int, ...]:
    rows = reading.answers.filter(question__startswith="defect_").order_by("question")
    return tuple(rows.values_list("number", flat=True))


@pytest.mark.parametrize("kind", WORLDS)
def test_the_gallery_opens_walks_closes_and_is_counted(at, kind):
    world = make_study(plans=[PartPlan(per_cell=1)], **WORLDS[kind])
    add_gallery(world, per_class=5)
    desk = at(world)
    page, asked = desk.page, desk.page.inner_text("#question")

    _open_gallery(desk)

    title = page.inner_text("#gallery-title")
    assert title.removeprefix("Real images of ") in asked
    label = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(label).endswith("1 of 5")
    desk.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert page.evaluate(label).endswith("2 of 5")
    desk.press("j", "Enter")  # no answer key reaches the case behind the dialog
    for _ in range(8):
        desk.press("Tab")
        assert page.evaluate(STAYS)
    page.locator("#gallery .refs button").first.focus()  # eight tabs may end in the browser's bar
    desk.press("Escape")
    page.wait_for_selector("#gallery:not([open])", state="attached")
    # The browser takes the focus out of a closed dialog with the next frame.
    page.wait_for_function("() => !document.activeElement.closest('dialog')")
    _open_gallery(desk)
    page.wait_for_timeout(300)
    desk.press("g")
    page.wait_for_selector("#gallery:not([open])", state="attached")
    assert Reading.objects.count() == 0

    desk.answer("j", "Enter")
    desk.answer("j", "Enter")
    desk.all_sent()
    seen = [reading.context for reading in Reading.objects.order_by("pk")]
    assert seen[0]["gallery_opens"] == 2
    assert 300 <= seen[0]["gallery_ms"] < 60_000
    assert "gallery_opens" not in seen[1]


def test_the_gallery_is_reached_without_shortcuts(at):
    world = _cells()
    Membership.objects.update(preferences={"shortcuts": False})
    desk = at(world)
    desk.press("g")
    assert desk.page.locator("#gallery[open]").count() == 0

    desk.page.get_by_role("button", name="Reference").focus()
    desk.press("Enter")
    desk.page.wait_for_selector("#gallery[open]")
    desk.page.wait_for_function(DRAWN)
    desk.press("ArrowDown", "Escape")
    desk.page.wait_for_selector("#gallery:not([open])", state="attached")


def test_turing_has_a_dead_key_and_no_button(at):
    desk = at(make_study(plans=[PartPlan("turing", per_cell=1)]))

    desk.press("g")

    desk.page.wait_for_timeout(200)
    assert desk.page.locator("dialog[open], #gallery").count() == 0
    assert desk.page.get_by_role("button", name="Reference").count() == 0


def test_without_references_the_gallery_says_so(at):
    world = _cells()
    world.parts[0].gallery_images.all().delete()
    desk = at(world)

    desk.press("g")

    desk.page.get_by_text("no real images of this class to spare").wait_for()
    assert desk.page.locator("#gallery .refs button").count() == 0


def test_without_a_connection_the_gallery_says_so_and_the_case_stays(at, context):
    desk = at(_cells())
    desk.page.wait_for_load_state("networkidle")
    context.set_offline(True)

    desk.press("g")

    desk.page.get_by_text("needs the connection").wait_for()
    desk.answer("j", "Enter")
    context.set_offline(False)
    desk.page.evaluate("() => dispatchEvent(new Event('online'))")
    desk.all_sent()
    assert Reading.objects.count() == 1
    _open_gallery(desk)


def test_the_outline_is_that_of_the_mask_and_off_for_every_new_case(at):
    desk = at(_lesions())
    assert desk.page.evaluate(EDGES) == ""
    rendition = Rendition.objects.get(case__assignments__public_id=desk.painted)
    mask = unpack_outline(read_bytes(rendition.outline_key), 64).astype(int)
    padded = np.pad(mask, 1)
    edges = np.abs(np.diff(padded, axis=0)).sum() + np.abs(np.diff(padded, axis=1)).sum()

    desk.press("o")
    desk.page.wait_for_function(f"() => ({EDGES})() !== ''")
    assert desk.page.evaluate(EDGES).count("M") == edges > 40
    desk.press("o")
    assert desk.page.evaluate(EDGES) == ""
    desk.press("o")
    desk.page.wait_for_function(f"() => ({EDGES})() !== ''")
    desk.answer("j", "Enter")
    assert desk.page.evaluate(EDGES) == ""
    desk.all_sent()
    assert Reading.objects.get().context["outline_opens"] == 2


def test_without_masks_there_is_no_button_and_a_dead_key(at):
    world = _lesions()
    Part.objects.update(display=world.parts[0].display)
    desk = at(world)

    desk.press("o")

    assert desk.page.get_by_role("button", name="Outline").count() == 0
    assert desk.page.evaluate(EDGES) == ""


def test_a_click_marks_the_defect_and_undo_brings_it_back(at):
    desk = at(_lesions(defect_point="required"))
    page, canvas = desk.page, desk.page.locator("#image")
    box = canvas.bounding_box()
    desk.press("1", "Enter")
    assert "Mark where the defect is" in page.inner_text("#said")

    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
    assert page.evaluate("() => document.getElementById('mark').getAttribute('d')") != ""
    first = desk.answer("Enter")
    desk.all_sent()
    assert _point(Reading.objects.get()) == pytest.approx((2500, 7500), abs=40)

    desk.answer("Backspace")
    assert desk.painted == first
    page.wait_for_function("() => document.getElementById('mark').getAttribute('d') !== ''")
    desk.answer("j", "Enter")
    desk.all_sent()
    assert _point(Reading.objects.get(revision=2)) == ()


def test_a_click_in_a_zoomed_image_means_the_same_place(at):
    desk = at(_lesions())
    page, canvas = desk.page, desk.page.locator("#image")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    desk.press("+")
    desk.caption("× 10.0")
    desk.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")

    page.mouse.click(box["x"] + box["width"] - 1, box["y"] + 0.5 * box["height"])
    desk.press("1")
    desk.answer("Enter")
    desk.all_sent()

    assert _point(Reading.objects.get()) == pytest.approx((10_000, 5000), abs=60)


def test_a_drag_sets_no_point(at):
    desk = at(_lesions())
    box = desk.page.locator("#image").bounding_box()
    desk.page.mouse.move(box["x"] + 50, box["y"] + 50)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + 120, box["y"] + 90)
    desk.page.mouse.up()

    assert desk.page.evaluate("() => document.getElementById('mark').getAttribute('d')") == ""


@pytest.mark.parametrize("shortcuts", [True, False])
def test_the_crosshair_by_keyboard_alone(at, shortcuts):
    world = _lesions()
    Membership.objects.update(preferences={"shortcuts": shortcuts})
    desk = at(world)

    def press(name: str, key: str) -> None:
        desk.page.get_by_role("button", name=name).first.focus()
        desk.press(key)

    if shortcuts:
        desk.press("x")
    else:
        press("Mark defect", "Enter")
    desk.press("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowDown")
    assert "Crosshair at 54 %" in desk.page.inner_text("#said")
    desk.press("Enter", "Tab")
    desk.page.locator("#criteria .fail").first.focus()
    desk.press("Enter")
    desk.page.get_by_role("button", name="Next").focus()
    desk.answer("Enter")
    desk.all_sent()

    assert _point(Reading.objects.get()) == (5400, 5240)


def test_the_crosshair_leaves_the_mark_with_escape_and_removes_it_with_delete(at):
    desk = at(_lesions())
    mark = "() => document.getElementById('mark').getAttribute('d')"
    desk.press("1", "x", "Enter")
    set_there = desk.page.evaluate(mark)

    desk.press("x", "ArrowUp", "Escape")
    assert desk.page.evaluate(mark) == set_there != ""
    desk.press("x", "Delete")
    assert desk.page.evaluate(mark) == ""


def test_points_given_offline_arrive(at, context):
    desk = at(_lesions(defect_point="required"))
    desk.page.wait_for_load_state("networkidle")
    context.set_offline(True)
    desk.press("1", "x", "ArrowLeft", "Enter")
    desk.answer("Enter")
    desk.wait_pending(1)

    context.set_offline(False)
    desk.page.evaluate("() => dispatchEvent(new Event('online'))")
    desk.all_sent()

    assert _point(Reading.objects.get()) == (4800, 5000)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844), (320, 256)])
def test_axe_finds_nothing_beside_the_case(at, page, width, height):
    page.set_viewport_size({"width": width, "height": height})
    lesions = _lesions()
    add_gallery(lesions, per_class=3)
    desk = at(lesions)

    desk.press("1", "o", "x")
    page.wait_for_function(f"() => ({EDGES})() !== ''")
    assert _faults(page) == []
    desk.press("Enter")
    _open_gallery(desk)
    assert _faults(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


def test_films_are_not_read_on_a_tablet(browser, live_server):
    world = make_study(slug="films", domain="chest_xray", classes=("Mass",), size=32)
    tablet = browser.new_context(**TABLET)
    sign_in(tablet, world, live_server.url)
    page = tablet.new_page()

    page.goto(f"{live_server.url}/read/films/")  # a session that was begun elsewhere
    page.get_by_role("heading", name="Another screen, please").wait_for()

    Session.objects.update(started_at=None)
    page.goto(f"{live_server.url}/read/films/start")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("heading", name="Another screen, please").wait_for()
    assert _faults(page) == []
    assert Session.objects.get().started_at is None
    tablet.close()


def test_cells_are_read_on_a_tablet(browser, live_server):
    world = make_study(plans=[PartPlan(per_cell=1)])
    tablet = browser.new_context(**TABLET)
    sign_in(tablet, world, live_server.url)
    page = tablet.new_page()

    page.goto(f"{live_server.url}/read/cells/")
    page.wait_for_function(f"() => {PAINTED}")
    page.get_by_role("button", name="Plausible").tap()
    before = page.evaluate(f"() => {PAINTED}")
    page.get_by_role("button", name="Next").tap()
    page.wait_for_function(f"(old) => {PAINTED} !== old", arg=before)
    page.wait_for_function("() => document.documentElement.dataset.pending === '0'")
    assert Reading.objects.get().verdict is True
    tablet.close()


SMALL = """() => [...document.querySelectorAll("button, a, select, input")]
  .map((one) => [one.innerText || one.getAttribute("aria-label"), one.getBoundingClientRect()])
  .filter(([, box]) => box.width && Math.min(box.width, box.height) < 48)
  .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)"""


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (390, 844)])
@pytest.mark.parametrize("make", [_cells, _lesions])
def test_every_target_is_large_enough_for_a_finger(browser, live_server, make, width, height):
    world = make()
    touch = TABLET | {"viewport": {"width": width, "height": height}}
    tablet = browser.new_context(**touch)
    sign_in(tablet, world, live_server.url)
    page = tablet.new_page()
    page.goto(f"{live_server.url}/read/{world.study.slug}/")
    page.wait_for_function(f"() => {PAINTED}")

    assert page.evaluate(SMALL) == []
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    tablet.close()


@pytest.mark.parametrize("width", [900, 1280])
def test_every_view_tool_of_a_lesion_part_is_on_the_screen(at, page, width):
    page.set_viewport_size({"width": width, "height": 800})
    world = _lesions(defect_point="required")
    add_gallery(world, per_class=5)
    at(world)
    edge = page.locator("#stage").bounding_box()
    last = page.get_by_role("button", name="Raw pixels").bounding_box()
    assert last["x"] + last["width"] <= edge["x"] + edge["width"]
    assert last["y"] + last["height"] <= 800


def test_the_view_tools_of_a_film_with_references_stand_in_one_row(at, page):
    page.set_viewport_size({"width": 1280, "height": 800})
    world = make_study(domain="chest_xray", classes=("No_Finding",), plans=[PartPlan(per_cell=1)])
    add_gallery(world, per_class=5)
    at(world)
    first = page.locator(".tools button").first.bounding_box()
    last = page.locator(".tools button").last.bounding_box()
    assert first["y"] == last["y"]
