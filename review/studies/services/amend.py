"""The only changes of a running study: each with a reason, logged, the protocol hashed anew."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from review.studies.availability import unpaused_readers
from review.studies.errors import BadProtocol, WrongState
from review.studies.models import (
    Amendment,
    Assignment,
    Case,
    Invitation,
    Membership,
    Part,
    Session,
    Study,
)
from review.studies.policies import ensure_editor
from review.studies.protocol import build_protocol, canonical_sha256
from review.studies.services.assign import add_to_tail, short_cases
from review.studies.services.guards import lock_in_state, lock_study, log_study
from review.studies.services.invite import invite
from review.studies.services.numbers import check_deadline, check_intro, in_words
from review.studies.services.sessions import finish_emptied

RUNNING = (Study.State.ACTIVE, Study.State.PAUSED)
MIN_REASON = 10


@dataclass(frozen=True)
class Change:
    """What an amendment changed, in words: the value before and after."""

    before: str
    after: str


@transaction.atomic
def extend_study(*, actor: Any, study: Study, deadline: datetime, reason: str) -> Amendment:
    """Move the deadline of a running study. Raises NotAllowed, WrongState, BadProtocol."""
    locked = lock_running(actor, study)
    check_deadline(deadline)
    before = in_words(locked.deadline) if locked.deadline else "none"
    change = Change(before, in_words(deadline))
    locked.deadline = deadline
    locked.save(update_fields=["deadline"])
    return write_amendment(actor, locked, "deadline", reason, change)


@transaction.atomic
def change_intro(*, actor: Any, study: Study, intro: str, reason: str) -> Amendment:
    """Change what readers are told on the first page. Raises BadProtocol for an empty text."""
    locked = lock_running(actor, study)
    if not intro.strip():
        raise BadProtocol("What readers are told first: the new value is empty. Write the text.")
    check_intro(intro)
    change = Change(locked.intro, intro)
    locked.intro = intro
    locked.save(update_fields=["intro"])
    return write_amendment(actor, locked, "intro", reason, change)


@transaction.atomic
def void_case(*, actor: Any, case: Case, reason: str) -> Amendment:
    """Take a case out for everybody; readings that exist are kept and no longer counted.

    Raises NotAllowed, BadProtocol without a reason, and WrongState when it is out already.
    """
    locked = lock_running(actor, case.part.study)
    if not Case.objects.filter(pk=case.pk, is_void=False).update(is_void=True):
        raise WrongState(f"{case.code} is out of the study already.")
    held = Assignment.objects.filter(case=case).exclude(state=Assignment.State.VOID)
    sessions = list(held.values_list("session", flat=True).distinct())
    held.update(state=Assignment.State.VOID)
    finish_emptied(sessions, timezone.now())
    return write_amendment(actor, locked, f"void {case.code}", reason, Change("read", "void"))


@transaction.atomic
def withdraw_reader(
    *, actor: Any, membership: Membership, keep_data: bool, reason: str = ""
) -> Membership:
    """End a reader's seat: by an editor, or by the reader. Unread cases go back to be read.

    The answers given stay in the database; `keep_data` False leaves them out of every snapshot.
    """
    if membership.user_id != actor.pk:
        ensure_editor(actor, membership.study)
    study = lock_study(membership.study)
    seat = Membership.objects.select_for_update().get(pk=membership.pk)
    if seat.role != Membership.Role.READER or seat.withdrawn_at is not None:
        raise WrongState(f"{seat.code} is no active reader of study {study.slug!r}.")
    if study.state not in {Study.State.DRAFT, Study.State.PREPARED, *RUNNING}:
        raise WrongState(f"Study {study.slug!r} is {study.state}; its readings are final.")
    seat.state, seat.withdrawn_at = Membership.State.WITHDRAWN, timezone.now()
    seat.keep_data = keep_data
    seat.end_pause()
    seat.save()
    queued = Assignment.objects.filter(session__membership=seat, state=Assignment.State.QUEUED)
    queued.update(state=Assignment.State.VOID)
    after = {"keep_data": keep_data, "reason": reason}
    log_study(actor, study, "reader.withdrawn", seat, after=after)
    if study.state in RUNNING:
        reassign(study)
    return seat


@transaction.atomic
def replace_reader(
    *, actor: Any, membership: Membership, email: str, keep_data: bool, reason: str
) -> tuple[Invitation, str]:
    """Withdraw a reader and invite another, who takes over the cases that are short of readers."""
    withdraw_reader(actor=actor, membership=membership, keep_data=keep_data, reason=reason)
    return invite(actor=actor, study=membership.study, email=email)


def reassign(study: Study) -> int:
    """Give cases that lost a reader to the readers with the shortest lists, none of them paused.

    Cases that nobody can take wait: a reader who goes on after a pause is asked again.
    """
    written = 0
    for part in study.parts.filter(readings_per_case__gt=0).select_related("study"):
        for case, needed in short_cases(part):
            written += _give(case, needed, _last_sessions(part))
    return written


def _last_sessions(part: Part) -> list[Session]:
    """Return the last session of every reader of the part: the tail of their list."""
    sessions = part.sessions.filter(
        membership__in=unpaused_readers(part.study), is_calibration=False
    ).select_related("membership", "part__study")
    return list({s.membership_id: s for s in sessions.order_by("index")}.values())


def _give(case: Case, needed: int, sessions: list[Session]) -> int:
    """Append a case to the unread tail of the lists with the fewest cases left."""
    holding = set(case.assignments.values_list("session__membership", flat=True))
    free = [session for session in sessions if session.membership_id not in holding]
    free.sort(key=lambda session: (_unread(session), session.pk))
    for session in free[:needed]:
        add_to_tail(session, case)
    return min(needed, len(free))


def _unread(session: Session) -> int:
    """Count what the session's reader has not read of the part."""
    return Assignment.objects.filter(
        session__membership=session.membership_id,
        session__part=session.part_id,
        state=Assignment.State.QUEUED,
    ).count()


def lock_running(actor: Any, study: Study) -> Study:
    """Lock a running study that the actor may change. Raises NotAllowed, WrongState."""
    ensure_editor(actor, study)
    return lock_in_state(study, *RUNNING)


def checked_reason(reason: str) -> str:
    """Return the reason of an amendment. Raises BadProtocol when it is too short."""
    reason = reason.strip()
    if len(reason) < MIN_REASON:
        raise BadProtocol(f"An amendment needs a reason of at least {MIN_REASON} characters.")
    return reason


def write_amendment(actor: Any, study: Study, kind: str, reason: str, change: Change) -> Amendment:
    """Write the amendment, with what changed, and freeze the changed protocol."""
    reason = checked_reason(reason)
    before = study.protocol_sha256
    protocol = build_protocol(study)
    protocol["amendments"].append({"kind": kind, "reason": reason})
    study.protocol, study.protocol_sha256 = protocol, canonical_sha256(protocol)
    study.save(update_fields=["protocol", "protocol_sha256"])
    amendment = Amendment.objects.create(
        study=study,
        kind=kind,
        reason=reason,
        before=change.before,
        after=change.after,
        approved_by=actor,
        sha256_before=before,
        sha256_after=study.protocol_sha256,
    )
    log_study(
        actor,
        study,
        f"amended: {kind}"[:64],
        amendment,
        before={"protocol": before, "value": change.before},
        after={"protocol": study.protocol_sha256, "value": change.after},
    )
    return amendment
