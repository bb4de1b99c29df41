"""The page of one case: who gets it, what it says, and what it never says."""

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generation.feedback.provenance import weights_of
from generation.quality.models import Copy, Measurement
from review.accounts.models import User
from review.audit.models import AuditEvent
from review.catalog.models import Pool
from review.readings.models import Adjudication, AdjudicationVote, CaseFlag, ReadingAnswer
from review.results.models import Snapshot
from review.results.services import unblind_study
from review.studies.models import Assignment, Case, Membership, Study
from tests.generation.feedback.test_pages import client_of
from tests.generation.feedback.worlds import LoopWorld, draw_the_late_arm, make_judged_loop
from tests.generation.worlds import make_checkpoint
from tests.worlds.results import close_world, give, seat, unblinded
from tests.worlds.study import PartPlan, make_reader, make_study

pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.usefixtures("media")]
KINDS = ("case", "api_case")


def address(case: Case, kind: str = "case") -> str:
    return reverse(f"provenance:{kind}", args=[case.part.study.slug, case.part.order, case.code])


def case_of(study: Study, arm: str = "late", place: int = 0) -> Case:
    found = Case.objects.filter(part__study=study, arm__code=arm).select_related("part__study")
    return found.order_by("pk")[place]


def text_of(user: User, case: Case, **query: str) -> str:
    page = client_of(user).get(address(case), query)
    assert page.status_code == 200
    return page.content.decode()


@pytest.fixture
def world() -> LoopWorld:
    """A judged loop with two readers whose late arm was drawn by a run."""
    world = make_judged_loop(readers=2, per_cell=3)
    draw_the_late_arm(world)
    return world


def statuses(world: LoopWorld) -> dict[str, tuple[int, ...]]:
    """Return what everybody gets of a case: (page, API)."""
    study, case = world.closed.study, case_of(world.closed.study)
    reading_admin = make_reader(71, is_staff=True)
    Membership.objects.create(
        study=study, user=reading_admin, code="R71", role="reader", state="reading",
        consent_version=1,
    )  # fmt: skip
    people = {
        "admin": world.admin,
        "reading_admin": reading_admin,
        "editor": world.closed.editor,
        "analyst": seat(study, "analyst", "a@example.org"),
        "adjudicator": seat(study, "adjudicator", "j@example.org"),
        "reader": world.closed.world.readers[0],
        "stranger": make_reader(77),
        "editor_elsewhere": close_world(slug="elsewhere").editor,
    }
    return {
        name: tuple(client_of(user).get(address(case, kind)).status_code for kind in KINDS)
        for name, user in people.items()
    }


def test_who_gets_it_after_unblinding(world: LoopWorld) -> None:
    allowed = {"admin", "editor", "analyst"}

    found = statuses(world)

    assert {name for name, got in found.items() if got == (200, 200)} == allowed
    assert {got for name, got in found.items() if name not in allowed} == {(404, 404)}
    case = case_of(world.closed.study)
    assert Client().get(address(case)).status_code == 302
    assert Client().get(address(case, "api_case")).status_code == 401


def test_nobody_gets_it_before_unblinding() -> None:
    world = make_judged_loop(unblind=False, per_cell=2)

    assert set(statuses(world).values()) == {(404, 404)}


def test_an_archived_study_stays_readable(world: LoopWorld) -> None:
    Study.objects.filter(pk=world.closed.study.pk).update(
        state="archived", archived_at=timezone.now()
    )

    assert "How it was drawn" in text_of(world.closed.editor, case_of(world.closed.study))


def test_copies_are_named_as_the_image_metrics_found_them(world: LoopWorld) -> None:
    case = case_of(world.closed.study)
    run = case.image.generated.run
    before = text_of(world.closed.editor, case)
    row = Measurement.objects.create(
        run=run, extractor="bank", state="done", result={}, result_sha256="a" * 64,
        finished_at=timezone.now(),
    )  # fmt: skip

    clean = text_of(world.closed.editor, case)
    Copy.objects.create(measurement=row, image=case.image, kind="training", distance=0.5)

    assert "nobody measured the run" in before
    assert "none found" in clean
    assert "repeats a training image" in text_of(world.closed.editor, case)


@pytest.mark.parametrize("is_admin", [True, False])
def test_whoever_still_reads_the_image_elsewhere_does_not_get_it(
    world: LoopWorld, is_admin: bool
) -> None:
    user = world.admin if is_admin else world.closed.editor
    case = case_of(world.closed.study)
    running = make_study(slug="running", readers=0, plans=(PartPlan("plausibility", 1),))
    Membership.objects.create(
        study=running.study, user=user, code="R90", role="reader", state="reading",
        consent_version=1,
    )  # fmt: skip
    Case.objects.filter(pk=running.study.parts.get().cases.first().pk).update(image=case.image)

    assert [client_of(user).get(address(case, kind)).status_code for kind in KINDS] == [404, 404]
    assert client_of(user).get(address(case_of(world.closed.study, place=1))).status_code == 200


def test_a_generated_image_says_run_generator_sampler_and_plan(world: LoopWorld) -> None:
    case = case_of(world.closed.study)
    image = case.image.generated
    run = image.run
    checkpoint = run.checkpoint

    text = text_of(world.admin, case)

    for said in (
        "late batch", f"index {image.index} of the run", str(image.seed), "DPM-Solver++",
        "2.13.0", "0.625", "a blunt tip", checkpoint.card_sha256, checkpoint.parent.name,
        f"{image.prototype + 1} of 2", "Prototype-guided diffusion", case.image.pixel_sha256,
        case.rendition.sha256, "Arm late", case.intended_class.name,
    ):  # fmt: skip
        assert said in text, said
    assert reverse("runs:detail", args=[run.uuid]) in text
    assert reverse("loops:detail", args=[world.loop.pk]) in text
    assert "to draw" in text
    assert "short of half the natural share" in text


def test_editors_get_no_links_to_pages_of_admins(world: LoopWorld) -> None:
    case = case_of(world.closed.study)

    text = text_of(world.closed.editor, case)

    assert "late batch" in text
    assert "/runs/" not in text
    assert "/catalog/" not in text
    assert reverse("loops:detail", args=[world.loop.pk]) in text


def test_a_plan_of_a_loop_that_one_reads_in_is_named_without_its_reasons(
    world: LoopWorld,
) -> None:
    """The reasons tell which classes are weak; the round's next study is still being read."""
    running = make_study(slug="running", readers=0, plans=(PartPlan("plausibility", 1),))
    Membership.objects.create(
        study=running.study, user=world.closed.editor, code="R90", role="reader",
        state="reading", consent_version=1,
    )  # fmt: skip
    world.loop.rounds.create(number=2, study=running.study)
    case = case_of(world.closed.study)

    text = text_of(world.closed.editor, case)

    said = client_of(world.closed.editor).get(address(case, "api_case")).json()
    plan = said["origin"]["drawn"]["plan"]

    assert world.loop.name in text
    assert reverse("loops:detail", args=[world.loop.pk]) not in text
    assert "to draw" not in text
    assert (plan["reasons"], plan["n_show"]) == ([], 0)


def test_a_real_image_says_pool_licence_and_certainty(world: LoopWorld) -> None:
    case = case_of(world.closed.study, "real")
    origin = {"importer": "labels_csv", "licence": "CC BY 4.0", "citation": "Somebody 2021"}
    Pool.objects.filter(pk=case.image.pool_id).update(origin=origin)

    text = text_of(world.closed.editor, case)

    for said in ("labels_csv", "CC BY 4.0", "Somebody 2021", "certainty of"):
        assert said in text, said
    assert "How it was drawn" not in text


def test_weights_are_named_as_the_card_lists_them() -> None:
    checkpoint = make_checkpoint()

    weights = dict(weights_of(checkpoint))

    assert set(weights) == {"model.safetensors", "ema.safetensors"}
    assert all(len(sha256) == 64 for sha256 in weights.values())
    checkpoint.card_sha256 = "0" * 64  # a card that is not the registered one proves nothing
    assert weights_of(checkpoint) == ()


def test_readings_stand_by_code_with_revisions_notes_and_flags() -> None:
    world = close_world(readers=2, slug="revised", size=16)
    case = case_of(world.study)
    assignment = Assignment.objects.get(case=case, session__membership__code="R01")
    before = assignment.readings.count()
    reading = give(
        assignment, {"verdict": False, "criterion:nucleus": "fails"}, revision=before + 1
    )
    ReadingAnswer.objects.create(reading=reading, question="note", text="hollow nucleus")
    CaseFlag.objects.create(assignment=assignment, kind="technical", text="a dark corner")
    unblind_study(actor=world.editor, study=world.study)

    text = text_of(world.editor, case)

    assert "implausible" in text
    assert f"revision {before + 1}" in text
    assert ("before: " in text) == bool(before)
    assert "hollow nucleus" in text
    assert "technical fault: a dark corner" in text
    assert "<b>Fails</b>: Nucleus" in text
    for person in world.world.readers:
        assert person.email not in text
        assert person.name not in text


def test_withdrawn_data_appear_nowhere() -> None:
    world = close_world(readers=2, slug="withdrawn", size=16)
    case = case_of(world.study)
    gone = Assignment.objects.get(case=case, session__membership__code="R02")
    reading = give(gone, {"verdict": False}, revision=9)
    ReadingAnswer.objects.create(reading=reading, question="note", text="words of the withdrawn")
    Membership.objects.filter(study=world.study, code="R02").update(
        state="withdrawn", withdrawn_at=timezone.now(), keep_data=False
    )
    unblind_study(actor=world.editor, study=world.study)

    text = text_of(world.editor, case)
    said = client_of(world.editor).get(address(case, "api_case")).json()

    assert "R01" in text
    assert "R02" not in text
    assert "words of the withdrawn" not in text
    assert "1 reader withdrew together with their data" in text
    assert {one["reader"] for one in said["readings"]} == {"R01"}


def test_adjudicators_speak_by_code() -> None:
    world = close_world(readers=2, slug="disputed", size=16)
    case = case_of(world.study)
    judge = seat(world.study, "adjudicator", "judge@example.org")
    code = Membership.objects.get(study=world.study, user=judge).code
    row = Adjudication.objects.create(case=case, rule="disputed", state="resolved")
    AdjudicationVote.objects.create(
        adjudication=row, adjudicator=judge, value="implausible", rationale="no granules"
    )
    unblind_study(actor=world.editor, study=world.study)

    text = text_of(world.editor, case)

    assert "Sent to adjudicators as disputed: <b>implausible</b>" in text
    assert f"{code}: implausible, “no granules”" in text
    assert judge.email not in text


def test_turing_parts_say_the_words_of_the_scale() -> None:
    scale = [f"level {n}" for n in range(1, 7)]
    fields = {"show_intended_class": False, "scale": scale}
    world, _ = unblinded(slug="turing", size=16, plans=(PartPlan("turing", 2, fields),))

    texts = [text_of(world.editor, case_of(world.study, "real", place)) for place in range(2)]

    assert any("5: level 5" in text or "2: level 2" in text for text in texts)


def test_the_same_image_elsewhere_is_linked_once_it_may_be_seen(world: LoopWorld) -> None:
    case = case_of(world.closed.study)
    other = close_world(slug="second", size=16, plans=(PartPlan("plausibility", 1),))
    twin = case_of(other.study, "early")
    Case.objects.filter(pk=twin.pk).update(image=case.image)

    blind = text_of(world.admin, case)
    unblind_study(actor=other.editor, study=other.study)

    assert address(twin) not in blind
    assert address(twin) in text_of(world.admin, case)
    assert address(twin) not in text_of(world.closed.editor, case)  # no seat there


def test_neighbours_follow_the_list_that_the_case_was_opened_from(world: LoopWorld) -> None:
    codes = [one.code for one in Case.objects.filter(part__study=world.closed.study)]
    middle = Case.objects.get(part__study=world.closed.study, code=sorted(codes)[4])
    before, after = (sorted(codes)[i] for i in (3, 5))

    plain = text_of(world.closed.editor, middle)
    turned = text_of(world.closed.editor, middle, order="-case")

    assert f"← {before}" in plain
    assert f"{after} →" in plain
    assert f"← {after}" in turned
    assert "?order=-case" in turned
    assert f"← {before}" in text_of(world.closed.editor, middle, order="nonsense")


def test_a_lost_picture_and_an_altered_snapshot_say_what_to_do(world: LoopWorld) -> None:
    case = case_of(world.closed.study)
    default_storage.delete(case.rendition.storage_key)
    snapshot = Snapshot.objects.get(study=world.closed.study)
    with default_storage.open(snapshot.storage_key, "ab") as file:
        file.write(b"\n")

    text = text_of(world.closed.editor, case)

    assert "The picture is not in the store any more" in text
    assert "was changed on disk" in text
    assert "R01" not in text


def test_a_practice_case_has_no_counted_reading(world: LoopWorld) -> None:
    case = case_of(world.closed.study, "real")
    Case.objects.filter(pk=case.pk).update(role="calibration", code="P0001")
    case.refresh_from_db()

    assert "A practice case" in text_of(world.closed.editor, case)


def test_every_call_of_the_api_is_logged(world: LoopWorld) -> None:
    case = case_of(world.closed.study)

    said = client_of(world.closed.editor).get(address(case, "api_case")).json()

    assert said["origin"]["drawn"]["seed"] == case.image.generated.seed
    assert said["snapshot"] == Snapshot.objects.get(study=world.closed.study).content_sha256
    assert {one["reader"] for one in said["readings"]} == {"R01", "R02"}
    logged = AuditEvent.objects.filter(verb="results.exported").latest("pk")
    assert logged.after["file"] == f"api case {case.part.order}/{case.code}"
