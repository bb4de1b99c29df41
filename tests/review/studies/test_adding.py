"""Cases added to a running study: drawn by its seeds, unseen until they are committed."""

from collections import Counter
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Count

from review.accounts.models import User
from review.audit.models import AuditEvent
from review.audit.services import find_faults
from review.catalog.models import ImageAsset
from review.studies import services
from review.studies.availability import count_left
from review.studies.errors import BadProtocol, NotAllowed, NotReady, WrongState
from review.studies.models import (
    Addition,
    Assignment,
    Case,
    Draw,
    GalleryImage,
    Rendition,
    Session,
    Study,
)
from review.studies.protocol import build_protocol, verify_protocol
from review.studies.selectors.balance import balance
from review.studies.services.adding.drawing import draw_more
from tests.worlds.adding import REASON, add_cases, begin
from tests.worlds.building import add_reader, make_active, make_draft, make_user, prepare

pytestmark = [pytest.mark.database, pytest.mark.django_db]
MIX = {(1, "real", "BAS"): 2, (1, "early", "BAS"): 2, (1, "late", "EOS"): 1}


@pytest.fixture
def study(editor: User) -> Study:
    """Return an active study whose real pool has images left beside the gallery's twelve."""
    return make_active(editor, pool_size=20)


def everything(study: Study) -> tuple[Any, ...]:
    """Return what a study holds for readers, reports and the protocol."""
    fresh = Study.objects.get(pk=study.pk)
    lists = Assignment.objects.filter(case__part__study=study).order_by("pk")
    return (
        build_protocol(fresh),
        fresh.protocol_sha256,
        list(lists.values_list("pk", "case", "rank", "state")),
        list(Case.objects.filter(part__study=study).order_by("pk").values()),
        Rendition.objects.filter(case__part__study=study).count(),
        list(Session.objects.filter(part__study=study).order_by("pk").values()),
        list(Draw.objects.filter(part__study=study).order_by("pk").values()),
        balance(fresh),
    )


def added(study: Study) -> list[Case]:
    rows = Case.objects.filter(part__study=study, candidate__isnull=False)
    return list(rows.order_by("code").select_related("arm", "image", "intended_class"))


def test_until_the_commit_nothing_of_the_study_has_changed(editor: User, study: Study) -> None:
    before = everything(study)
    addition = begin(editor, study, MIX)
    assert addition.candidates.exclude(rendition={}).count() == 6  # five, and a control
    assert everything(study) == before
    assert verify_protocol(Study.objects.get(pk=study.pk)) == []
    services.discard_addition(actor=editor, addition=addition)
    assert everything(study) == before
    assert not Addition.objects.exists()


def test_the_commit_is_an_amendment_that_the_protocol_holds(editor: User, study: Study) -> None:
    before = study.protocol_sha256
    amendment = add_cases(editor, study, MIX)
    study.refresh_from_db()
    assert (amendment.kind, amendment.reason) == ("add 6 cases to part 1", REASON)
    assert (amendment.sha256_before, amendment.sha256_after) == (before, study.protocol_sha256)
    now = study.parts.aggregate(n=Count("cases"))["n"]
    assert (amendment.before, amendment.after) == (f"{now - 6} cases", f"{now} cases")
    assert study.protocol_sha256 != before
    assert study.protocol["amendments"] == [{"kind": amendment.kind, "reason": REASON}]
    assert verify_protocol(study) == []
    call_command("verify_protocols")
    assert list(find_faults()) == []
    event = AuditEvent.objects.get(chain=f"study:{study.pk}", verb="cases.added")
    assert event.after["cases"] == {"1": [case.code for case in added(study)]}


def test_added_cases_are_cases_like_the_others(editor: User, study: Study) -> None:
    part = study.parts.get(order=1)
    codes = set(Case.objects.filter(part__study=study).values_list("code", flat=True))
    add_cases(editor, study, MIX)
    assert [case.code for case in added(study)] == [f"C{n:04d}" for n in range(34, 40)]
    assert len(codes) == 33
    lengths = Rendition.objects.filter(case__part=part).values_list("byte_length", flat=True)
    assert len(set(lengths)) == 1
    pixels = ("width", "height", "media", "bits", "pipeline")
    assert len(set(Rendition.objects.filter(case__part=part).values_list(*pixels))) == 1
    study.refresh_from_db()
    assert study.checklist["balance"] == balance(study)
    assert study.checklist["balance"][0]["total"] == 24 + 5


def test_the_design_grows_and_a_copy_draws_as_many(editor: User, study: Study) -> None:
    add_cases(editor, study, MIX)
    cell = Draw.objects.get(part__study=study, part__order=1, arm__code="real",
                            image_class__code="BAS")  # fmt: skip
    assert cell.count == 4
    twin = services.copy_study(actor=editor, study=study)
    assert not Addition.objects.filter(study=twin).exists()
    twin = prepare(editor, twin)
    main = Case.objects.filter(role="main")
    assert main.filter(part__study=twin).count() == main.filter(part__study=study).count()


def test_a_larger_count_would_have_drawn_the_same_images(editor: User) -> None:
    study = make_draft(editor, per_class=2, real=2, pool_size=12)
    services.remove_part(actor=editor, part=study.parts.get(order=2))
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, gallery=False, control_fraction=0)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    add_cases(editor, study, {(1, "real", "BAS"): 3, (1, "early", "MON"): 1, (1, "late", "MON"): 2})
    twin = prepare(editor, services.copy_study(actor=editor, study=study))
    drawn = [set(Case.objects.filter(part__study=one).values_list("image", "role"))
             for one in (study, twin)]  # fmt: skip
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 24 + 6


def test_nothing_that_the_study_shows_is_drawn_again(editor: User, study: Study) -> None:
    real = study.arms.get(code="real").pool
    twin = ImageAsset.objects.filter(pool=real, image_class__code="BAS", cases=None, galleries=None)
    shown = Case.objects.filter(part__study=study, arm__code="real")[0].image
    picture = twin.first()
    ImageAsset.objects.filter(pk=picture.pk).update(pixel_sha256=shown.pixel_sha256)
    left = count_left(study)["real", "BAS"]
    assert left == 20 - 12 - 1 - Case.objects.filter(
        part__study=study, arm__code="real", image__image_class__code="BAS"
    ).count()  # fmt: skip
    before = set(Case.objects.filter(part__study=study).values_list("image", flat=True))
    add_cases(editor, study, {(1, "real", "BAS"): left, (1, "early", "BAS"): 1})
    mine = {case.image_id for case in added(study)}
    assert not mine & before
    assert picture.pk not in mine
    assert not mine & set(GalleryImage.objects.values_list("image", flat=True))


def test_kin_of_a_reference_is_known_as_real_and_never_added(editor: User, study: Study) -> None:
    shown = GalleryImage.objects.filter(part__study=study, image_class__code="BAS")[0].image
    left = ImageAsset.objects.filter(
        pool=shown.pool, image_class__code="BAS", cases=None, galleries=None
    )
    kin = [shown.pk, *left.order_by("pk").values_list("pk", flat=True)[:3]]
    ImageAsset.objects.filter(pk__in=kin).update(cluster_key="one patient")
    n = left.count() - 3

    assert count_left(study)["real", "BAS"] == n
    with pytest.raises(NotReady, match=f"asks for {n + 1} of BAS from real, {n} are left"):
        services.start_addition(
            actor=editor, study=study, counts={(1, "real", "BAS"): n + 1}, reason=REASON
        )
    add_cases(editor, study, {(1, "real", "BAS"): n, (1, "early", "EOS"): 1})
    assert not any(case.cluster_key for case in added(study))


def test_a_picture_that_stands_twice_is_not_drawn_for_one_refused(
    editor: User, study: Study
) -> None:
    addition = begin(editor, study, {(1, "real", "BAS"): 1, (1, "early", "BAS"): 1})
    kept = addition.candidates.get(arm__code="real", role="main").image
    twins = ImageAsset.objects.filter(
        pool=kept.pool, image_class__code="BAS", cases=None, galleries=None, candidates=None
    )
    asked = {(1, "real", "BAS"): 1}
    assert draw_more(study, asked, {}, addition).picked
    ImageAsset.objects.filter(pk__in=list(twins.values_list("pk", flat=True))).update(
        pixel_sha256=kept.pixel_sha256
    )

    assert not draw_more(study, asked, {}, addition).picked


def test_what_another_study_practised_with_is_not_added(editor: User, study: Study) -> None:
    early = ImageAsset.objects.filter(pool__arms__code="early", image_class__code="BAS")
    free = list(early.filter(cases=None).select_related("image_class"))
    other = services.copy_study(actor=editor, study=study)
    part, arm = other.parts.get(order=1), other.arms.get(code="early")
    Case.objects.bulk_create(
        Case(part=part, image=image, arm=arm, code=f"X{n}", role="calibration",
             intended_class=image.image_class)
        for n, image in enumerate(free)
    )  # fmt: skip
    with pytest.raises(NotReady, match="0 are left"):
        services.start_addition(
            actor=editor, study=study, counts={(1, "early", "BAS"): 1}, reason=REASON
        )


def test_an_image_used_up_meanwhile_stops_the_commit(editor: User, study: Study) -> None:
    addition = begin(editor, study, MIX)
    other = services.copy_study(actor=editor, study=study)
    one = addition.candidates.select_related("image__image_class").first()
    Case.objects.create(
        part=other.parts.get(order=1), image=one.image, arm=other.arms.first(), code="X1",
        role="calibration", intended_class=one.image.image_class,
    )  # fmt: skip
    with pytest.raises(NotReady, match="1 of these images"):
        services.commit_addition(actor=editor, addition=addition)
    assert not added(study)


def test_controls_keep_their_share_and_are_never_confusable(editor: User) -> None:
    study = make_draft(editor, pool_size=20)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, control_fraction=0.2)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    assert part.cases.filter(role="control").count() == 6  # a fifth of 24 + 6
    add_cases(editor, study, {(1, "real", "MON"): 2, (1, "early", "MON"): 2, (1, "late", "EOS"): 4})
    fresh = [case for case in added(study) if case.role == "control"]
    assert part.cases.filter(role="control").count() == 8  # a fifth of 32 + 8
    assert len(fresh) == 2
    for case in fresh:
        own = case.image.image_class
        assert (case.arm.code, case.expected) == ("real", {"verdict": False})
        assert case.intended_class != own
        assert case.intended_class.code not in own.confusable


def test_full_forms_keep_their_share_over_the_whole_part(editor: User) -> None:
    study = make_draft(editor, pool_size=20)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, full_form_fraction=0.5, control_fraction=0)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    before = set(part.cases.filter(full_form=True).values_list("pk", flat=True))
    for _ in range(3):
        add_cases(editor, study, {(1, "early", "BAS"): 1})
    assert before < set(part.cases.filter(full_form=True).values_list("pk", flat=True))
    assert part.cases.filter(full_form=True).count() == 14  # half of 27, rounded up


def test_one_arm_alone_mixes_covariates_as_its_class_does(editor: User) -> None:
    study = make_draft(editor, pool_size=20)
    for image in ImageAsset.objects.filter(pool__arms__study=study):
        view = "P" if int(image.source_key.split("-")[1]) % 4 else "A"
        ImageAsset.objects.filter(pk=image.pk).update(covariates={"view": view})
    part = study.parts.get(order=1)
    counts = {(arm, "BAS"): 4 for arm in ("real", "early", "late")}
    services.set_draws(actor=editor, part=part, counts=counts, matching=("view",))
    services.update_part(actor=editor, part=part, control_fraction=0)
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    shown = Counter(part.cases.values_list("covariates__view", flat=True))
    add_cases(editor, study, {(1, "early", "BAS"): 4})
    mine = Counter(case.covariates["view"] for case in added(study))
    assert mine == {level: n // 3 for level, n in shown.items()}


@pytest.mark.parametrize(
    ("counts", "reason", "error", "words"),
    [
        ({(1, "real", "BAS"): 0}, REASON, BadProtocol, "Nothing to add"),
        ({(1, "early", "BAS"): 501}, REASON, BadProtocol, "500 at most"),
        ({(2, "early", "BAS"): 1}, REASON, BadProtocol, "Part 2 draws no BAS from early"),
        ({(1, "early", "BAS"): -1}, REASON, BadProtocol, "take 0 or more"),
        ({(1, "early", "BAS"): 1}, "more", BadProtocol, "at least 10 characters"),
        ({(1, "early", "BAS"): 19}, REASON, NotReady, "18 are left"),
        ({(1, "early", "BAS"): 17, (1, "late", "BAS"): 17}, REASON, NotReady, "18 % real"),
    ],
)
def test_what_cannot_be_added_is_refused_in_words(
    editor: User, study: Study, counts: Any, reason: str, error: Any, words: str
) -> None:
    with pytest.raises(error, match=words):
        services.start_addition(actor=editor, study=study, counts=counts, reason=reason)
    assert not Addition.objects.exists()


def test_only_editors_of_a_running_study_add_one_at_a_time(editor: User, study: Study) -> None:
    reader = User.objects.get(email="reader1@example.org")
    for person in (reader, make_user("stranger")):
        with pytest.raises(NotAllowed):
            services.start_addition(actor=person, study=study, counts=MIX, reason=REASON)
    services.pause_study(actor=editor, study=study)
    study.refresh_from_db()
    addition = begin(editor, study, MIX)
    with pytest.raises(WrongState, match="already"):
        services.start_addition(actor=editor, study=study, counts=MIX, reason=REASON)
    services.commit_addition(actor=editor, addition=addition)
    begin(editor, study, {(1, "late", "BAS"): 1})


def test_closing_discards_what_is_not_committed(editor: User, study: Study) -> None:
    addition = begin(editor, study, MIX)
    services.close_study(actor=editor, study=study)
    assert not Addition.objects.exists()
    with pytest.raises(WrongState, match="closed"):
        services.commit_addition(actor=editor, addition=addition)
    study.refresh_from_db()
    assert verify_protocol(study) == []
    verbs = AuditEvent.objects.filter(chain=f"study:{study.pk}").values_list("verb", flat=True)
    assert "addition.discarded" in verbs


def test_a_case_exchanged_after_the_amendment_is_found(editor: User, study: Study) -> None:
    add_cases(editor, study, MIX)
    Case.objects.filter(pk=added(study)[0].pk).update(full_form=True, role="calibration")
    faults = verify_protocol(Study.objects.get(pk=study.pk))
    assert "cases_sha256 differs from the frozen protocol." in faults
