"""The job of an addition: what cannot be shown is refused, a lost worker costs nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from config.celery import app
from review.accounts.models import User
from review.catalog.models import ImageAsset
from review.jobs.models import Outbox
from review.studies import services
from review.studies.errors import NotReady, WrongState
from review.studies.models import Addition, Candidate, Case, Rendition, Study
from review.studies.protocol import verify_protocol
from review.studies.services.adding import working
from review.studies.services.adding.asking import TASK
from tests.review.studies.test_prepare import bright
from tests.worlds.adding import REASON, add_cases, begin
from tests.worlds.building import add_reader, make_active, make_draft, prepare

pytestmark = [pytest.mark.database, pytest.mark.django_db]
WHY = "The early generator is known to be too bright; we report it."


@pytest.fixture
def study(editor: User) -> Study:
    return make_active(editor, pool_size=20)


def start(editor: User, study: Study, counts: Any) -> Addition:
    return services.start_addition(actor=editor, study=study, counts=counts, reason=REASON)


def worked(addition: Addition) -> Addition:
    working.prepare_addition(addition.pk)
    addition.refresh_from_db()
    return addition


def free_images(study: Study, arm: str, name: str = "BAS") -> list[ImageAsset]:
    pool = study.arms.get(code=arm).pool
    rows = ImageAsset.objects.filter(pool=pool, image_class__code=name, cases=None, galleries=None)
    return list(rows.order_by("pk"))


def test_the_work_is_announced_by_a_task_that_exists(editor: User, study: Study) -> None:
    addition = start(editor, study, {(1, "early", "BAS"): 2})
    row = Outbox.objects.get(task=TASK)
    assert (row.args, row.queue) == ([addition.pk], "default")
    app.loader.import_default_modules()
    app.tasks[TASK](addition.pk)
    app.tasks[TASK](addition.pk)  # delivered twice
    addition.refresh_from_db()
    assert (addition.state, addition.attempts) in [("ready", 1), ("blocked", 1)]
    assert addition.candidates.count() == 2


def test_images_that_the_part_cannot_show_are_passed_over(editor: User, study: Study) -> None:
    free = free_images(study, "early")
    small = free[: len(free) - 3]
    ImageAsset.objects.filter(pk__in=[image.pk for image in small]).update(width=20)
    addition = worked(start(editor, study, {(1, "early", "BAS"): 3}))
    drawn = set(addition.candidates.filter(role="main").values_list("image", flat=True))
    assert drawn == {image.pk for image in free[-3:]}
    assert any("smaller than the 24 px that part 1 shows" in note for note in addition.notes)
    services.discard_addition(actor=editor, addition=addition)
    with pytest.raises(NotReady, match=r"3 are left.*Passed over 15 images of early: smaller"):
        start(editor, study, {(1, "early", "BAS"): 4})


def test_a_size_that_the_editor_asked_for_enlarges_as_it_did(editor: User) -> None:
    study = make_draft(editor, pool_size=8)
    part = study.parts.get(order=1)
    services.update_part(actor=editor, part=part, display={"px": 32})
    add_reader(editor, study)
    study = services.activate_study(actor=editor, study=prepare(editor, study))
    add_cases(editor, study, {(1, "early", "BAS"): 1})
    assert set(Rendition.objects.filter(case__part=part).values_list("width", flat=True)) == {32}


def test_a_lost_file_is_refused_and_another_image_drawn(editor: User, study: Study) -> None:
    addition = start(editor, study, {(1, "early", "BAS"): 2})
    one = addition.candidates.filter(role="main").first()
    default_storage.delete(one.image.storage_key)
    addition = worked(addition)
    one.refresh_from_db()
    assert one.refusal
    assert addition.candidates.filter(refusal="", role="main").count() == 2
    assert any("Refused 1 image of early" in note for note in addition.notes)
    addition = services.override_addition(actor=editor, addition=addition, reason=WHY) if (
        addition.state == "blocked") else addition  # fmt: skip
    services.commit_addition(actor=editor, addition=addition)
    made = Case.objects.filter(candidate__addition=addition)
    assert made.filter(role="main").count() == 2
    assert not made.filter(image=one.image_id).exists()


def test_what_no_further_image_can_make_good_is_said(editor: User, study: Study) -> None:
    n = len(free_images(study, "early"))
    addition = start(editor, study, {(1, "early", "BAS"): n})
    lost = addition.candidates.filter(role="main").first()
    default_storage.delete(lost.image.storage_key)
    addition = worked(addition)
    assert addition.state in {"ready", "blocked"}
    assert "Part 1 lacks 1 of BAS from early: no further image fits." in addition.notes


@pytest.mark.parametrize(("field", "value"), [("byte_length", 7), ("pipeline", "2")])
def test_a_rendition_of_another_length_or_pipeline_is_refused(
    editor: User, study: Study, monkeypatch: pytest.MonkeyPatch, field: str, value: Any
) -> None:
    """Whatever makes it so, as a new version: nothing of another kind gets as far as a case."""
    plain = working.rendered_fields
    monkeypatch.setattr(working, "rendered_fields", lambda *given: plain(*given) | {field: value})
    addition = worked(start(editor, study, {(1, "early", "BAS"): 1}))
    assert not addition.candidates.filter(refusal="").exists()
    assert f"{field} {value}, not" in addition.candidates.first().refusal
    assert (addition.state, addition.audit_report["parts"]) == ("failed", [])
    assert "No image can be shown" in addition.error


def test_a_killed_worker_costs_nothing(editor: User, study: Study) -> None:
    addition = start(editor, study, {(1, "early", "BAS"): 3})
    fence = Addition.objects.claim(addition.pk, "gone", states=["queued"], leased="working")
    working._render(working._unrendered(addition)[0])
    assert worked(addition).state == "working"  # somebody else's lease
    past = timezone.now() - timedelta(seconds=1)
    Addition.objects.filter(pk=addition.pk).update(lease_expires=past, attempts=1)
    Outbox.objects.all().delete()
    assert working.reap_additions() == 1
    assert Outbox.objects.get().args == [addition.pk]
    addition = worked(addition)
    assert addition.state in {"ready", "blocked"}
    assert addition.candidates.filter(role="main").exclude(rendition={}).count() == 3
    with pytest.raises(working._Lost):  # the first one wakes up
        working._finish(addition.pk, fence)


def test_a_worker_lost_again_and_again_fails_and_may_be_tried_again(
    editor: User, study: Study
) -> None:
    addition = start(editor, study, {(1, "early", "BAS"): 1})
    Addition.objects.claim(addition.pk, "gone", states=["queued"], leased="working")
    past = timezone.now() - timedelta(seconds=1)
    Addition.objects.filter(pk=addition.pk).update(lease_expires=past, attempts=3)
    assert working.reap_additions() == 1
    addition.refresh_from_db()
    assert addition.state == "failed"
    assert "lost again" in addition.error
    with pytest.raises(WrongState, match="stopped by an error"):
        services.commit_addition(actor=editor, addition=addition)
    addition = services.retry_addition(actor=editor, addition=addition)
    assert worked(addition).state in {"ready", "blocked"}
    with pytest.raises(WrongState, match="did not fail"):
        services.retry_addition(actor=editor, addition=addition)


def test_an_addition_discarded_under_the_worker_leaves_nothing(
    editor: User, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    addition = start(editor, study, {(1, "early", "BAS"): 2})
    plain = working._render

    def discarding(candidate: Candidate) -> None:
        plain(candidate)
        if Addition.objects.exists():
            services.discard_addition(actor=editor, addition=addition)

    monkeypatch.setattr(working, "_render", discarding)
    working.prepare_addition(addition.pk)
    assert not Addition.objects.exists()
    assert not Candidate.objects.exists()
    assert verify_protocol(Study.objects.get(pk=study.pk)) == []


def test_a_full_disk_fails_the_addition_and_refuses_no_image(
    editor: User, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from review.catalog.errors import MediaFull

    addition = start(editor, study, {(1, "early", "BAS"): 2})

    def full(*given: Any) -> Any:
        raise MediaFull("The disk is full. Free some space.")

    monkeypatch.setattr(working, "rendered_fields", full)
    addition = worked(addition)
    assert (addition.state, addition.error) == ("failed", "The disk is full. Free some space.")
    assert not addition.candidates.exclude(refusal="").exists()


@pytest.fixture
def bright_study(editor: User) -> Study:
    """Return an active study whose blinding audit blocked and was overridden."""
    study = make_draft(editor, per_class=5, real=5, pool_size=20)
    bright(study)
    add_reader(editor, study)
    return services.activate_study(actor=editor, study=prepare(editor, study))


def test_a_cue_blocks_until_it_is_overridden_with_a_reason(
    editor: User, bright_study: Study
) -> None:
    addition = worked(start(editor, bright_study, {(1, "early", "BAS"): 2}))
    assert addition.state == "blocked"
    assert any("mean" in name for name in addition.audit_report["blocked"])
    assert addition.audit_report["parts"][0]["cases"] == 63 + 2
    with pytest.raises(WrongState, match="blocked"):
        services.commit_addition(actor=editor, addition=addition)
    with pytest.raises(NotReady, match="at least 20"):
        services.override_addition(actor=editor, addition=addition, reason="fine")
    addition = services.override_addition(actor=editor, addition=addition, reason=WHY)
    services.commit_addition(actor=editor, addition=addition)
    bright_study.refresh_from_db()
    assert bright_study.audit_override["reason"].endswith(f"When cases were added: {WHY}")
    assert bright_study.audit_report["parts"][0] == addition.audit_report["parts"][0]
    assert [part["part"] for part in bright_study.audit_report["parts"]] == [1, 2]
    assert verify_protocol(bright_study) == []


def test_a_container_that_differs_stops_for_good(editor: User, study: Study) -> None:
    last = Rendition.objects.filter(case__part__order=1, case__arm__code="real").last()
    Rendition.objects.filter(pk=last.pk).update(byte_length=1)
    addition = worked(start(editor, study, {(1, "early", "BAS"): 1}))
    assert (addition.state, addition.audit_state) == ("blocked", "stopped")
    with pytest.raises(WrongState, match="cannot be overridden"):
        services.override_addition(actor=editor, addition=addition, reason=WHY)


def test_every_added_image_is_measured_by_the_audit(
    editor: User, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from review.studies.services import audit_blinding

    monkeypatch.setattr(audit_blinding, "SAMPLE_PER_SOURCE", 5)
    seen = []
    plain = audit_blinding.read_bytes
    monkeypatch.setattr(audit_blinding, "read_bytes", lambda key: seen.append(key) or plain(key))
    addition = begin(editor, study, {(1, "real", "BAS"): 2, (1, "late", "BAS"): 3})
    added = {candidate.rendition["storage_key"] for candidate in addition.candidates.all()}
    assert added <= set(seen)
    assert len(seen) == 10
