"""The job of an addition: render its candidates, draw again for those refused, audit the parts.

One worker at a time, under a lease; a worker that was killed leaves what it rendered, and the next
one goes on from there. Nothing here changes the study.
"""

import threading
from collections import Counter
from typing import Any

from django.db import transaction
from django.utils import timezone

from review.blinding.errors import BlindingError
from review.catalog.errors import CatalogError, ImageRejected, MediaMissing
from review.jobs.services import enqueue, heartbeat, worker_name
from review.studies.models import Addition, Candidate, Case, Part
from review.studies.services.adding.asking import TASK, asked_cells, candidate_rows
from review.studies.services.adding.becoming import cases_to_be, kept_candidates
from review.studies.services.adding.drawing import Cell, controls_for, draw_more
from review.studies.services.adding.fitting import why_unlike
from review.studies.services.audit_blinding import audit_part, merge_reports
from review.studies.services.guards import log_study
from review.studies.services.render import look_of, rendered_fields, store_outline

State = Addition.State
MAX_ATTEMPTS = 3
REFUSED = (BlindingError, ImageRejected, MediaMissing)  # of one image; others stop the addition


class _Lost(Exception):
    """Another worker has the addition now, or it was discarded."""


def prepare_addition(addition_pk: int) -> None:
    """Bring an addition to ready, blocked or failed; a second delivery does nothing."""
    held = Addition.objects
    fence = held.claim(addition_pk, worker_name(), states=[State.QUEUED], leased=State.WORKING)
    if fence is None:
        return
    lost = threading.Event()
    with heartbeat(lambda: held.beat(addition_pk, fence), lost):
        try:
            _prepare(addition_pk, fence, lost)
        except _Lost:
            return
        except (CatalogError, BlindingError) as error:
            held.release(addition_pk, fence, State.FAILED, error=str(error))


def _prepare(addition_pk: int, fence: int, lost: threading.Event) -> None:
    addition = _mine(addition_pk, fence)
    Addition.objects.filter(pk=addition_pk, fence=fence).update(attempts=addition.attempts + 1)
    while True:
        for candidate in _unrendered(addition):
            if lost.is_set():
                raise _Lost
            _render(candidate)
        if not _draw_again(addition_pk, fence):
            break
    _finish(addition_pk, fence)


def _mine(addition_pk: int, fence: int) -> Addition:
    """Return the addition while this worker has its lease. Raises _Lost."""
    rows = Addition.objects.filter(pk=addition_pk, fence=fence, state=State.WORKING)
    addition = rows.select_related("study__domain").first()
    if addition is None:
        raise _Lost
    return addition


def _unrendered(addition: Addition) -> list[Candidate]:
    rows = addition.candidates.filter(rendition={}, refusal="").order_by("pk")
    return list(rows.select_related("part__study", "image__pool", "arm"))


def _render(candidate: Candidate) -> None:
    """Store the bytes of one candidate, or why its part cannot show it."""
    part, image, crop = candidate.part, candidate.image, candidate.arm.centre_crop
    look = look_of(part)
    mine = Candidate.objects.filter(pk=candidate.pk)
    try:
        fields = rendered_fields(image, crop, look)
        outline_key = store_outline(image, crop, look) if look.outline else ""
    except REFUSED as error:
        mine.update(refusal=str(error)[:300])
        return
    unlike = why_unlike(part, fields)
    if unlike:
        mine.update(refusal=f"its rendition differs from the part's: {unlike}"[:300])
        return
    mine.update(rendition={**fields, "outline_key": outline_key})


def _draw_again(addition_pk: int, fence: int) -> int:
    """Draw as many images as were refused, if there are more; return how many were found."""
    addition = _mine(addition_pk, fence)
    wanted, controls = missing(addition)
    if not wanted and not controls:
        return 0
    drawn = draw_more(addition.study, wanted, controls, addition)
    with transaction.atomic():
        mine = Addition.objects.select_for_update().filter(pk=addition_pk, fence=fence)
        if mine.filter(state=State.WORKING).first() is None:
            raise _Lost
        Candidate.objects.bulk_create(candidate_rows(addition, drawn.picked))
    return len(drawn.picked)


def missing(addition: Addition) -> tuple[dict[Cell, int], dict[int, int]]:
    """Return how many images are short of what was asked: per cell, and controls per part."""
    standing = addition.candidates.filter(refusal="")
    main = standing.filter(role=Case.Role.MAIN)
    have = Counter(main.values_list("part__order", "arm__code", "intended_class__code"))
    asked = asked_cells(addition)
    controls = Counter(
        standing.filter(role=Case.Role.CONTROL).values_list("part__order", flat=True)
    )
    wanted = controls_for(addition.study, asked)
    return (
        {cell: n - have[cell] for cell, n in asked.items() if n > have[cell]},
        {order: n - controls[order] for order, n in wanted.items() if n > controls[order]},
    )


def _finish(addition_pk: int, fence: int) -> None:
    """Audit the parts that grow, the new renditions included; then ready, or blocked."""
    addition = _mine(addition_pk, fence)
    cases = cases_to_be(addition, kept_candidates(addition))
    report = _audit(cases)
    fields: dict[str, Any] = {
        "audit_report": report,
        "notes": addition.notes + _shortfall(addition),
    }
    with transaction.atomic():
        state, fields["error"] = _outcome(report, bool(cases))
        if not Addition.objects.release(addition_pk, fence, state, **fields):
            raise _Lost
        found = {name: report[name] for name in ("state", "hard_stops", "blocked", "warnings")}
        log_study(None, addition.study, "addition.audited", addition, after=found)


def _outcome(report: dict[str, Any], is_any: bool) -> tuple[str, str]:
    """Return the state that the work ends in, and an error if there is one."""
    if not is_any:
        return State.FAILED, "No image can be shown as the others of its part are. Discard this."
    return State.BLOCKED if report["state"] in {"blocked", "stopped"} else State.READY, ""


def _audit(cases: list[Case]) -> dict[str, Any]:
    parts = Part.objects.filter(pk__in={case.part_id for case in cases}).order_by("order")
    reports = [
        audit_part(part, [case for case in cases if case.part_id == part.pk]) for part in parts
    ]
    return merge_reports(reports)


def _shortfall(addition: Addition) -> list[str]:
    """Say which images were refused, why, and what is short in the end."""
    refused = Counter(addition.candidates.exclude(refusal="").values_list("arm__code", "refusal"))
    said = [
        f"Refused {n} image{'s'[: n != 1]} of {arm}: {why}"
        for (arm, why), n in sorted(refused.items())
    ]
    wanted, controls = missing(addition)
    said += [
        f"Part {part} lacks {n} of {name} from {arm}: no further image fits."
        for (part, arm, name), n in sorted(wanted.items())
    ]
    return said + [
        f"Part {part} lacks {n} wrong-class control{'s'[: n != 1]}: no further real image fits."
        for part, n in sorted(controls.items())
    ]


def reap_additions() -> int:
    """Queue again what a silent worker left; give up after a few tries."""
    changed = 0
    for addition in Addition.objects.expired(State.WORKING):
        changed += _give_back(addition)
    return changed


@transaction.atomic
def _give_back(addition: Addition) -> int:
    again = addition.attempts < MAX_ATTEMPTS
    mine = Addition.objects.filter(
        pk=addition.pk,
        fence=addition.fence,
        state=State.WORKING,
        lease_expires__lt=timezone.now(),
    )
    error = "" if again else "Its worker was lost again and again. Try again, or discard it."
    state = State.QUEUED if again else State.FAILED
    changed = mine.update(state=state, lease_owner="", lease_expires=None, error=error)
    if changed and again:
        enqueue(TASK, addition.pk)
    return changed
