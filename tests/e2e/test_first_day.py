"""What trips a reader on the first day: no way on, dead keys, an image out of sight, lost words."""

import pytest

from review.readings.models import CaseFlag, Reading
from review.studies.models import CaseFeedback, Membership, Session
from tests.e2e.desk import Desk, sign_in
from tests.worlds.study import PASSWORD, PartPlan, make_study


@pytest.fixture
def at_the_desk(context, page, live_server):
    desks = []

    def open_at(*plans: PartPlan, **world) -> Desk:
        made = make_study(plans=plans, **world)
        sign_in(context, made, live_server.url)
        desks.append(Desk(page, live_server.url, made).open())
        return desks[0]

    yield open_at
    assert desks[0].errors == []


def test_practice_of_a_rating_part_goes_on_without_a_key(context, page, live_server):
    world = make_study(plans=[PartPlan("acceptability", 1)])
    Session.objects.update(is_calibration=True)
    for case in world.parts[0].cases.all():
        CaseFeedback.objects.create(case=case, text="An expert would accept it.")
    sign_in(context, world, live_server.url)
    desk = Desk(page, live_server.url, world).open()
    before = desk.painted

    page.click("#scale [data-value='4']")
    page.get_by_text("An expert would accept it.").wait_for()
    page.get_by_role("button", name="Next").click()

    page.wait_for_function("(a) => document.documentElement.dataset.painted !== a", arg=before)
    assert page.inner_text("#feedback") == ""


def test_backspace_and_signs_act_while_the_list_of_classes_has_the_focus(at_the_desk):
    desk = at_the_desk(PartPlan("identify", 1))
    page = desk.page
    page.keyboard.type("eos")
    first = desk.answer("Enter")

    desk.press("Backspace")
    page.wait_for_function("(a) => document.documentElement.dataset.painted === a", arg=first)
    assert page.locator("#reopened").is_visible()
    assert page.input_value("#class-choice") == "EOS"
    page.focus("#class-choice")
    desk.press("?")
    page.get_by_role("heading", name="Help").wait_for()


@pytest.mark.parametrize("kind", ["plausibility", "identify", "turing"])
def test_the_next_image_is_in_sight_at_400_percent(at_the_desk, page, kind):
    page.set_viewport_size({"width": 320, "height": 256})
    desk = at_the_desk(PartPlan(kind, 1))
    in_sight = "() => document.getElementById('image').getBoundingClientRect().top >= 0"
    assert page.evaluate(in_sight)
    before = desk.painted

    if kind == "identify":
        page.select_option("#class-choice", "EOS")
    clicks = {"plausibility": ["[data-act=plausible]"], "turing": ["#scale [data-value='2']"]}
    for control in clicks.get(kind, []):
        page.click(control)
    if kind != "turing":
        page.click("[data-act=commit]")

    page.wait_for_function("(a) => document.documentElement.dataset.painted !== a", arg=before)
    assert page.evaluate(in_sight)


def test_a_double_click_answers_one_case(at_the_desk, page):
    desk = at_the_desk(PartPlan("turing", 2))
    before = desk.painted
    box = page.locator("#scale [data-value='5']").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    for clicks in (1, 2):
        page.mouse.down(click_count=clicks)
        page.mouse.up(click_count=clicks)
        page.wait_for_function("(a) => document.documentElement.dataset.painted !== a", arg=before)
    desk.all_sent()

    page.wait_for_timeout(300)
    assert Reading.objects.count() == 1
    page.click("#scale [data-value='5']")
    page.wait_for_function("() => document.getElementById('position').textContent[0] === '3'")


def test_a_reopened_case_says_that_it_could_not_be_judged_and_why(at_the_desk, page):
    desk = at_the_desk(PartPlan(per_cell=1))
    desk.press("c")
    page.get_by_label("Out of focus or blurred").check()
    desk.answer("Enter")
    desk.press("Backspace")

    said = "You said: cannot judge (Out of focus or blurred)"
    assert page.inner_text("#verdict") == said
    desk.all_sent()
    desk.open()
    desk.press("Backspace")
    assert page.inner_text("#verdict") == said
    desk.press("j")
    assert page.inner_text("#verdict") == "Plausible"


def test_moved_keys_are_told_before_and_during_the_reading(at_the_desk, page):
    desk = at_the_desk(PartPlan(per_cell=1))
    page.goto(f"{desk.url}/read/cells/shortcuts")
    page.select_option("[name=plausible]", "KeyP")
    page.select_option("[name=commit]", "KeyZ")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/read/cells/")
    assert "shortcuts are saved" in page.inner_text("#said")
    desk.answer("p", "z")
    desk.press("Backspace")
    assert "Z revises" in page.inner_text("#reopened")
    desk.all_sent()

    page.goto(f"{desk.url}/read/cells/start")
    keys = page.locator("table.keys th").all_inner_texts()
    assert "P" in keys
    assert "Z" in keys
    assert "J" not in keys
    assert "shortcuts are saved" not in page.inner_text("main")
    Membership.objects.update(preferences={"shortcuts": False})
    page.reload()
    assert "Shortcuts are switched off" in page.inner_text("main")


def test_help_holds_the_whole_note_on_the_class(at_the_desk, page):
    desk = at_the_desk(PartPlan(per_cell=1), classes=("EOS",))
    note = page.locator("#class-note")
    assert note.evaluate("(note) => note.scrollHeight > note.clientHeight"), "it is cut off"
    desk.press("?")
    assert str(note.text_content()) in page.inner_text("#help")


def test_who_finds_another_account_signed_in_gets_back_to_their_own(context, page, live_server):
    world = make_study(plans=[PartPlan("turing", 2)], readers=2)
    sign_in(context, world, live_server.url)
    desk = Desk(page, live_server.url, world).open()
    page.wait_for_load_state("networkidle")
    sign_in(context, world, live_server.url, reader=1)
    page.keyboard.press("5")
    page.get_by_text("Somebody else is signed in").wait_for()

    with context.expect_page() as opened:
        page.locator("dialog[open] a").click()
    form = opened.value
    form.get_by_role("main").get_by_role("button", name="Sign Out").click()
    form.fill("input[name=login]", world.readers[0].email)
    form.fill("input[name=password]", PASSWORD)
    form.keyboard.press("Enter")
    form.wait_for_url(lambda url: url.endswith("/read/cells/") and "/login" not in url)
    form.close()
    page.evaluate("() => dispatchEvent(new Event('focus'))")
    desk.all_sent()
    assert Reading.objects.get().assignment.session == world.sessions[0][0]


def test_help_can_be_read_at_400_percent(at_the_desk, page):
    page.set_viewport_size({"width": 320, "height": 256})
    desk = at_the_desk(PartPlan(per_cell=1))
    desk.press("?")
    page.get_by_role("heading", name="Help").wait_for()

    ends = page.locator("#help .ends")
    assert ends.bounding_box()["y"] > 256, "the buttons stand below the text, not on it"
    ends.get_by_role("button", name="Close").click()
    assert page.locator("dialog[open]").count() == 0


def test_a_flag_set_by_mistake_is_taken_back_before_the_commit(at_the_desk, page):
    desk = at_the_desk(PartPlan("turing", 1))
    for digit, flags in (("1", "Technical fault"), ("2", "Technical fault; I recognise")):
        desk.press("f", digit, "Enter")
        page.get_by_text(f"With flag: {flags}").wait_for()

    desk.press("f")
    wrong = page.get_by_role("button", name="Take back: Technical fault")
    box = wrong.bounding_box()
    assert min(box["width"], box["height"]) >= 48
    wrong.click()
    page.get_by_text("The flag is taken back").wait_for()
    assert page.locator("dialog[open]").count() == 0
    assert page.inner_text("#extras") == "With flag: I recognise this image"
    desk.press("f", "Shift+Tab", "Enter")  # by keyboard alone
    page.wait_for_function("() => !document.getElementById('extras').textContent")
    # The browser takes the focus out of a closed dialog with the next frame.
    page.wait_for_function("() => !document.activeElement.closest('dialog')")
    desk.press("f", "3", "Enter")
    page.get_by_text("flag: Seen before").wait_for()
    desk.answer("4")
    desk.all_sent()
    assert list(CaseFlag.objects.values_list("kind", flat=True)) == ["duplicate"]

    desk.answer("Backspace")
    desk.press("f")
    page.get_by_text("Flagged already: Seen before").wait_for()
    assert page.get_by_role("button", name="Take back").count() == 0  # it is stored


@pytest.mark.parametrize("key", ["c", "f"])
def test_nothing_is_chosen_for_the_reader(at_the_desk, page, key):
    desk = at_the_desk(PartPlan("turing", 1))
    before = desk.painted
    desk.press(key, "Enter")
    page.wait_for_timeout(200)
    first = page.locator("dialog[open] input").first
    assert first.evaluate("(radio) => radio === document.activeElement && !radio.checked")
    assert not page.locator("dialog[open] form").evaluate("(form) => form.checkValidity()")
    desk.press("2", "Enter")

    if key == "f":
        page.get_by_text("flag: I recognise").wait_for()
        desk.answer("4")
    page.wait_for_function("(a) => document.documentElement.dataset.painted !== a", arg=before)
    desk.all_sent()
    assert Reading.objects.get().reason == ("blurred" if key == "c" else "")
    assert [flag.kind for flag in CaseFlag.objects.all()] == (["recognised"] if key == "f" else [])


def test_something_else_asks_for_a_note(at_the_desk, page):
    desk = at_the_desk(PartPlan("turing", 1))
    before = desk.painted
    desk.press("c", "6", "Enter")
    note = page.locator("#ask-reason textarea")
    assert note.evaluate("(field) => field.validationMessage") == "Please say in a note what it is."
    assert desk.painted == before

    note.fill("6 of them")
    page.get_by_role("button", name="Cannot judge, next").click()
    page.wait_for_function("(a) => document.documentElement.dataset.painted !== a", arg=before)
    desk.all_sent()
    assert Reading.objects.get().reason == "other"
    assert Reading.objects.get().answers.get().text == "6 of them"


PLACES = """() => JSON.stringify(
  [...document.querySelectorAll("#question, .commit, .thumbs button, #image")]
    .map((one) => one.getBoundingClientRect()))"""


@pytest.mark.parametrize("full_form", [False, True])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844), (320, 640)])
def test_a_reopened_case_is_left_by_a_finger_and_nothing_moves(
    at_the_desk, page, width, height, full_form
):
    page.set_viewport_size({"width": width, "height": height})
    desk = at_the_desk(PartPlan(per_cell=1, full_form=full_form), classes=("EOS",))
    page.click("[data-act=cannot_judge]")
    page.get_by_label("Cut off or covered").check()
    before = desk.painted
    page.get_by_role("button", name="Cannot judge, next").click()
    page.wait_for_function("(a) => document.documentElement.dataset.painted !== a", arg=before)
    places = page.evaluate(PLACES)

    desk.answer("Backspace")
    assert page.evaluate(PLACES) == places
    leave = page.get_by_role("button", name="Leave it")
    box, kind = leave.bounding_box(), page.locator(".kind").bounding_box()
    assert box["height"] >= 48
    assert box["width"] >= 48
    assert box["x"] + box["width"] <= width
    mark = page.locator("#reopened .mark").bounding_box()
    assert mark["y"] + mark["height"] <= kind["y"] + kind["height"] + 1
    for y in (1, 46):  # nothing lies over it
        leave.click(trial=True, position={"x": box["width"] / 2, "y": y})
    before = desk.painted
    leave.click()
    page.wait_for_function("(a) => document.documentElement.dataset.painted !== a", arg=before)
    assert page.evaluate(PLACES) == places
    assert not leave.is_visible()


def test_a_server_that_answers_with_errors_is_told_until_it_recovers(at_the_desk, page):
    desk = at_the_desk(PartPlan("turing", 1))
    page.wait_for_load_state("networkidle")
    page.route("**/submit", lambda route: route.fulfill(status=500, body="fault"))
    desk.answer("5")
    desk.answer("4")
    status = page.locator("#status")
    page.get_by_text("The server does not answer: 2 answers kept here").wait_for()
    box = status.bounding_box()
    assert box["x"] + box["width"] <= page.locator(".bar-tools").bounding_box()["x"]
    assert page.locator(".bar").bounding_box()["height"] <= 51

    page.unroute("**/submit")
    desk.all_sent()
    page.get_by_text("All answers stored").wait_for()
    assert Reading.objects.count() == 2


def test_an_image_that_the_server_does_not_give_is_told(context, page, live_server):
    world = make_study(plans=[PartPlan("turing", 1)])
    sign_in(context, world, live_server.url)
    page.route("**/read/i/*", lambda route: route.fulfill(status=500, body="fault"))
    page.goto(f"{live_server.url}/read/cells/")
    page.get_by_text("The server does not answer; it is asked again").wait_for()

    page.unroute("**/read/i/*")
    page.wait_for_function("() => document.documentElement.dataset.painted")
    assert not page.locator("#cover").is_visible()


def test_a_note_that_was_dismissed_stands_there_again(at_the_desk, page):
    desk = at_the_desk(PartPlan("turing", 1))
    desk.press("m")
    page.keyboard.type("a long note")
    desk.press("Escape")
    page.get_by_text("Not kept yet").wait_for()
    assert page.inner_text("#extras") == ""

    desk.press("m")
    page.keyboard.press("End")
    page.keyboard.type(" on it")
    desk.press("Control+Enter")
    page.get_by_text("With note").wait_for()
    desk.answer("5")
    desk.press("m")
    assert page.locator("#ask-note textarea").input_value() == ""  # another case
    desk.press("Escape")
    desk.all_sent()
    note = Reading.objects.get().answers.get(question="note")
    assert note.text == "a long note on it"


BOUNCE = """(code) => {
  let at = 0;
  addEventListener("keydown", (event) => event.isTrusted && (at = performance.now()), true);
  window.bounced = new Promise((done) => new MutationObserver((_, observer) => {
    const isSoon = performance.now() - at < 150;
    observer.disconnect();
    if (isSoon) document.body.dispatchEvent(
      new KeyboardEvent("keydown", { code, bubbles: true, cancelable: true }));
    setTimeout(() => done(isSoon), 50);
  }).observe(document.documentElement, { attributeFilter: ["data-painted"] }));
}"""


@pytest.mark.parametrize(("keys", "code"), [(("5",), "Digit5"), (("j", "k"), "KeyK")])
def test_a_key_that_bounces_answers_one_case(at_the_desk, page, keys, code):
    gestalt = PartPlan(per_cell=1, fields={"gestalt": True})
    desk = at_the_desk(gestalt if len(keys) > 1 else PartPlan("turing", 1))
    for place in range(2, 5):  # a slow machine may paint too late for a bounce
        page.evaluate(BOUNCE, code)
        desk.press(*keys)
        in_time = page.evaluate("() => window.bounced")
        assert page.inner_text("#position").startswith(f"{place} of ")
        assert page.inner_text("#said") == ""
        page.wait_for_timeout(250)
        if in_time:
            break
    assert in_time
    desk.answer(*keys)  # later it counts
    assert page.inner_text("#position").startswith(f"{place + 1} of ")


def test_buttons_print_no_letter_that_the_list_of_classes_takes(at_the_desk, page):
    desk = at_the_desk(PartPlan("identify", 1))
    shown = page.locator("button:visible kbd:visible").all_inner_texts()
    assert "".join(shown).isalpha() is False
    assert not [sign for sign in shown if sign.isalpha()], shown
    desk.press("?")
    assert "Tab leaves the list" in page.inner_text("#help")
    desk.press("Escape")
    page.focus("#class-choice")
    desk.press("Tab", "m")
    assert page.locator("#ask-note[open]").count() == 1


def test_without_a_case_nothing_is_lit_and_keys_say_so(at_the_desk, page, context):
    desk = at_the_desk(PartPlan(per_cell=1))
    page.wait_for_load_state("networkidle")
    context.set_offline(True)
    while desk.painted and not page.locator("html[data-empty]").count():
        before = desk.painted
        desk.press("j", "Enter")
        page.wait_for_function(
            "(a) => document.documentElement.dataset.painted !== a"
            " || 'empty' in document.documentElement.dataset",
            arg=before,
        )
    page.get_by_text("kept on this device, to be sent").wait_for()
    assert page.locator(".commit [aria-pressed=true]").count() == 0
    desk.press("j")
    assert "no case here now" in page.inner_text("#said")


def test_the_place_in_the_list_fits_on_a_telephone(at_the_desk, page):
    page.set_viewport_size({"width": 320, "height": 640})
    at_the_desk(PartPlan("turing", 6))
    place = page.locator("#place")
    assert place.inner_text().strip() == "1 of 36"
    assert place.evaluate("(place) => place.scrollWidth <= place.clientWidth")
