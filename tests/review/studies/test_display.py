"""Display rules and the overall verdict of a part: what an editor may set, and what is refused."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from review.accounts.models import User
from review.studies import services
from review.studies.errors import BadProtocol
from review.studies.models import Part, Study
from review.studies.protocol import verify_protocol
from review.studies.services.render import asked_display
from tests.worlds.building import add_reader, make_draft, prepare
from tests.worlds.domains import make_domain
from tests.worlds.reading import reader_at_work

pytestmark = [pytest.mark.database, pytest.mark.django_db]

WRONG = {
    "scale": (33, r"Magnification 33; take 1 to 32\."),
    "width_cm": (1.5, r"Width on a calibrated screen 1\.5 cm; take 2 to 60 cm\."),
    "px": (4, r"Display size 4 px; take 8 to 4096 px\."),
    "jpeg_quality": (101, r"JPEG quality 101; take 1 to 100\."),
    "kernel": ("lanczos", r"Kernel 'lanczos' is unknown; take bicubic or nearest\."),
    "kernel_toggle": ("yes", r"kernel_toggle is 'yes'; take yes or no\."),
    "surround": ("#ffffff", r"Unknown display rules: surround\."),
}
PRESETS = {
    "wide 70 %": r"Window preset 'wide 70 %': write full range, or narrow",
    "narrow 70 % <b>": r"Window preset 'narrow 70 % <b>': write",
    "narrow": r"Window preset 'narrow': write",
    "dark 3 %": r"Window preset 'dark 3 %'; take 5 to 99 %",
    "bright 100 %": r"Window preset 'bright 100 %'; take 5 to 99 %",
}


def draft(editor: User, domain: str = "bone_marrow", kind: str = "plausibility") -> Part:
    study = services.create_study(actor=editor, title="Shown", domain=make_domain(domain))
    return services.add_part(actor=editor, study=study, kind=kind)


@pytest.mark.parametrize("name", WRONG)
def test_a_rule_that_no_screen_follows_is_refused_by_value_and_limit(
    editor: User, name: str
) -> None:
    part, (value, words) = draft(editor), WRONG[name]
    with pytest.raises(BadProtocol, match=words):
        services.update_part(actor=editor, part=part, display={name: value})
    assert Part.objects.get(pk=part.pk).display == {}


@pytest.mark.parametrize("label", PRESETS)
def test_window_presets_keep_to_their_form(editor: User, label: str) -> None:
    part = draft(editor, "chest_xray")
    with pytest.raises(BadProtocol, match=PRESETS[label]):
        services.update_part(actor=editor, part=part, display={"window_presets": [label]})


def test_there_are_one_to_nine_different_windows(editor: User) -> None:
    part = draft(editor, "chest_xray")
    for presets, words in (
        ([], "0 window presets; take 1 to 9"),
        ([f"narrow {n} %" for n in range(10, 20)], "10 window presets; take 1 to 9"),
        (["narrow 70 %", "narrow 70 %"], "'narrow 70 %' stands twice"),
    ):
        with pytest.raises(BadProtocol, match=words):
            services.update_part(actor=editor, part=part, display={"window_presets": presets})


@pytest.mark.parametrize("rule", [{"window_presets": ["narrow 70 %"]}, {"invert": True}])
def test_only_films_have_windows(editor: User, rule: dict) -> None:
    part = draft(editor)
    with pytest.raises(BadProtocol, match="only films have windows and inversion"):
        services.update_part(actor=editor, part=part, display=rule)


def test_what_an_editor_chose_is_stored_and_copied(editor: User) -> None:
    part = draft(editor, "chest_xray")
    chosen = {
        "scale": 3, "width_cm": 24.5, "kernel": "nearest", "kernel_toggle": True, "invert": False,
        "window_presets": ["full range", "dark 30 % (lungs)"],
    }  # fmt: skip
    services.update_part(actor=editor, part=part, display=chosen, gestalt=True)
    twin = services.copy_study(actor=editor, study=Study.objects.get()).parts.get()
    assert (asked_display(twin), twin.gestalt) == (chosen, True)


@pytest.mark.parametrize("kind", ["turing", "identify", "acceptability"])
def test_an_overall_verdict_stands_beside_criteria_only(editor: User, kind: str) -> None:
    part = draft(editor, kind=kind)
    with pytest.raises(BadProtocol, match="no criteria to ask an overall verdict after"):
        services.update_part(actor=editor, part=part, gestalt=True)
    with pytest.raises(IntegrityError, match="gestalt_comes_after_criteria"), transaction.atomic():
        Part.objects.filter(pk=part.pk).update(gestalt=True)


def url(name: str, *args: object) -> str:
    return reverse(f"studies:{name}", args=args)


@pytest.fixture
def client(editor: User) -> Client:
    client = Client()
    client.force_login(editor)
    return client


FORM = {
    "switches": "1", "px": "", "jpeg_quality": "", "scale": "3", "width_cm": "12,5",
    "kernel": "nearest", "kernel_toggle": "no", "invert": "yes", "gestalt": "on",
    "window_presets": "Full range,  dark 30 %  (lungs)",
}  # fmt: skip
STORED = {
    "scale": 3, "width_cm": 12.5, "kernel": "nearest", "kernel_toggle": False, "invert": True,
    "window_presets": ["full range", "dark 30 % (lungs)"],
}  # fmt: skip


def test_the_form_stores_what_was_chosen_and_shows_it_again(client: Client, editor: User) -> None:
    part = draft(editor, "chest_xray")
    study = part.study
    empty = client.get(url("detail", study.slug)).content.decode()
    for shown in ('placeholder="2"', 'placeholder="20"', "as the domain: Catmull-Rom",
                  'placeholder="full range, narrow 70 %, narrow 50 %,'):  # fmt: skip
        assert shown in empty

    assert client.post(url("part", study.slug, 1), FORM).status_code == 302

    part.refresh_from_db()
    assert (part.display, part.gestalt) == (STORED, True)
    page = client.get(url("detail", study.slug)).content.decode()
    for shown in ('name="width_cm" value="12.5"', '<option value="nearest" selected>',
                  'value="full range, dark 30 % (lungs)"', 'name="gestalt" checked'):  # fmt: skip
        assert shown in page


def test_an_emptied_field_goes_back_to_the_domain_and_others_stay(
    client: Client, editor: User
) -> None:
    part = draft(editor, "chest_xray")
    client.post(url("part", part.study.slug, 1), FORM)
    client.post(url("part", part.study.slug, 1), {"kernel": "", "invert": ""})
    part.refresh_from_db()
    assert part.display == {k: v for k, v in STORED.items() if k not in ("kernel", "invert")}


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("scale", "2.5", "scale: &#x27;2.5&#x27; is no whole number"),
        ("scale", "40", "Magnification 40; take 1 to 32."),
        ("width_cm", "wide", "&#x27;wide&#x27; is no number such as 10 or 12.5"),
        ("width_cm", "99", "Width on a calibrated screen 99 cm; take 2 to 60 cm."),
        ("kernel_toggle", "maybe", "&#x27;maybe&#x27;; take yes or no"),
        ("window_presets", "wide 70 %", "Window preset &#x27;wide 70 %&#x27;: write full range"),
    ],
)
def test_a_refused_field_is_named_and_what_was_typed_stays(
    client: Client, editor: User, field: str, typed: str, words: str
) -> None:
    part = draft(editor, "chest_xray")
    answer = client.post(url("part", part.study.slug, 1), FORM | {field: typed})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert 'name="gestalt" checked' in page
    if field != "kernel_toggle":
        assert f'value="{typed}"' in page
    part.refresh_from_db()
    assert (part.display, part.gestalt) == ({}, False)


def test_cells_are_offered_no_windows_and_rating_parts_no_overall_verdict(
    client: Client, editor: User
) -> None:
    study = make_draft(editor)
    page = client.get(url("detail", study.slug)).content.decode()
    assert "window_presets" not in page
    assert page.count('name="gestalt"') == 1  # of the plausibility part, not of turing


def test_what_was_chosen_is_frozen_shown_on_the_protocol_and_followed_by_the_screen(
    client: Client, editor: User
) -> None:
    study = make_draft(editor)
    part = study.parts.get(order=1)
    chosen = {"scale": 5, "kernel": "nearest", "kernel_toggle": False}
    services.update_part(actor=editor, part=part, display=chosen, gestalt=True)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))

    frozen = study.protocol["parts"][0]
    assert frozen["gestalt"] is True
    assert chosen.items() <= frozen["display"].items()
    page = client.get(url("protocol", study.slug)).content.decode()
    for words in ("24 × 24 px, magnified 5 times; 10 cm wide on a calibrated screen",
                  "nearest pixel; fixed", "Catmull-Rom; readers may switch to the other",
                  "asked after the criteria, kept apart from the derived one"):  # fmt: skip
        assert words in page
    reader = reader_at_work(study)
    reader.start()
    shown = reader.config()
    assert shown["display"]["nearest"] is True
    assert (shown["display"]["scale"], shown["display"]["kernel_toggle"]) == (5, False)
    Part.objects.filter(pk=part.pk).update(display=frozen["display"] | {"scale": 9}, gestalt=False)
    assert verify_protocol(study) == [
        "parts[0].display.scale differs from the frozen protocol.",
        "parts[0].gestalt differs from the frozen protocol.",
    ]
