"""Commit an addition: its cases, their renditions and the tails of the lists, as one amendment.

One short transaction with the study's row locked; the images were rendered and audited before it.
"""

from collections import Counter
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from review.studies.availability import drawable, piloted, practised_elsewhere
from review.studies.errors import NotReady, WrongState
from review.studies.models import (
    Addition,
    Amendment,
    Candidate,
    Case,
    Draw,
    Rendition,
    Study,
)
from review.studies.selectors.balance import balance
from review.studies.services.adding.becoming import cases_to_be, kept_candidates
from review.studies.services.adding.listing import list_added
from review.studies.services.amend import Change, lock_running, write_amendment
from review.studies.services.audit_blinding import merge_reports
from review.studies.services.guards import log_study

State = Addition.State
LEAST_REASON = 20


@transaction.atomic
def override_addition(*, actor: Any, addition: Addition, reason: str) -> Addition:
    """Go on although content cues block, with a written reason; a container leak stops for good."""
    locked = lock_running(actor, addition.study)
    held = _lock(addition)
    reason = reason.strip()
    if held.state != State.BLOCKED:
        raise WrongState("The blinding audit does not block this addition; nothing to override.")
    if held.audit_state == "stopped":
        raise WrongState(
            "A container feature tells the source. That cannot be overridden: discard the addition "
            "and mend the pool it names."
        )
    if len(reason) < LEAST_REASON:
        raise NotReady([f"The reason has {len(reason)} characters; write at least {LEAST_REASON}."])
    held.audit_override = {
        "reason": reason,
        "by": actor.pk,
        "at": timezone.now().isoformat(),
        "blocked": held.audit_report.get("blocked", []),
    }
    held.state = State.READY
    held.save(update_fields=["audit_override", "state"])
    log_study(actor, locked, "addition.audit_overridden", held, after=held.audit_override)
    return held


@transaction.atomic
def commit_addition(*, actor: Any, addition: Addition) -> Amendment:
    """Make the candidates cases and put them behind the lists. Raises NotAllowed, WrongState,
    and NotReady when an image may not be shown any more."""
    locked = lock_running(actor, addition.study)
    held = _lock(addition)
    if held.state != State.READY:
        raise WrongState(f"This addition is {held.get_state_display()}; it cannot be committed.")
    kept = kept_candidates(held)
    _ensure_free(locked, kept)
    before = Case.objects.filter(part__study=locked).count()
    cases = _write_cases(held, kept)
    _grow_design(locked, cases)
    _store_audit(locked, held)
    orders = sorted({case.part.order for case in cases})
    for part in locked.parts.filter(order__in=orders).select_related("study").order_by("order"):
        list_added(part, [case for case in cases if case.part_id == part.pk])
    locked.checklist = {**locked.checklist, "balance": balance(locked)}
    locked.save(update_fields=["checklist", "audit_report", "audit_override"])
    counts = Change(f"{before} cases", f"{before + len(cases)} cases")
    amendment = write_amendment(actor, locked, _kind(len(cases), orders), held.reason, counts)
    held.state, held.amendment = State.ADDED, amendment
    held.save(update_fields=["state", "amendment"])
    codes = {str(order): _codes(cases, order) for order in orders}
    log_study(actor, locked, "cases.added", held, after={"cases": codes, "reason": held.reason})
    return amendment


def _lock(addition: Addition) -> Addition:
    held = Addition.objects.select_for_update().filter(pk=addition.pk).first()
    if held is None:
        raise WrongState("This addition was discarded meanwhile.")
    return held


def _ensure_free(study: Study, kept: list[Candidate]) -> None:
    """Raise NotReady if an image was used up since it was drawn."""
    pools = {candidate.image.pool_id for candidate in kept}
    free = drawable(list(pools)).exclude(pixel_sha256__in=practised_elsewhere(study))
    free = free.exclude(pixel_sha256__in=piloted(study))
    pks = [candidate.image_id for candidate in kept]
    lost = len(pks) - free.filter(pk__in=pks).count()
    if lost:
        raise NotReady(
            [
                f"{lost} of these images were practised with feedback, or piloted, in another "
                "study since they were drawn. Discard this addition and begin another."
            ]
        )


def _write_cases(addition: Addition, kept: list[Candidate]) -> list[Case]:
    cases = Case.objects.bulk_create(cases_to_be(addition, kept), batch_size=500)
    Rendition.objects.bulk_create([case.rendition for case in cases], batch_size=500)
    made = {(case.part_id, case.image_id): case for case in cases}
    for candidate in kept:
        candidate.case = made[candidate.part_id, candidate.image_id]
    Candidate.objects.bulk_update(kept, ["case"], batch_size=500)
    return cases


def _grow_design(study: Study, cases: list[Case]) -> None:
    """Count the added cases in the design: a copy of the study draws as many."""
    more: Counter[tuple[int, int, int]] = Counter(
        (case.part_id, case.arm_id, case.intended_class_id)
        for case in cases
        if case.role == Case.Role.MAIN
    )
    for (part, arm, image_class), n in more.items():
        cell = Draw.objects.filter(part=part, arm=arm, image_class=image_class)
        cell.filter(part__study=study).update(count=F("count") + n)


def _store_audit(study: Study, addition: Addition) -> None:
    """Put the new reports of the parts that grew in place of those of before."""
    fresh = {part["part"]: part for part in addition.audit_report["parts"]}
    before = {part["part"]: part for part in study.audit_report.get("parts", [])}
    merged = {**before, **fresh}
    study.audit_report = merge_reports([merged[order] for order in sorted(merged)])
    if addition.audit_override:
        earlier = study.audit_override.get("reason", "")
        later = f"When cases were added: {addition.audit_override['reason']}"
        study.audit_override = addition.audit_override | {"reason": f"{earlier} {later}".strip()}


def _kind(n: int, orders: list[int]) -> str:
    parts = ", ".join(map(str, orders))
    return f"add {n} case{'s'[: n != 1]} to part{'s'[: len(orders) != 1]} {parts}"[:40]


def _codes(cases: list[Case], order: int) -> list[str]:
    return [case.code for case in cases if case.part.order == order]
