"""The reference gallery: real images that are no case of anybody's, chosen by the secret."""

from typing import Any

import pytest
from django.db import IntegrityError

from review.accounts.models import User
from review.catalog.models import ImageAsset, ImageClass
from review.studies import services
from review.studies.availability import seen_unblinded
from review.studies.errors import BadProtocol
from review.studies.models import Case, GalleryImage, Part, Rendition, Study
from review.studies.protocol import verify_protocol
from review.studies.selectors.checklist import activation_checklist
from review.studies.services.gallery import MOST, render_galleries
from tests.worlds.building import CLASSES, add_image, add_reader, make_draft, prepare

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def shown(study: Study, **facts: Any) -> list[str]:
    rows = GalleryImage.objects.filter(part__study=study, **facts)
    return list(
        rows.order_by("part", "image_class__order", "place").values_list("image", flat=True)
    )


def test_references_are_real_images_of_the_asked_class_and_no_cases(editor: User) -> None:
    study = prepare(editor, make_draft(editor, pool_size=8))

    found = GalleryImage.objects.filter(part__study=study).select_related("image__pool")
    assert {row.image_class.code for row in found} == set(CLASSES)
    assert all(row.image.pool.source == "real" for row in found)
    assert all(row.image.image_class_id == row.image_class_id for row in found)
    assert not Case.objects.filter(image__in=[row.image_id for row in found]).exists()
    lengths = Rendition.objects.filter(case__part__study=study).values_list("byte_length")
    assert {(row.byte_length,) for row in found} == set(lengths)


def test_a_class_has_at_most_twelve(editor: User) -> None:
    study = prepare(editor, make_draft(editor, pool_size=20))

    for image_class in ImageClass.objects.filter(code__in=CLASSES):
        assert len(shown(study, image_class=image_class)) == MOST


def test_the_secret_alone_chooses(editor: User) -> None:
    study = prepare(editor, make_draft(editor, pool_size=20))
    before = shown(study)

    render_galleries(study)
    assert shown(study) == before
    study.secret = b"another secret of thirty-two byt"
    study.save()
    render_galleries(study)
    assert shown(study) != before


def test_only_parts_that_may_have_one_have_one(editor: User) -> None:
    study = make_draft(editor, pool_size=8)
    identify = services.add_part(actor=editor, study=study, kind="identify")
    turing = study.parts.get(kind="turing")
    assert list(study.parts.order_by("kind").values_list("kind", "gallery")) == [
        ("identify", False), ("plausibility", True), ("turing", False),
    ]  # fmt: skip

    assert services.update_part(actor=editor, part=identify, gallery=True).gallery
    with pytest.raises(BadProtocol, match="gives the answer away"):
        services.update_part(actor=editor, part=turing, gallery=True)
    with pytest.raises(IntegrityError):
        Part.objects.filter(pk=turing.pk).update(gallery=True)


def test_kin_of_a_case_and_images_of_a_confused_class_are_left_out(editor: User) -> None:
    study = prepare(editor, make_draft(editor))
    pool = study.arms.get(code="real").pool
    mon = ImageClass.objects.get(code="MON")
    kin, twin, mixed, fine = (add_image(pool, mon, n) for n in (50, 51, 52, 53))
    case = Case.objects.filter(part__study=study)[0]
    ImageAsset.objects.filter(pk=case.image_id).update(cluster_key="patient 1")
    ImageAsset.objects.filter(pk=kin.pk).update(cluster_key="patient 1")
    ImageAsset.objects.filter(pk=twin.pk).update(pixel_sha256=case.image.pixel_sha256)
    ImageAsset.objects.filter(pk=mixed.pk).update(findings=mon.confusable[:1])

    render_galleries(study)

    found = shown(study, image_class=mon)
    assert mon.confusable
    assert fine.pk in found
    assert not {kin.pk, twin.pk, mixed.pk} & set(found)


def test_a_case_that_another_study_still_asks_about_is_no_reference(editor: User) -> None:
    study = prepare(editor, make_draft(editor, pool_size=8))
    other = services.copy_study(actor=editor, study=study)
    other.draw_seed = 1
    other.save()
    prepare(editor, other)

    for one, another in ((study, other), (other, study)):
        render_galleries(one)
        cases = Case.objects.filter(part__study=another).values_list("image", flat=True)
        assert not set(shown(one)) & set(cases)


def test_who_saw_an_image_as_real_is_not_asked_about_it(editor: User) -> None:
    study = make_draft(editor, pool_size=20)
    reader = add_reader(editor, study)
    study = prepare(editor, study)
    assert set(shown(study)) <= seen_unblinded([reader.user_id])
    assert not seen_unblinded([editor.pk])

    other = services.copy_study(actor=editor, study=study)
    services.consent(services.add_member(actor=editor, study=other, user=reader.user))
    prepare(editor, other)

    drawn = Case.objects.filter(part__study=other).values_list("image", flat=True)
    assert not set(drawn) & set(shown(study))
    assert set(shown(other)) == set(shown(study))  # known already: no fresh image is used up


def test_the_checklist_says_of_which_class_none_is_left(editor: User) -> None:
    study = make_draft(editor, pool_size=3)
    add_reader(editor, study)
    pool = study.arms.get(code="real").pool
    for index in range(60, 64):
        add_image(pool, ImageClass.objects.get(code="BAS"), index)
    study = prepare(editor, study)

    [item] = [i for i in activation_checklist(study) if i.key == "gallery-1"]
    assert item.state == "warn"
    assert "none are left of" in item.text
    assert "BAS" not in item.text


def test_the_checklist_names_references_shown_before_a_turing_part(editor: User) -> None:
    study = make_draft(editor, pool_size=8)
    add_reader(editor, study)
    without = make_draft(editor, pool_size=8)
    services.update_part(actor=editor, part=without.parts.get(order=1), gallery=False)
    add_reader(editor, without, "other")

    def said(one: Study) -> list[str]:
        items = activation_checklist(prepare(editor, one))
        return [item.text for item in items if item.key == "gallery-turing"]

    [text] = said(study)
    assert text.startswith("References of part 1 are shown as real before part 2 asks")
    assert said(without) == []


def test_discarding_takes_the_gallery_away_and_copying_keeps_the_choice(editor: User) -> None:
    study = make_draft(editor, pool_size=8)
    services.update_part(actor=editor, part=study.parts.get(order=1), gallery=False)
    assert not services.copy_study(actor=editor, study=study).parts.get(order=1).gallery
    services.update_part(actor=editor, part=study.parts.get(order=1), gallery=True)
    study = prepare(editor, study)
    assert shown(study)

    services.discard_prepare(actor=editor, study=study)

    assert shown(study) == []


def test_a_twin_of_a_case_that_another_study_still_asks_about_is_no_reference(editor: User) -> None:
    other, study = make_draft(editor), make_draft(editor, pool_size=8)
    prepare(editor, other)
    study = prepare(editor, study)
    first = GalleryImage.objects.filter(part__study=study)[0].image
    case = Case.objects.filter(part__study=other, arm__code="real")[0]
    ImageAsset.objects.filter(pk=first.pk).update(pixel_sha256=case.image.pixel_sha256)

    render_galleries(study)

    assert first.pk not in shown(study)


def test_who_saw_an_image_as_real_is_not_asked_about_its_twin(editor: User) -> None:
    study = make_draft(editor, pool_size=8)
    reader = add_reader(editor, study)
    study = prepare(editor, study)
    seen = GalleryImage.objects.filter(part__study=study)[0].image
    twin = add_image(make_draft(editor).arms.get(code="real").pool, seen.image_class, 70)
    ImageAsset.objects.filter(pk=twin.pk).update(pixel_sha256=seen.pixel_sha256)

    assert twin.pk in seen_unblinded([reader.user_id])


def test_an_identify_part_lists_every_class_that_may_be_named(editor: User) -> None:
    study = make_draft(editor, pool_size=8)
    part = services.add_part(actor=editor, study=study, kind="identify", gallery=True)
    counts = {(arm, "MON"): 1 for arm in ("real", "late")}
    services.set_draws(actor=editor, part=part, counts=counts)
    study = prepare(editor, study)

    classes = GalleryImage.objects.filter(part__study=study, part__kind="identify")
    assert {row.image_class.code for row in classes} == set(CLASSES)


def test_the_protocol_covers_galleries(editor: User) -> None:
    study = make_draft(editor, pool_size=8)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    assert verify_protocol(study) == []

    one, other = GalleryImage.objects.filter(part__study=study)[:2]
    GalleryImage.objects.filter(pk=one.pk).update(
        storage_key=other.storage_key, sha256=other.sha256
    )

    assert verify_protocol(study) == ["gallery_sha256 differs from the frozen protocol."]
