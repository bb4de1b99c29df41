"""Prepare a study: draw by seed, make cases, render them in chunks, audit, assign.

prepare_study      guards, draw, rows; chunks go to the worker through the outbox
render_chunk       a range of cases; the last one to finish calls finish_prepare
finish_prepare     blinding audit; prepared, or blocked until overridden or discarded
discard_prepare    back to an untouched draft, from prepared or from a preparation
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from review.blinding.errors import BlindingError
from review.catalog.errors import CatalogError
from review.jobs.services import enqueue
from review.studies.errors import NotReady, WrongState
from review.studies.models import Case, CaseFeedback, GalleryImage, Part, Session, Study
from review.studies.policies import ensure_editor
from review.studies.selectors.balance import balance
from review.studies.selectors.checklist import draft_checklist, to_json
from review.studies.services.assign import assign_all
from review.studies.services.audit_blinding import audit_study
from review.studies.services.calibration import feedback_rows
from review.studies.services.cases import make_cases
from review.studies.services.draw import draw_images
from review.studies.services.gallery import render_galleries
from review.studies.services.guards import lock_draft, lock_study, log_study
from review.studies.services.render import (
    asked_display,
    choose_look,
    outline_notes,
    render_cases,
    resolved_display,
)
from review.studies.services.urn import DrawResult, Picked

CHUNK = 64
TASK = "review.studies.tasks.render_chunk"
STALE_AFTER = timedelta(seconds=90)
Stage = Study.Stage


def prepare_study(*, actor: Any, study: Study) -> Study:
    """Draw the cases of a draft and start rendering. Raises NotAllowed, StudyFrozen, NotReady."""
    ensure_editor(actor, study)
    problems = [item.text for item in draft_checklist(study) if item.state == "bad"]
    if problems:
        raise NotReady(problems)
    drawn = draw_images(study)
    if drawn.problems:
        raise NotReady(drawn.problems)
    with transaction.atomic():
        locked = lock_draft(actor, study)
        _clear(locked)
        _store_looks(locked, drawn)
        classes = {c.pk: c for c in locked.domain.classes.all()}
        made = make_cases(locked, drawn.picked, classes)
        cases = Case.objects.bulk_create(made, batch_size=500)
        CaseFeedback.objects.bulk_create(feedback_rows(cases, classes))
        locked.checklist = {"notes": drawn.notes, "cases": len(cases)}
        locked.audit_report, locked.audit_override, locked.prepare_error = {}, {}, ""
        locked.prepare_stage, locked.prepare_beat_at = Stage.RENDERING, timezone.now()
        locked.save()
        _enqueue_chunks(sorted(case.pk for case in cases))
        after = {"cases": len(cases), "seed": locked.draw_seed}
        log_study(actor, locked, "study.prepare_started", after=after)
    study.refresh_from_db()
    return study


def prepare_now(*, actor: Any, study: Study) -> Study:
    """Prepare and render at once, in this process: for commands and tests."""
    prepare_study(actor=actor, study=study)
    first_and_last = _case_range(study)
    if first_and_last:
        render_chunk(*first_and_last)
    study.refresh_from_db()
    return study


def render_chunk(first: int, last: int) -> int:
    """Render the cases first <= pk <= last that have no rendition yet. Returns how many.

    A range whose cases are gone (the preparation was discarded) is an empty range.
    """
    todo = Case.objects.filter(pk__gte=first, pk__lte=last, rendition=None).select_related(
        "image", "arm", "part"
    )
    study = Study.objects.filter(parts__cases__pk__gte=first, parts__cases__pk__lte=last).first()
    if study is None or study.prepare_stage != Stage.RENDERING:
        return 0
    done = 0
    try:
        for chunk in _chunks(list(todo), CHUNK):
            done += render_cases(chunk)
            Study.objects.filter(pk=study.pk).update(prepare_beat_at=timezone.now())
    except (CatalogError, BlindingError) as error:
        _fail(study, str(error))
        return done
    if not Case.objects.filter(part__study=study, rendition=None).exists():
        finish_prepare(study)
    return done


def finish_prepare(study: Study) -> Study:
    """Audit the renditions once; then prepared, or blocked. Others who come here do nothing."""
    claimed = Study.objects.filter(pk=study.pk, prepare_stage=Stage.RENDERING).update(
        prepare_stage=Stage.AUDITING, prepare_beat_at=timezone.now()
    )
    if claimed:
        audit_now(study)
    study.refresh_from_db()
    return study


def audit_now(study: Study) -> None:
    """Run the blinding audit of a study whose stage is auditing, and act on it."""
    try:
        render_galleries(study)
        report = audit_study(study)
    except (CatalogError, BlindingError) as error:
        _fail(study, str(error))
        return
    with transaction.atomic():
        locked = lock_study(study)
        if locked.prepare_stage != Stage.AUDITING:
            return
        locked.audit_report = report
        if report["state"] in {"blocked", "stopped"}:
            locked.prepare_stage = Stage.BLOCKED
            locked.save()
        else:
            become_prepared(locked)
        log_study(None, locked, "study.audited", after=_summary(report))


@transaction.atomic
def override_audit(*, actor: Any, study: Study, reason: str) -> Study:
    """Go on although content cues block, with a written reason; a container leak stops for good."""
    ensure_editor(actor, study)
    locked = lock_study(study)
    reason = reason.strip()
    if locked.prepare_stage != Stage.BLOCKED:
        raise WrongState("The blinding audit does not block this study; nothing to override.")
    if locked.audit_report.get("state") == "stopped":
        raise WrongState(
            "A container feature tells the source. That cannot be overridden: discard the "
            "preparation, mend the pool it names, and prepare again."
        )
    if len(reason) < 20:
        raise NotReady([f"The reason has {len(reason)} characters; write at least 20."])
    locked.audit_override = {
        "reason": reason,
        "by": actor.pk,
        "at": timezone.now().isoformat(),
        "blocked": locked.audit_report.get("blocked", []),
    }
    become_prepared(locked)
    log_study(actor, locked, "study.audit_overridden", after=locked.audit_override)
    return locked


@transaction.atomic
def discard_prepare(*, actor: Any, study: Study) -> Study:
    """Take a prepared study, or a preparation, back to draft: cases and lists are discarded."""
    ensure_editor(actor, study)
    locked = lock_study(study)
    if locked.state not in {Study.State.DRAFT, Study.State.PREPARED}:
        raise WrongState(
            f"Study {locked.slug!r} is {locked.state}: its lists are being read. "
            "Change it by amendment."
        )
    before = {"state": locked.state, "cases": Case.objects.filter(part__study=locked).count()}
    _clear(locked)
    locked.state, locked.prepared_at = Study.State.DRAFT, None
    locked.prepare_stage, locked.prepare_error = Stage.IDLE, ""
    locked.checklist, locked.audit_report, locked.audit_override = {}, {}, {}
    locked.save()
    log_study(actor, locked, "study.unprepared", before=before)
    return locked


def revive_preparations() -> int:
    """Re-queue what a lost worker left: called by the dispatcher every few seconds."""
    stale = Study.objects.filter(
        prepare_stage__in=[Stage.RENDERING, Stage.AUDITING],
        prepare_beat_at__lt=timezone.now() - STALE_AFTER,
    )
    revived = 0
    for study in stale:
        with transaction.atomic():
            held = Study.objects.filter(pk=study.pk, prepare_beat_at=study.prepare_beat_at)
            if not held.update(prepare_beat_at=timezone.now(), prepare_stage=Stage.RENDERING):
                continue
            missing = Case.objects.filter(part__study=study, rendition=None)
            pks = list(missing.order_by("pk").values_list("pk", flat=True))
            _enqueue_chunks(pks or list(_case_range(study)))
        revived += 1
    return revived


def become_prepared(study: Study) -> None:
    """Set a locked study prepared, with a list for every consented reader."""
    study.state, study.prepared_at = Study.State.PREPARED, timezone.now()
    study.prepare_stage = Stage.IDLE
    study.save()
    assign_all(study)
    found = {"items": to_json(draft_checklist(study)), "balance": balance(study)}
    study.checklist = {**study.checklist, **found}
    study.save(update_fields=["checklist"])
    log_study(None, study, "study.prepared", after={"audit": study.audit_report.get("state")})


def _store_looks(study: Study, drawn: DrawResult) -> None:
    """Fix size, depth and packing of each part from the images that were drawn."""
    crops = {arm.pool_id: arm.centre_crop for arm in study.arms.all()}
    wanted = {picked.image.pk for picked in drawn.picked}
    full = _images_of(drawn.picked, wanted)
    for part in study.parts.select_related("study__domain"):
        mine = [full[p.image.pk] for p in drawn.picked if p.part.pk == part.pk]
        look = choose_look(part, mine, crops)
        drawn.notes.extend(outline_notes(part, look, mine))
        Part.objects.filter(pk=part.pk).update(display=resolved_display(part, look))


def _images_of(picked: list[Picked], wanted: set[int]) -> dict[int, Any]:
    from review.catalog.models import ImageAsset

    pools = {p.arm.pool_id for p in picked}
    columns = ("pk", "pool_id", "width", "height", "mode", "intake_profile", "mask_key")
    images = ImageAsset.objects.filter(pool__in=pools).only(*columns)
    return {image.pk: image for image in images.iterator() if image.pk in wanted}


def _clear(study: Study) -> None:
    """Delete the lists and cases of a study that nobody has read; files are shared and stay."""
    Session.objects.filter(part__study=study).delete()
    Case.objects.filter(part__study=study).delete()
    GalleryImage.objects.filter(part__study=study).delete()
    for part in study.parts.all():
        if "asked" in part.display:
            part.display = asked_display(part)
            part.save(update_fields=["display"])


def _enqueue_chunks(pks: list[int]) -> None:
    for chunk in _chunks(pks, CHUNK):
        enqueue(TASK, chunk[0], chunk[-1])


def _chunks(rows: list[Any], size: int) -> list[list[Any]]:
    return [rows[at : at + size] for at in range(0, len(rows), size)]


def _case_range(study: Study) -> tuple[int, ...]:
    pks = Case.objects.filter(part__study=study).order_by("pk").values_list("pk", flat=True)
    first, last = pks.first(), pks.last()
    return (first, last) if first is not None and last is not None else ()


def _fail(study: Study, why: str) -> None:
    Study.objects.filter(pk=study.pk).update(prepare_stage=Stage.FAILED, prepare_error=why)


def _summary(report: dict[str, Any]) -> dict[str, Any]:
    return {name: report.get(name) for name in ("state", "hard_stops", "blocked", "warnings")}
