"""What an editor asks to be added, held against the design; an addition begins, or goes away."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count

from review.catalog.models import Pool
from review.jobs.services import enqueue
from review.studies.controls import wanted_controls
from review.studies.defaults import MIN_REAL_SHARE
from review.studies.errors import BadProtocol, NotReady, WrongState
from review.studies.models import Addition, Candidate, Case, Draw, Part, Study
from review.studies.policies import ensure_editor
from review.studies.services.adding.drawing import Cell, controls_for, draw_more
from review.studies.services.amend import RUNNING, checked_reason, lock_running
from review.studies.services.guards import log_study
from review.studies.services.urn import Picked

TASK = "review.studies.tasks.prepare_addition"
MOST_ADDED = 500  # at once, over all cells: the rows are written in one short transaction
State = Addition.State


def start_addition(
    *, actor: Any, study: Study, counts: Mapping[Cell, int], reason: str
) -> Addition:
    """Draw further cases for a running study and start to render them; no list changes yet.

    counts: {(order of part, arm code, class code): n}, cells that the design draws. Raises
    NotAllowed, WrongState, BadProtocol, and NotReady where images are missing.
    """
    ensure_editor(actor, study)
    _ensure_running(study)
    reason = checked_reason(reason)
    wanted = {cell: n for cell, n in counts.items() if n}
    _check(study, wanted)
    drawn = draw_more(study, wanted, controls_for(study, wanted))
    if drawn.problems:
        raise NotReady([*drawn.problems, *drawn.notes])
    with transaction.atomic():
        locked = lock_running(actor, study)
        _ensure_alone(locked)
        addition = _create(
            study=locked,
            reason=reason,
            asked=[[*cell, n] for cell, n in sorted(wanted.items())],
            notes=drawn.notes,
            asked_by=actor,
        )
        Candidate.objects.bulk_create(candidate_rows(addition, drawn.picked))
        enqueue(TASK, addition.pk)
        after = {"asked": addition.asked, "cases": len(drawn.picked), "reason": reason}
        log_study(actor, locked, "addition.started", addition, after=after)
    return addition


def candidate_rows(addition: Addition, picked: Iterable[Picked]) -> list[Candidate]:
    """Return unsaved candidates for the images that were drawn."""
    return [
        Candidate(
            addition=addition,
            part=one.part,
            image=one.image,
            arm=one.arm,
            intended_class=one.intended_class,
            role=one.role,
        )
        for one in picked
    ]


def asked_cells(addition: Addition) -> dict[Cell, int]:
    """Return what was asked for, per cell."""
    return {(part, arm, name): n for part, arm, name, n in addition.asked}


def open_addition(study: Study) -> Addition | None:
    """Return the addition that is not committed yet, if there is one."""
    return study.additions.exclude(state=State.ADDED).first()


@transaction.atomic
def discard_addition(*, actor: Any, addition: Addition) -> None:
    """Take an addition back; the study never knew of it. Raises NotAllowed, WrongState."""
    locked = lock_running(actor, addition.study)
    held = Addition.objects.select_for_update().get(pk=addition.pk)
    if held.state == State.ADDED:
        raise WrongState("These cases are in the study already. Take one out by its code.")
    drop_additions(actor, locked)


def drop_additions(actor: Any, study: Study) -> None:
    """Delete what is not committed: candidates go with their row, files are shared and stay.

    The study's row must be locked.
    """
    for addition in study.additions.select_for_update().exclude(state=State.ADDED):
        before = {"state": addition.state, "asked": addition.asked, "reason": addition.reason}
        log_study(actor, study, "addition.discarded", addition, before=before)
        addition.delete()


@transaction.atomic
def retry_addition(*, actor: Any, addition: Addition) -> Addition:
    """Start a failed addition again; what is rendered already is kept."""
    locked = lock_running(actor, addition.study)
    failed = Addition.objects.filter(pk=addition.pk, state=State.FAILED)
    if not failed.update(state=State.QUEUED, error="", attempts=0):
        raise WrongState("This addition did not fail; there is nothing to try again.")
    enqueue(TASK, addition.pk)
    log_study(actor, locked, "addition.retried", addition)
    addition.refresh_from_db()
    return addition


def _create(**fields: Any) -> Addition:
    """Create the row; who asked at the same moment and came second is refused."""
    try:
        with transaction.atomic():
            return Addition.objects.create(**fields)
    except IntegrityError as error:
        raise WrongState(ALREADY) from error


ALREADY = "Cases are being added to this study already. Commit or discard these first."


def _ensure_alone(study: Study) -> None:
    if open_addition(study) is not None:
        raise WrongState(ALREADY)


def _ensure_running(study: Study) -> None:
    if study.state not in RUNNING:
        raise WrongState(
            f"Study {study.slug!r} is {study.state}; cases are added while it is active or paused. "
            "Change the counts of a draft instead."
        )


def _check(study: Study, wanted: Mapping[Cell, int]) -> None:
    """Raise unless the cells are drawn by the design, not too many, and the mix stays fit."""
    if not wanted:
        raise BadProtocol("Nothing to add: give at least one cell a count.")
    total = sum(wanted.values())
    if total > MOST_ADDED:
        raise BadProtocol(f"{total} cases at once; {MOST_ADDED} at most. Add them in steps.")
    rows = Draw.objects.filter(part__study=study, count__gt=0)
    drawn = set(rows.values_list("part__order", "arm__code", "image_class__code"))
    for cell, n in wanted.items():
        order, arm, name = cell
        if n < 0:
            raise BadProtocol(f"{n} of {name} from {arm}: take 0 or more.")
        if cell not in drawn:
            raise BadProtocol(
                f"Part {order} draws no {name} from {arm}. Cases are added to cells of the design; "
                "for others copy the study."
            )
    problems = [
        text for part in study.parts.order_by("order") if (text := short_of_real(part, wanted))
    ]
    if problems:
        raise NotReady(problems)


def short_of_real(part: Part, wanted: Mapping[Cell, int]) -> str:
    """Say that a plausibility part would have too few real images, or nothing."""
    more = {(arm, name): n for (order, arm, name), n in wanted.items() if order == part.order}
    if part.kind != Part.Kind.PLAUSIBILITY or not more:
        return ""
    source = dict(part.study.arms.values_list("code", "pool__source"))
    main = part.cases.filter(role=Case.Role.MAIN, is_void=False).order_by()
    there = main.values_list("arm__pool__source").annotate(n=Count("pk"))
    sides: Counter[str] = Counter(dict(there))
    for (arm, _), n in more.items():
        sides[source[arm]] += n
    controls = wanted_controls(part.kind, part.control_fraction, sides.total())
    real, total = sides[Pool.Source.REAL] + controls, sides.total() + controls
    if real >= MIN_REAL_SHARE * total:
        return ""
    needed = -(-(total - real) // 4) - real
    return (
        f"Part {part.order} would have {100 * real / total:.0f} % real images; without "
        f"{100 * MIN_REAL_SHARE:.0f} % its rates have no ceiling. Add {needed} real images as well."
    )
