"""Outlines of lesions: for every case of a part or for none, always of one length."""

import numpy as np
import pytest

from review.accounts.models import User
from review.blinding.outline import unpack_outline
from review.catalog.models import ImageAsset
from review.catalog.pixels import encode_pixels
from review.catalog.storage import put_bytes, read_bytes
from review.studies import services
from review.studies.models import Rendition, Study
from tests.worlds.beside import draw_mask
from tests.worlds.building import make_pool, prepare
from tests.worlds.domains import make_domain

pytestmark = [pytest.mark.database, pytest.mark.django_db]
CLASSES = ("mel", "nv")


@pytest.fixture
def study(editor: User) -> Study:
    return lesions(editor, 2)


def lesions(editor: User, count: int) -> Study:
    """Return a draft with one lesion part, `count` images per arm and class, all with masks."""
    domain = make_domain("dermatology")
    study = services.create_study(actor=editor, title="Lesions", domain=domain)
    for code, source in (("real", "real"), ("late", "synthetic")):
        pool = make_pool(code, source, count + 1, domain=domain, classes=CLASSES)
        services.add_arm(actor=editor, study=study, pool=pool, code=code)
    part = services.add_part(actor=editor, study=study, kind="lesion")
    counts = {(arm, name): count for arm in ("real", "late") for name in CLASSES}
    services.set_draws(actor=editor, part=part, counts=counts)
    for image in ImageAsset.objects.all():
        mask = encode_pixels(draw_mask(image.pk, image.width))
        ImageAsset.objects.filter(pk=image.pk).update(mask_key=put_bytes("masks", mask, ".png"))
    return study


def test_every_case_has_its_outline_in_bytes_of_one_length(editor: User, study: Study) -> None:
    prepare(editor, study)

    renditions = list(Rendition.objects.select_related("case__image"))
    assert len(renditions) == 8
    for rendition in renditions:
        content = read_bytes(rendition.outline_key)
        assert len(content) == 24 * 24 / 8
        mask = draw_mask(rendition.case.image_id, 24)
        assert np.array_equal(unpack_outline(content, 24), mask > 0)
    assert study.parts.get().display["rendition"]["outline"] is True


def test_one_missing_mask_switches_all_of_them_off_and_it_is_said(
    editor: User, study: Study
) -> None:
    synthetic = ImageAsset.objects.filter(pool__source="synthetic")
    ImageAsset.objects.filter(pk__in=synthetic.values("pk")).update(mask_key="")

    study = prepare(editor, study)

    assert set(Rendition.objects.values_list("outline_key", flat=True)) == {""}
    assert study.parts.get().display["rendition"]["outline"] is False
    assert any("4 of 8 images have no lesion mask" in note for note in study.checklist["notes"])


def test_an_editor_may_do_without(editor: User, study: Study) -> None:
    services.update_part(actor=editor, part=study.parts.get(), outline=False)

    study = prepare(editor, study)

    assert set(Rendition.objects.values_list("outline_key", flat=True)) == {""}
    assert not any("mask" in note for note in study.checklist["notes"])


def test_the_outline_is_cropped_like_its_image(editor: User, study: Study) -> None:
    study.arms.update(centre_crop=0.5)

    prepare(editor, study)

    rendition = Rendition.objects.select_related("case__image")[0]
    mask = draw_mask(rendition.case.image_id, 24)[6:18, 6:18]
    found = unpack_outline(read_bytes(rendition.outline_key), rendition.width)
    assert rendition.width == 12
    assert np.array_equal(found, mask > 0)


def cues_of(study: Study) -> dict[str, str]:
    [part] = study.audit_report["parts"]
    return {cue["cue"]: cue["verdict"] for cue in part["cues"]}


def test_an_outline_that_tells_who_drew_it_is_named_by_the_audit(editor: User) -> None:
    study = lesions(editor, 6)
    services.update_part(actor=editor, part=study.parts.get(), outline=False)
    assert "outline edge" not in cues_of(prepare(editor, study))

    study = services.discard_prepare(actor=editor, study=study)
    services.update_part(actor=editor, part=study.parts.get(), outline=True)
    for image in ImageAsset.objects.filter(pool__source="synthetic"):
        mask = draw_mask(image.pk, image.width)
        ragged = mask * (np.indices(mask.shape).sum(axis=0) % 2).astype(np.uint8)
        key = put_bytes("masks", encode_pixels(ragged), ".png")
        ImageAsset.objects.filter(pk=image.pk).update(mask_key=key)
    assert cues_of(prepare(editor, study))["outline edge"] != "pass"
