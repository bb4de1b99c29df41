"""Pause one reader, and let them go on. Their list, and every answer, stays as it is.

A reader's own pause ends when the reader says so. An editor's pause ends by an editor alone, and
takes the place of the reader's own.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from review.studies.errors import BadProtocol, WrongState
from review.studies.models import Membership, Study
from review.studies.policies import ensure_editor
from review.studies.services.amend import RUNNING, reassign
from review.studies.services.guards import lock_in_state, log_study
from review.studies.services.sessions import state_by_lists

State = Membership.State
WHY_NOT = {
    State.INVITED: "has not consented yet",
    State.COMPLETE: "has read every case",
    State.WITHDRAWN: "has left the study",
    State.PAUSED: "is paused already",
}


def may_pause(membership: Membership) -> bool:
    """Say whether there is a reading to pause."""
    return membership.state in Membership.UNDER_WAY and membership.study.state in RUNNING


@transaction.atomic
def pause_reader(*, actor: Any, membership: Membership, reason: str = "") -> Membership:
    """Stop a reader of a running study for now: by an editor, who says why, or by the reader.

    No case, image or answer passes until resume_reader. Raises NotAllowed, BadProtocol without an
    editor's reason, and WrongState.
    """
    is_own = membership.user_id == actor.pk
    reason = "" if is_own else _editors_reason(actor, membership, reason)
    study = lock_in_state(membership.study, *RUNNING)
    seat = Membership.objects.select_for_update().get(pk=membership.pk)
    takes_over = seat.state == State.PAUSED and seat.is_own_pause and not is_own
    fits = takes_over or seat.state in Membership.UNDER_WAY
    if seat.role != Membership.Role.READER or not fits:
        raise WrongState(_no_pause(seat, study))
    before = {"state": seat.state}
    seat.state, seat.paused_at, seat.paused_by = State.PAUSED, timezone.now(), actor
    seat.pause_reason = reason
    seat.save(update_fields=["state", "paused_at", "paused_by", "pause_reason"])
    after = {"state": State.PAUSED, "by": "reader" if is_own else "editor", "reason": reason}
    log_study(actor, study, "reader.paused", seat, before=before, after=after)
    return seat


@transaction.atomic
def resume_reader(*, actor: Any, membership: Membership) -> Membership:
    """Let a paused reader go on where the list stands, with the cases that waited for a reader.

    Raises NotAllowed and WrongState: whoever set the pause ends it.
    """
    is_own = membership.user_id == actor.pk
    if not is_own:
        ensure_editor(actor, membership.study)
    study = lock_in_state(membership.study, *RUNNING)
    seat = Membership.objects.select_for_update().get(pk=membership.pk)
    if seat.state != State.PAUSED:
        raise WrongState(f"{seat.code} of study {study.slug!r} is {seat.state}, not paused.")
    if seat.is_own_pause != is_own:
        raise WrongState(_not_yours(seat))
    seat.end_pause()
    seat.state = state_by_lists(seat.pk)
    seat.save(update_fields=["state", "paused_at", "paused_by", "pause_reason"])
    log_study(actor, study, "reader.resumed", seat, after={"state": seat.state})
    reassign(study)
    seat.refresh_from_db(fields=["state"])
    return seat


def _editors_reason(actor: Any, membership: Membership, reason: str) -> str:
    ensure_editor(actor, membership.study)
    if not reason.strip():
        raise BadProtocol(
            f"Say why {membership.code} is paused. The reason is logged; readers do not see it."
        )
    return reason.strip()[:200]


def _no_pause(seat: Membership, study: Study) -> str:
    why = WHY_NOT.get(State(seat.state), f"is {seat.role}, not a reader")
    return f"{seat.code} {why}: there is no reading to pause in study {study.slug!r}."


def _not_yours(seat: Membership) -> str:
    if seat.is_own_pause:
        return f"{seat.code} paused the reading and goes on when ready. Only the reader ends this."
    return "An editor paused your reading. Only an editor ends this pause: ask them."
