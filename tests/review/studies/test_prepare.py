"""Draw, cases, renditions, audit: what a prepared study holds."""

from collections import Counter
from itertools import pairwise

import pytest

from review.accounts.models import User
from review.catalog.models import ImageAsset, ImageClass
from review.catalog.storage import read_bytes
from review.jobs.models import Outbox
from review.studies import services
from review.studies.errors import NotReady, StudyFrozen, WrongState
from review.studies.models import Case, Part, Rendition, Study
from review.studies.selectors.checklist import activation_checklist
from review.studies.services import prepare as steps
from tests.worlds.building import (
    CLASSES,
    add_image,
    add_reader,
    make_active,
    make_draft,
    prepare,
)

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def drawn(study: Study) -> set[tuple[int, str, str, str]]:
    rows = Case.objects.filter(part__study=study)
    return set(rows.values_list("part__order", "arm__code", "role", "image__source_key"))


def test_a_prepared_study_has_one_rendition_per_case_of_one_length(editor: User) -> None:
    study = prepare(editor, make_draft(editor))
    assert study.state == "prepared"
    cases = Case.objects.filter(part__study=study)
    assert cases.count() == 24 + 8 + 1  # draws of both parts, and a twentieth wrong-class controls
    assert cases.filter(rendition=None).count() == 0
    for part in study.parts.all():
        lengths = Rendition.objects.filter(case__part=part).values_list("byte_length", flat=True)
        assert len(set(lengths)) == 1


def test_renditions_are_stored_under_their_hash_and_shown_at_the_smallest_native_size(
    editor: User,
) -> None:
    study = prepare(editor, make_draft(editor))
    rendition = Rendition.objects.filter(case__part__study=study)[0]
    assert (rendition.width, rendition.media) == (24, "png")
    assert len(read_bytes(rendition.storage_key)) == rendition.byte_length
    assert study.parts.get(order=1).display["rendition"]["size"] == 24


def test_the_draw_is_the_same_again_and_a_new_image_moves_no_other(editor: User) -> None:
    study = prepare(editor, make_draft(editor, pool_size=12))
    before = drawn(study)
    services.discard_prepare(actor=editor, study=study)
    assert drawn(prepare(editor, study)) == before
    services.discard_prepare(actor=editor, study=study)
    pool = study.arms.get(code="early").pool
    added = add_image(pool, ImageClass.objects.get(code="BAS"), 99)
    after = drawn(prepare(editor, study))
    assert len(before - after) <= 1
    assert {key for *_, key in after - before} <= {added.source_key}


def test_parts_share_no_image_and_no_real_picture(editor: User) -> None:
    study = prepare(editor, make_draft(editor))
    cases = Case.objects.filter(part__study=study)
    assert cases.values("image").distinct().count() == cases.count()
    assert cases.values("image__pixel_sha256").distinct().count() == cases.count()


def test_wrong_class_controls_are_real_and_never_confusable(editor: User) -> None:
    study = make_draft(editor, per_class=3, real=3, pool_size=8)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, control_fraction=0.2)
    prepare(editor, study)
    controls = list(
        Case.objects.filter(part=part, role="control").select_related(
            "image__image_class", "intended_class", "arm__pool"
        )
    )
    assert len(controls) == 9  # a fifth of 36 + 9
    for case in controls:
        assert case.arm.pool.source == "real"
        assert case.expected == {"verdict": False}
        assert case.intended_class != case.image.image_class
        assert case.intended_class.code not in case.image.image_class.confusable


def test_codes_are_opaque_and_rows_are_written_in_their_order(editor: User) -> None:
    study = prepare(editor, make_draft(editor, per_class=4, real=4))
    cases = list(Case.objects.filter(part__study=study).order_by("pk").select_related("arm"))
    assert [case.code for case in cases] == [f"C{n:04d}" for n in range(1, len(cases) + 1)]
    runs = [case.arm.code for case in cases]
    changes = sum(a != b for a, b in pairwise(runs))
    assert changes > len(runs) / 3


def test_cases_copy_the_facts_of_generation(editor: User) -> None:
    study = make_draft(editor, per_class=2, pool_size=2, real=2)
    study.parts.get(order=2).delete()
    early = study.arms.get(code="early").pool
    ImageAsset.objects.filter(pool=early).update(
        prototype=3, round=1, model_version="abc", stratum="audit", inclusion_probability=0.25
    )
    services.update_part(actor=editor, part=study.parts.get(order=1), control_fraction=0)
    prepare(editor, study)
    case = Case.objects.filter(arm__code="early").first()
    facts = (case.prototype, case.round, case.model_version, case.stratum)
    assert facts == (3, 1, "abc", "audit")
    assert case.inclusion_probability == 0.25


def test_of_a_screened_pool_only_chosen_images_are_shown(editor: User) -> None:
    study = make_draft(editor, pool_size=3)
    images = ImageAsset.objects.filter(pool=study.arms.get(code="early").pool)
    images.update(stratum="top")
    unshown = images.filter(image_class__code="BAS").order_by("pk").first()
    ImageAsset.objects.filter(pk=unshown.pk).update(stratum="")
    prepare(editor, study)
    assert not Case.objects.filter(image=unshown).exists()


def test_the_full_form_is_asked_of_a_random_15_percent(editor: User) -> None:
    study = prepare(editor, make_draft(editor, per_class=5, real=5, pool_size=8))
    part = study.parts.get(order=1)
    assert part.cases.filter(full_form=True).count() == round(0.15 * part.cases.count())


def test_images_that_a_reader_knows_unblinded_are_left_out(editor: User) -> None:
    first = make_active(editor, pool_size=20)  # the gallery takes 12 of a class
    seen = first.parts.get(order=1).cases.filter(arm__code="real", role="main")
    known = set(seen.values_list("image", flat=True))
    Study.objects.filter(pk=first.pk).update(
        state="unblinded", closed_at="2026-01-01T00:00Z", unblinded_at="2026-01-01T00:00Z"
    )
    from review.studies.models import Assignment

    Assignment.objects.filter(case__in=seen).update(opened_at="2026-01-01T00:00Z")
    second = services.copy_study(actor=editor, study=first)
    reader = User.objects.get(email="reader1@example.org")
    services.add_member(actor=editor, study=second, user=reader)
    prepare(editor, second)
    drawn_again = set(Case.objects.filter(part__study=second).values_list("image", flat=True))
    assert not drawn_again & known


def test_too_little_is_named_and_nothing_is_written(editor: User) -> None:
    study = make_draft(editor, pool_size=2)
    with pytest.raises(NotReady, match=r"1 of BAS in late.*Lower the counts"):
        services.prepare_study(actor=editor, study=study)
    assert not Case.objects.exists()


def test_a_plausibility_part_needs_a_fifth_of_real_images(editor: User) -> None:
    study = make_draft(editor, per_class=4, real=0)
    with pytest.raises(NotReady, match="without 20 % its rates have no ceiling"):
        services.prepare_study(actor=editor, study=study)


def test_rendering_twice_or_after_discarding_is_harmless(editor: User) -> None:
    study = make_draft(editor)
    services.prepare_study(actor=editor, study=study)
    message = Outbox.objects.get(task="review.studies.tasks.render_chunk")
    assert steps.render_chunk(*message.args) == 33
    assert steps.render_chunk(*message.args) == 0
    services.discard_prepare(actor=editor, study=study)
    assert steps.render_chunk(*message.args) == 0
    assert not Rendition.objects.exists()


def test_a_preparation_whose_worker_died_is_queued_again(editor: User) -> None:
    study = make_draft(editor)
    services.prepare_study(actor=editor, study=study)
    Outbox.objects.all().delete()
    assert steps.revive_preparations() == 0
    Study.objects.filter(pk=study.pk).update(prepare_beat_at="2026-01-01T00:00Z")
    assert steps.revive_preparations() == 1
    message = Outbox.objects.get()
    steps.render_chunk(*message.args)
    study.refresh_from_db()
    assert study.state == "prepared" or study.prepare_stage == "blocked"


def test_a_missing_file_fails_the_preparation_in_words(editor: User) -> None:
    study = make_draft(editor)
    ImageAsset.objects.update(storage_key="assets/00/gone.png")
    services.prepare_now(actor=editor, study=study)
    study.refresh_from_db()
    assert study.prepare_stage == "failed"
    assert "gone" in study.prepare_error
    services.discard_prepare(actor=editor, study=study)


def test_a_draft_cannot_change_while_it_is_being_prepared(editor: User) -> None:
    study = make_draft(editor)
    services.prepare_study(actor=editor, study=study)
    with pytest.raises(StudyFrozen, match="being prepared"):
        services.update_study(actor=editor, study=study, title="Late idea")


def test_back_to_draft_discards_lists_and_cases(editor: User) -> None:
    study = make_draft(editor)
    add_reader(editor, study)
    display = dict(study.parts.get(order=1).display)
    prepare(editor, study)
    study = services.discard_prepare(actor=editor, study=study)
    assert study.state == "draft"
    assert not Case.objects.exists()
    assert study.parts.get(order=1).display == display


def test_one_jpeg_round_trip_for_all_is_an_option_of_the_part(editor: User) -> None:
    study = make_draft(editor)
    plain = prepare(editor, study)
    before = set(Rendition.objects.filter(case__part__order=1).values_list("sha256", flat=True))
    services.discard_prepare(actor=editor, study=plain)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, display={"jpeg_quality": 80})
    prepare(editor, study)
    after = set(Rendition.objects.filter(case__part__order=1).values_list("sha256", flat=True))
    assert not before & after


def test_the_audit_report_names_both_tables_for_each_part(editor: User) -> None:
    study = prepare(editor, make_draft(editor))
    report = study.audit_report
    assert [part["part"] for part in report["parts"]] == [1, 2]
    assert all(c["passed"] for part in report["parts"] for c in part["containers"])
    assert {s["feature"] for s in report["parts"][0]["sources"]} >= {"container", "bit depth"}


def bright(study: Study) -> None:
    """Make every synthetic image of the study much brighter than any real one."""
    from review.catalog.pixels import encode_pixels
    from review.catalog.services.intake import read_pixels
    from review.catalog.storage import put_bytes

    for image in ImageAsset.objects.filter(pool__source="synthetic"):
        pixels = read_pixels(image)
        light = 255 - (255 - pixels) // 4
        image.storage_key = put_bytes("assets", encode_pixels(light), ".png")
        image.save()


def test_a_planted_cue_blocks_until_it_is_overridden_with_a_reason(editor: User) -> None:
    study = make_draft(editor, per_class=5, real=5, pool_size=8)
    bright(study)
    study = services.prepare_now(actor=editor, study=study)
    assert study.prepare_stage == "blocked"
    assert any("mean" in name for name in study.audit_report["blocked"])
    with pytest.raises(NotReady, match="at least 20"):
        services.override_audit(actor=editor, study=study, reason="fine")
    reason = "The early generator is known to be too bright; we report it."
    study = services.override_audit(actor=editor, study=study, reason=reason)
    assert study.state == "prepared"
    assert study.audit_override["reason"] == reason


def test_a_container_that_differs_stops_for_good(editor: User) -> None:
    study = make_draft(editor)
    services.prepare_study(actor=editor, study=study)
    first, last = Outbox.objects.get().args
    steps.render_cases(list(Case.objects.select_related("image", "arm", "part")[:5]))
    Rendition.objects.filter(case__arm__code="real").update(byte_length=1)
    Rendition.objects.update(byte_length=1)
    steps.render_chunk(first, last)
    study.refresh_from_db()
    assert study.audit_report["state"] == "stopped"
    with pytest.raises(WrongState, match="cannot be overridden"):
        services.override_audit(actor=editor, study=study, reason="I would rather go on now.")


def test_counts_say_how_many_are_left(editor: User) -> None:
    from review.studies.availability import count_arms

    counts = count_arms(make_draft(editor, pool_size=6))
    assert Counter(counts.values()) == {6: 3 * len(CLASSES)}


def test_arms_are_matched_on_covariates_in_equal_numbers(editor: User) -> None:
    study = make_draft(editor, pool_size=8)
    for code, pattern in (("early", "PPPAAAAA"), ("late", "PPPPPPAA"), ("real", "PAPAPAPA")):
        images = ImageAsset.objects.filter(pool=study.arms.get(code=code).pool)
        for image in images:
            view = pattern[int(image.source_key.split("-")[1])]
            ImageAsset.objects.filter(pk=image.pk).update(covariates={"view": view})
    part = study.parts.get(order=1)
    counts = {(arm, "BAS"): 4 for arm in ("real", "early", "late")}
    services.set_draws(actor=editor, part=part, counts=counts, matching=("view",))
    prepare(editor, study)
    main = part.cases.filter(role="main")
    seen = Counter(main.values_list("arm__code", "covariates__view"))
    mixes = {(seen[arm, "P"], seen[arm, "A"]) for arm in ("real", "early", "late")}
    assert len(mixes) == 1
    assert sum(mixes.pop()) == 4


def test_one_image_of_a_patient_when_matched_on_clusters(editor: User) -> None:
    study = make_draft(editor, pool_size=8)
    real = ImageAsset.objects.filter(pool=study.arms.get(code="real").pool)
    for image in real:
        patient = f"p{int(image.source_key.split('-')[1]) // 2}-{image.image_class.code}"
        ImageAsset.objects.filter(pk=image.pk).update(cluster_key=patient)
    part = study.parts.get(order=1)
    counts = {("real", "BAS"): 4, ("early", "BAS"): 4}
    services.set_draws(actor=editor, part=part, counts=counts, matching=("cluster",))
    prepare(editor, study)
    main = part.cases.filter(role="main", arm__code="real")
    assert main.values("cluster_key").distinct().count() == 4


def test_criteria_that_need_more_pixels_than_are_shown_are_named(editor: User) -> None:
    study = make_draft(editor)
    part = study.parts.get(order=1)
    study.criterion_set.criteria.update(min_px=0)
    fine = study.criterion_set.criteria.order_by("order").first()
    study.criterion_set.criteria.filter(pk=fine.pk).update(min_px=512)
    prepare(editor, study)
    [item] = [one for one in activation_checklist(study) if one.key.startswith("size")]
    assert item.state == "warn"
    shown = Part.objects.get(pk=part.pk).display["px"]
    assert f"Part 1 is shown at {shown} px; more is needed for {fine.label} (512)." in item.text
    Part.objects.filter(pk=part.pk).update(preset_below_min_px=True)
    assert not [one for one in activation_checklist(study) if one.key.startswith("size")]
