"""The image: one kernel with a Python twin, films with window and level, zoom, keys, sizes."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from review.blinding.container import unpack_film
from review.blinding.kernel import upscale_catmull_rom
from review.catalog.storage import read_bytes
from review.readings.models import Reading
from review.studies.models import Membership, Rendition, Session
from tests.e2e.desk import Desk, sign_in
from tests.worlds.study import PartPlan, make_study

KERNEL = """async ([packed, size, scale]) => {
  const { resample } = await import("/static/reader/kernel.js");
  const bytes = Uint8ClampedArray.from(atob(packed), (c) => c.charCodeAt(0));
  const side = size * scale, source = { width: size, height: size, channels: 3, data: bytes };
  const view = { scale, x: 0, y: 0, width: side, height: side };
  const out = resample(source, view, new Uint8ClampedArray(3 * side * side), 3, 255);
  let text = "";
  for (const value of out) text += String.fromCharCode(value);
  return btoa(text);
}"""
DECODE = """async (image) => {
  const { decode } = await import("/static/reader/images.js");
  return [...(await decode(image)).data];
}"""


@pytest.fixture
def at_the_desk(context, page, live_server):
    def open_at(world) -> Desk:
        sign_in(context, world, live_server.url)
        return Desk(page, live_server.url, world).open()

    return open_at


@pytest.mark.parametrize("scale", [1, 2, 3, 8])
def test_the_kernel_equals_its_python_twin_byte_for_byte(at_the_desk, scale):
    desk = at_the_desk(make_study(plans=[PartPlan("turing", 1)]))
    noise = np.random.default_rng(scale).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    packed = base64.b64encode(noise.tobytes()).decode()

    answer = base64.b64decode(desk.page.evaluate(KERNEL, [packed, 24, scale]))

    side = 24 * scale
    ours = np.frombuffer(answer, np.uint8).reshape(side, side, 3)
    assert np.array_equal(ours, upscale_catmull_rom(noise, scale))


def test_films_arrive_raw_and_are_windowed(at_the_desk):
    world = make_study(
        domain="chest_xray", classes=("Mass",), plans=[PartPlan(per_cell=1)], size=128
    )
    desk = at_the_desk(world)
    rendition = Rendition.objects.get(case__assignments__public_id=desk.painted)
    film, bits = unpack_film(read_bytes(rendition.storage_key))
    film = film.astype(float)
    image = {"url": f"/read/i/{desk.painted}", "width": 128, "height": 128, "media": "u16"}

    raw = desk.page.evaluate(DECODE, {**image, "bits": bits})
    assert np.array_equal(np.array(raw).reshape(128, 128), film)

    full = np.floor(255 * film / (2**bits - 1) + 0.5)
    assert np.array_equal(desk.read_back(128)[..., 0], full)
    desk.press("w", "i")
    low, high = 0.15 * (2**bits - 1), 0.85 * (2**bits - 1)
    narrow = np.clip(np.floor(255 * (film - low) / (high - low) + 0.5), 0, 255)
    assert np.array_equal(desk.read_back(128)[..., 0], 255 - narrow)
    assert "narrow 70 %" in desk.page.inner_text("#caption")

    desk.press("Shift+ArrowRight", "Shift+ArrowUp")
    assert "window" in desk.page.inner_text("#caption")
    desk.answer("j", "Enter")
    desk.all_sent()
    context = Reading.objects.get().context
    assert (context["invert"], context["window"]) == (True, [16, 88])


def test_zoom_pan_and_nearest_show_the_right_pixels(at_the_desk):
    desk = at_the_desk(make_study(plans=[PartPlan("turing", 1)]))
    rendition = Rendition.objects.get(case__assignments__public_id=desk.painted)
    expected = np.asarray(Image.open(io.BytesIO(read_bytes(rendition.storage_key))))

    desk.press("n")
    side = desk.page.evaluate("() => document.getElementById('image').width")
    seen = desk.on_canvas(side)[..., :3]
    times = side // 64
    assert np.array_equal(seen, expected.repeat(times, 0).repeat(times, 1))
    assert "nearest pixel" in desk.page.inner_text("#caption")
    desk.press("+")
    desk.caption("× 10.0")
    desk.press("+", "ArrowLeft", "ArrowUp", "-", "=")
    desk.answer("3")
    desk.all_sent()
    assert Reading.objects.get().context["zoom"] == pytest.approx(1.5625)


PINCH = """(widths) => {
  const canvas = document.getElementById("image"), box = canvas.getBoundingClientRect();
  canvas.setPointerCapture = () => {}; // pointers made by a script are not held
  const tell = (type, pointerId, x) => canvas.dispatchEvent(new PointerEvent(type, {
    pointerId, pointerType: "touch", bubbles: true,
    clientX: box.x + box.width / 2 + x, clientY: box.y + box.height / 2 }));
  tell("pointerdown", 1, -widths[0] / 2);
  tell("pointerdown", 2, widths[0] / 2);
  tell("pointermove", 1, -widths[1] / 2);
  tell("pointermove", 2, widths[1] / 2);
  tell("pointerup", 1, -widths[1] / 2);
  tell("pointerup", 2, widths[1] / 2);
}"""


def test_two_fingers_zoom_the_image_and_one_never_leaves_the_case(at_the_desk):
    desk = at_the_desk(make_study(plans=[PartPlan("turing", 1)]))
    before = desk.painted
    desk.page.locator("#image").hover()
    desk.page.wait_for_function("() => document.getElementById('image').onpointermove")

    desk.page.evaluate(PINCH, [100, 200])
    desk.caption("× 16.0")
    desk.page.mouse.down()
    desk.page.mouse.move(0, 300)
    desk.page.mouse.up()

    assert desk.painted == before
    assert Reading.objects.count() == 0


def test_true_size_after_calibration(at_the_desk):
    desk = at_the_desk(make_study(plans=[PartPlan("turing", 1)]))
    desk.page.evaluate("() => localStorage.setItem('semblance.px_per_cm', '40')")

    desk.open()

    width = desk.page.evaluate("() => document.getElementById('image').clientWidth")
    assert width == 400  # 10 cm of the domain's display rules
    assert "10.0 cm on screen" in desk.page.inner_text("#caption")


def shown_by(rules: dict, domain: str = "bone_marrow", classes: tuple = ("BAS",), size: int = 64):
    """Return a world whose part has display rules of its own."""
    fields = {"display": {"px": size, "film": domain == "chest_xray", **rules}}
    plan = PartPlan("turing", per_cell=1, fields=fields)
    return make_study(domain=domain, classes=classes, size=size, plans=[plan])


def test_a_part_may_start_with_raw_pixels_at_its_own_magnification_and_keep_them(at_the_desk):
    rules = {"kernel": "nearest", "kernel_toggle": False, "scale": 3}
    desk = at_the_desk(shown_by(rules))
    desk.caption("nearest pixel · × 3.0")
    assert desk.page.locator("#image").bounding_box()["width"] == 192
    seen = desk.on_canvas(192)[..., :3]
    rendition = Rendition.objects.get(case__assignments__public_id=desk.painted)
    expected = np.asarray(Image.open(io.BytesIO(read_bytes(rendition.storage_key))))
    assert np.array_equal(seen, expected.repeat(3, axis=0).repeat(3, axis=1))
    desk.press("n", "r")
    assert "nearest pixel" in desk.page.inner_text("#caption")
    assert desk.page.locator('[data-act="kernel"]').count() == 0
    desk.answer("5")
    desk.all_sent()
    assert Reading.objects.get().context["kernel"] == "nearest"


def test_raw_pixels_at_the_start_may_be_switched_and_come_back_with_a_reset(at_the_desk):
    desk = at_the_desk(shown_by({"kernel": "nearest", "kernel_toggle": True}))
    desk.caption("nearest pixel")
    desk.press("n")
    desk.caption("Catmull-Rom")
    desk.press("r")
    desk.caption("nearest pixel")
    assert "Catmull-Rom" not in desk.page.inner_text("#caption")


def test_a_part_of_films_has_its_own_windows_and_may_forbid_inversion(at_the_desk):
    rules = {"window_presets": ["narrow 50 %", "dark 30 % (lungs)"], "invert": False}
    desk = at_the_desk(shown_by(rules, "chest_xray", ("Mass",), 128))
    desk.caption("narrow 50 %")
    desk.press("w")
    desk.caption("dark 30 % (lungs)")
    desk.press("i")
    assert "inverted" not in desk.page.inner_text("#caption")
    assert desk.page.get_by_role("button", name="Invert").count() == 0
    desk.page.get_by_role("button", name="Reset", exact=True).click()
    desk.caption("narrow 50 %")
    desk.press("w")
    desk.answer("5")
    desk.all_sent()
    context = Reading.objects.get().context
    assert (context["window"], context["invert"]) == ([0, 30], False)


def test_full_forms_ask_for_every_criterion(at_the_desk):
    desk = at_the_desk(make_study(plans=[PartPlan(per_cell=1, full_form=True)]))
    desk.press("2", "Enter")
    assert "8 still open" in desk.page.inner_text("#said")

    desk.press("Shift+Digit5")
    desk.answer("j", "Enter")
    desk.all_sent()

    said = dict(Reading.objects.get().answers.values_list("question", "choice"))
    assert said["criterion:nucleus"] == "fails"
    assert said["criterion:chromatin"] == "not_judgeable"
    assert len(said) == 9


def test_after_a_click_on_a_criterion_enter_goes_to_the_case(at_the_desk):
    desk = at_the_desk(make_study(plans=[PartPlan(per_cell=1)]))
    desk.page.locator("#criteria .fail").nth(1).click()
    first = desk.answer("Enter")
    desk.all_sent()
    assert Reading.objects.get(assignment__public_id=first).verdict is False


def test_the_class_picker_opens_and_its_choice_is_stored(at_the_desk):
    desk = at_the_desk(make_study(plans=[PartPlan(per_cell=1)]))
    desk.press("j", "9")
    desk.page.keyboard.type("mono")
    desk.answer("Enter")
    desk.all_sent()

    reading = Reading.objects.get()
    assert reading.verdict is True  # a good cell of another class is plausible
    assert reading.answers.get(question="class").choice == "MON"


def test_identify_is_answered_by_typing(at_the_desk):
    desk = at_the_desk(make_study(plans=[PartPlan("identify", 1)]))
    assert "Basophil" not in desk.page.inner_text(".ask")
    desk.page.keyboard.type("eos")
    desk.answer("Enter")
    desk.all_sent()

    assert Reading.objects.get().answers.get().choice == "EOS"


def test_shortcuts_can_be_moved_and_switched_off(at_the_desk):
    desk = at_the_desk(make_study(plans=[PartPlan(per_cell=1)]))
    page = desk.page
    page.goto(f"{desk.url}/read/cells/shortcuts")
    page.select_option("[name=plausible]", "KeyP")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/read/cells/")
    desk.open().press("j")
    assert page.inner_text("#verdict") == ""
    desk.answer("p", "Enter")
    desk.all_sent()  # what is written here must not fall into the answer's transaction

    seat = Membership.objects.get()
    seat.preferences = {"shortcuts": False}
    seat.save()
    desk.open().press("p", "j", "Enter")
    assert page.inner_text("#verdict") == ""
    page.get_by_role("button", name="Plausible").focus()
    page.keyboard.press("Enter")
    before = desk.painted
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("(a) => document.documentElement.dataset.painted !== a", arg=before)
    desk.all_sent()
    assert Reading.objects.count() == 2


def tab_to(page, wanted: str) -> None:
    """Walk with the tabulator to what matches a selector."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"{wanted} is not reached with the tabulator")


def read_by_tabulator(desk: Desk, cases: int, *controls: str) -> None:
    """Answer cases by walking to these controls; wait for the next case after each but the last."""
    after = "(a) => document.documentElement.dataset.painted !== a"
    for left in range(cases, 0, -1):
        before = desk.painted
        for control in controls:
            tab_to(desk.page, control)
            desk.press("Enter")
        if left > 1:
            desk.page.wait_for_function(after, arg=before)


def test_a_whole_study_by_tabulator_with_shortcuts_off(at_the_desk):
    world = make_study(plans=[PartPlan(per_cell=1), PartPlan("turing", per_cell=1)])
    world.study.memberships.filter(role="reader").update(preferences={"shortcuts": False})
    desk = at_the_desk(world)
    read_by_tabulator(desk, 6, "[data-act=plausible]", "[data-act=commit]")
    desk.page.get_by_role("heading", name="Part 1 is finished").wait_for()
    read_by_tabulator(desk, 1, "#halt-part_done .go")
    desk.page.wait_for_function(
        "() => document.querySelector('#scale') && document.documentElement.dataset.painted"
    )
    read_by_tabulator(desk, 6, "#scale [data-value='2']")
    desk.page.get_by_text("You have read every case").wait_for()
    assert Reading.objects.count() == 12
    assert Membership.objects.get().state == "complete"


def test_a_session_starts_with_a_look_at_the_screen(context, page, live_server):
    world = make_study(plans=[PartPlan(per_cell=1)])
    Session.objects.update(started_at=None)
    sign_in(context, world, live_server.url)

    page.goto(f"{live_server.url}/read/cells/")
    page.select_option("[name=blue_patch]", "3")
    page.select_option("[name=pink_patch]", "2")
    page.get_by_role("button", name="Start reading").press("Enter")
    page.wait_for_function("() => document.documentElement.dataset.painted")

    found = Session.objects.get().display_check
    assert found["viewport"] == "1280x800"
    assert (found["dpr"], found["passed"]) == (1.0, True)
    assert found["colour_depth"] >= 24
