"""Which findings a part asks: chosen on the page, frozen with the protocol, copied to its cases."""

import pytest
from django.test import Client
from django.urls import reverse

from review.accounts.models import User
from review.catalog.models import ImageAsset
from review.studies import services
from review.studies.errors import BadProtocol, StudyFrozen
from review.studies.models import Case, Part, Study
from review.studies.protocol import build_protocol, canonical_sha256, verify_protocol
from tests.worlds.building import add_reader, make_active, make_draft, prepare

pytestmark = [pytest.mark.database, pytest.mark.django_db]
ASKED = ["BAS", "MON"]


def plausibility(study: Study) -> Part:
    return study.parts.get(kind="plausibility")


def test_an_editor_chooses_findings_on_the_page(editor: User) -> None:
    study = make_draft(editor)
    client = Client()
    client.force_login(editor)
    sent = {"findings_offered": "1", "findings": ASKED}
    client.post(reverse("studies:part", args=[study.slug, 1]), sent)

    page = client.get(reverse("studies:detail", args=[study.slug])).content.decode()

    assert plausibility(study).findings == ASKED
    assert "Findings asked one by one: 2" in page
    assert 'name="findings" value="BAS" checked' in page

    client.post(reverse("studies:part", args=[study.slug, 1]), {"findings_offered": "1"})
    assert plausibility(study).findings == []


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (["BAS", "BAS"], "each of them once"),
        (["ART"], "no evaluated class"),
        (["nonsense"], "no evaluated class"),
        ([*"ABCDEFGHIJ"], "at most 9"),
    ],
)
def test_codes_outside_the_domain_and_long_lists_are_refused(editor, codes, words) -> None:
    with pytest.raises(BadProtocol, match=words):
        services.update_part(actor=editor, part=plausibility(make_draft(editor)), findings=codes)


def test_a_part_of_one_key_asks_no_findings(editor: User) -> None:
    turing = make_draft(editor).parts.get(kind="turing")
    with pytest.raises(BadProtocol, match="one key"):
        services.update_part(actor=editor, part=turing, findings=ASKED)


def test_findings_are_frozen_with_the_protocol_and_drawn_with_the_image(editor: User) -> None:
    study = make_draft(editor)
    services.update_part(actor=editor, part=plausibility(study), findings=ASKED)
    ImageAsset.objects.update(findings=["LYT"])
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))

    assert set(map(tuple, Case.objects.values_list("findings", flat=True))) == {("LYT",)}
    assert study.protocol["parts"][0]["findings"] == ASKED
    with pytest.raises(StudyFrozen):
        services.update_part(actor=editor, part=plausibility(study), findings=["BAS"])
    Part.objects.filter(study=study).update(findings=["BAS"])
    assert any("findings" in fault for fault in verify_protocol(study))


def test_the_labels_at_the_draw_are_part_of_the_hash(editor: User) -> None:
    study = make_active(editor)
    before = canonical_sha256(build_protocol(study))
    Case.objects.filter(part__study=study).update(findings=["LYT"])
    assert canonical_sha256(build_protocol(study)) != before


def test_a_protocol_from_before_findings_keeps_its_hash(editor: User) -> None:
    study = make_active(editor)
    assert "findings" not in study.protocol["parts"][0]
    assert verify_protocol(study) == []


def test_a_copy_asks_the_same_findings(editor: User) -> None:
    study = make_draft(editor)
    services.update_part(actor=editor, part=plausibility(study), findings=ASKED)
    assert plausibility(services.copy_study(actor=editor, study=study)).findings == ASKED
