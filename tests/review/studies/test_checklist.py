"""Every line of a checklist that asks for something leads to where it is mended."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from review.accounts.models import User
from review.studies import services
from review.studies.errors import NotReady
from review.studies.models import Part, Session, Study
from review.studies.selectors.checklist import checklist
from tests.worlds.building import add_reader, make_domain, make_draft, make_pool, prepare

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def lines(client: Client, study: Study) -> dict[str, str]:
    """Return key -> link of what the checklist asks for; each leads to a place that there is."""
    asked = {item.key: item for item in checklist(study) if item.state != "ok"}
    home = reverse("studies:detail", args=[study.slug])
    page = client.get(home).content.decode()
    for item in asked.values():
        assert f'<a href="{item.link}">' in page, item
        path, _, anchor = item.link.partition("#")
        if anchor:
            assert path == home
            assert f'id="{anchor}"' in page, item
        else:
            assert client.get(path).status_code == 200
    return {key: item.link.removeprefix(home) for key, item in asked.items()}


@pytest.fixture
def client(editor: User) -> Client:
    client = Client()
    client.force_login(editor)
    return client


def test_an_empty_draft(client: Client, editor: User) -> None:
    study = services.create_study(actor=editor, title="Empty", domain=make_domain())
    assert lines(client, study).items() >= {("arms", "#arms"), ("parts", "#parts")}


def test_a_draft_with_faults(client: Client, editor: User) -> None:
    study = make_draft(editor, per_class=9, real=1)
    Part.objects.filter(study=study, order=1).update(calibration_count=40)
    services.add_part(actor=editor, study=study, kind="identify")  # is read first
    found = lines(client, study)
    expected = {"part-1": "#part-1", "part-2": "#part-2", "images": "#parts"}
    expected |= {"practice-2": "#part-2", "practice-verified": "#arms", "prepare": "#prepare"}
    assert found.items() >= expected.items()


def test_a_prepared_study_with_warnings_leads_back_to_the_draft(
    client: Client, editor: User
) -> None:
    study = make_draft(editor, pool_size=3)
    study.criterion_set.criteria.update(min_px=512)
    Part.objects.filter(study=study).update(control_fraction=0.2)
    add_reader(editor, study)
    study = prepare(editor, study)
    session = Session.objects.filter(part__study=study).first()
    assert session is not None
    Session.objects.filter(pk=session.pk).update(order_note={"left_out_as_known": 3})
    found = lines(client, study)
    asked = ("note", "size-1", "gallery-1", "gallery-turing", "lists")
    assert {key: found[key] for key in asked} == dict.fromkeys(asked, "#back-to-draft")
    page = client.get(reverse("studies:detail", args=[study.slug])).content.decode()
    place = page[page.index('id="back-to-draft"') :]
    assert re.search(r"^[^§]*?Back to draft</button>", place)


def test_a_prepared_study_without_readers_leads_to_the_people(client: Client, editor: User) -> None:
    study = prepare(editor, make_draft(editor))
    found = lines(client, study)
    assert (found["readers"], found["lists"]) == ("#people", "#people")


def test_readers_who_run_the_site_are_named(client: Client, editor: User) -> None:
    study = make_draft(editor)
    add_reader(editor, study, "ada")
    admin = add_reader(editor, study, "bo")
    User.objects.filter(pk=admin.user_id).update(is_staff=True)
    study = prepare(editor, study)
    assert lines(client, study)["administrators"] == "#people"
    (text,) = [item.text for item in checklist(study) if item.key == "administrators"]
    assert text.startswith(f"Administrators who read: {admin.code}. ")


@pytest.mark.parametrize("stage", ["rendering", "blocked"])
def test_a_preparation_shuts_the_design_so_lines_lead_to_its_own_place(
    client: Client, editor: User, stage: str
) -> None:
    study = make_draft(editor)
    pool = make_pool("Verified by nobody")
    services.add_arm(actor=editor, study=study, pool=pool, code="spare")
    Part.objects.filter(study=study, order=1).update(calibration_count=2)
    Study.objects.filter(pk=study.pk).update(prepare_stage=stage)
    study.refresh_from_db()
    assert lines(client, study)["practice-verified"] == "#prepare"


def told(study: Study) -> dict[str, tuple[str, str]]:
    """Return key -> (state, text) of every line."""
    return {item.key: (item.state, item.text) for item in checklist(study)}


def test_more_readings_a_case_than_readers_stop_the_activation(
    client: Client, editor: User
) -> None:
    study = make_draft(editor)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, readings_per_case=3)
    for name in ("ada", "bo"):
        add_reader(editor, study, name)
    study = prepare(editor, study)
    text = "Part 1 asks 3 readings a case; 2 readers consented. Invite 1 more or ask fewer."
    assert told(study)["readings-1"] == ("bad", text)
    assert lines(client, study)["readings-1"] == "#people"
    with pytest.raises(NotReady, match="Part 1 asks 3 readings a case"):
        services.activate_study(actor=editor, study=study)
    add_reader(editor, study, "cy")
    assert "readings-1" not in told(study)
    assert services.activate_study(actor=editor, study=study).state == Study.State.ACTIVE


def test_unequal_sides_of_a_turing_part_are_told(client: Client, editor: User) -> None:
    study = make_draft(editor)
    assert told(study)["part-2"] == ("ok", "Part 2 (real or synthetic): 8 images.")
    counts = {("real", "BAS"): 1, ("late", "BAS"): 2, ("early", "EOS"): 1}
    services.set_draws(actor=editor, part=study.parts.get(order=2), counts=counts)
    state, text = told(study)["part-2"]
    assert state == "warn"
    assert text.startswith("Part 2: 1 real and 3 synthetic images. Equal numbers tell most")
    assert lines(client, study)["part-2"] == "#part-2"


def test_a_part_of_real_images_only_is_told(client: Client, editor: User) -> None:
    study = make_draft(editor)
    for code in ("early", "late"):
        services.remove_arm(actor=editor, arm=study.arms.get(code=code))
    found = told(study)
    assert found["arms"] == ("ok", "1 arm: real.")
    assert found["part-1"][0] == "warn"
    assert found["part-1"][1].startswith("Part 1 shows real images only: ")
    assert found["part-2"][0] == "bad"
    assert lines(client, study)["part-1"] == "#part-1"
