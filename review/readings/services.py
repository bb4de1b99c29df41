"""Store an answer exactly once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from review.accounts.models import User
from review.audit.services import log_event, study_chain
from review.readings.answers import Answer
from review.readings.chain import SESSION_READ, reading_sha, session_name
from review.readings.errors import (
    KeyReused,
    NotReading,
    OutsideWindow,
    SeatHeld,
    SeatResting,
    StudyClosed,
    StudyPaused,
    UnknownRevision,
)
from review.readings.facts import Facts, load_facts
from review.readings.judge import AnswerRow, Judgement, judge
from review.readings.models import CaseFlag, Reading, ReadingAnswer
from review.readings.windows import is_open, is_revisable, pks_ahead
from review.studies.models import Assignment, Membership, Session, Study
from review.studies.services.sessions import finish_session, settle_seat

REUSED = "This answer was sent for another case before. Reload the page."


class Status(StrEnum):
    """What became of a submitted answer."""

    STORED = "stored"
    REPLAYED = "replayed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Submission:
    """The outcome of one submit. `reading` is the one that counts: mine, or the current one."""

    status: Status
    reading: Reading
    session_finished: bool = False


def submit_reading(
    *,
    assignment_pk: int,
    answer: Answer,
    key: UUID,
    base_revision: int,
    source: str = Reading.Source.SCREEN,
) -> Submission:
    """Store a reader's answer to an assignment once; see submit_for."""
    facts = load_facts(assignment_pk)
    return submit_for(
        facts=facts, answer=answer, key=key, base_revision=base_revision, source=source
    )


@transaction.atomic
def submit_for(
    *, facts: Facts, answer: Answer, key: UUID, base_revision: int, source: str
) -> Submission:
    """Store a reader's answer once, in one short transaction.

    The same key again is `replayed`; a base below the current revision is `superseded`: nothing is
    stored, an event is logged and the current reading comes back. Raises StudyClosed, StudyPaused,
    SeatHeld, SeatResting, NotReading, OutsideWindow, InvalidAnswer, UnknownRevision and KeyReused.
    """
    held = _lock(facts.pk)
    known = _known(facts, key, base_revision)
    if known is not None:
        return known
    facts = replace(facts, protocol_sha256=held.protocol_sha256)
    _ensure_reading(facts, held)
    ahead = pks_ahead(facts.session_pk)
    _ensure_window(facts, held.assignment_state, ahead)
    judgement = judge(facts, answer)
    mine = _new_reading(facts, judgement, answer, key, base_revision + 1)
    mine.source, mine.prev_sha = source, held.chain_head
    mine.sha = reading_sha(mine, judgement.rows, facts.case_code)
    submission = _insert(mine)
    if submission.status is not Status.STORED:
        return submission
    _write_answers(mine, judgement.rows, answer)
    is_last = not [pk for pk in ahead if pk != facts.pk]
    _advance(facts, mine, is_last)
    return Submission(Status.STORED, mine, session_finished=is_last)


@dataclass(frozen=True)
class _Held:
    """What is locked until commit: a close waits for us, and the session orders its readings."""

    chain_head: str
    assignment_state: str
    study_state: str
    protocol_sha256: str
    has_seat: bool
    is_paused: bool
    is_own_pause: bool


ROWS = """
FROM studies_assignment a JOIN studies_session s ON s.id = a.session_id
JOIN studies_part p ON p.id = s.part_id JOIN studies_study y ON y.id = p.study_id
JOIN studies_membership m ON m.id = s.membership_id WHERE a.id = %s
"""
HELD = """SELECT s.chain_head, a.state, y.state, y.protocol_sha256,
m.withdrawn_at IS NULL AND coalesce(m.consent_version, 0) >= y.consent_version,
m.paused_at IS NOT NULL, coalesce(m.paused_by_id = m.user_id, 1 = 0)"""
# SQLite holds the whole database already (IMMEDIATE). A shared lock on the study lets its readers
# submit side by side, which FOR UPDATE would not; the ORM has no FOR SHARE. The study comes first,
# as in every service that changes lists: else an answer and a late joiner would deadlock.
LOCK = "SELECT 1" + ROWS + "FOR SHARE OF y FOR UPDATE OF a, s"


def _lock(assignment_pk: int) -> _Held:
    """Lock study, session and assignment, then read how they stand.

    Two statements, because a SELECT that waited for its locks shows the seat, which is not locked,
    as it was before: a withdrawal that came first would go unnoticed.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(LOCK, [assignment_pk])
        cursor.execute(HELD + ROWS, [assignment_pk])
        return _Held(*cursor.fetchone())


def _known(facts: Facts, key: UUID, base_revision: int) -> Submission | None:
    """Return what is stored already: the same answer, or a newer one than it revises."""
    related = Reading.objects.filter(Q(assignment_id=facts.pk) | Q(idempotency_key=key))
    found = list(related.order_by("-revision"))
    same = next((reading for reading in found if reading.idempotency_key == key), None)
    if same is not None:
        if same.assignment_id != facts.pk:
            raise KeyReused(REUSED)
        return Submission(Status.REPLAYED, same)
    standing = found[0].revision if found else 0
    if base_revision > standing:
        raise UnknownRevision(
            f"The answer revises revision {base_revision}, but there are {standing}. "
            "Reload the page."
        )
    if base_revision == standing:
        return None
    log_event(
        actor=User.objects.get(pk=facts.user_pk),
        verb="reading.superseded",
        obj=f"assignment:{facts.public_id}",
        chain=study_chain(facts.study_pk),
        after={"base_revision": base_revision, "current": standing},
    )
    return Submission(Status.SUPERSEDED, found[0])


def _ensure_reading(facts: Facts, held: _Held) -> None:
    """Raise unless the study runs and this reader reads in it now."""
    if held.study_state == Study.State.PAUSED:
        raise StudyPaused(
            f"{facts.study_title} is paused. Answers that are not stored yet stay on this device."
        )
    if held.study_state != Study.State.ACTIVE:
        raise StudyClosed(f"{facts.study_title} is closed and takes no more answers.")
    if not held.has_seat:
        raise NotReading(f"You have no consented seat in {facts.study_title}. Ask its editors.")
    _ensure_not_paused(facts, held)
    if not is_open(
        membership_pk=facts.membership_pk,
        part_order=facts.part_order,
        session_index=facts.session_index,
        not_before=facts.not_before,
    ):
        raise NotReading("This part is not open yet. Finish the part before it, or wait its pause.")


def _ensure_not_paused(facts: Facts, held: _Held) -> None:
    """Raise while this reader is paused: as with a paused study, what is not stored is kept."""
    if not held.is_paused:
        return
    kept = "Answers that are not stored yet stay on this device."
    if held.is_own_pause:
        raise SeatResting(f"You have paused your reading of {facts.study_title}. {kept}")
    raise SeatHeld(f"An editor has paused your reading of {facts.study_title}. {kept}")


def _ensure_window(facts: Facts, state: str, ahead: Sequence[int]) -> None:
    """Raise unless the case is among the next ones or among the last, revisable ones."""
    if state == Assignment.State.VOID:
        raise OutsideWindow("This case was withdrawn from the study. Go on with the next one.")
    if state == Assignment.State.QUEUED:
        inside = facts.pk in ahead
    else:
        inside = is_revisable(session_pk=facts.session_pk, rank=facts.rank, window=facts.window)
    if inside:
        return
    if facts.is_calibration:
        raise OutsideWindow("A practice answer stands as it was given. Go on with the next case.")
    raise OutsideWindow(
        f"Only the next cases and the last {facts.revise_window} answered ones can be answered."
    )


def _new_reading(
    facts: Facts, judgement: Judgement, answer: Answer, key: UUID, revision: int
) -> Reading:
    return Reading(
        assignment_id=facts.pk,
        revision=revision,
        idempotency_key=key,
        nonce=uuid4(),
        outcome=judgement.outcome,
        reason=judgement.reason,
        verdict=judgement.verdict,
        created_at=timezone.now(),
        issued_at=facts.opened_at,
        context=dict(answer.context),
        **asdict(answer.timing),
    )


def _insert(mine: Reading) -> Submission:
    """Insert and read back: the database, not a check before it, decides who was first."""
    Reading.objects.bulk_create([mine], ignore_conflicts=True)
    current = Reading.objects.filter(assignment_id=mine.assignment_id, revision=mine.revision)
    winner = next(iter(current.order_by().values_list("pk", "nonce", "idempotency_key")), None)
    if winner is None:
        raise KeyReused(REUSED)
    pk, nonce, key = winner
    if nonce == mine.nonce:
        mine.pk = pk
        return Submission(Status.STORED, mine)
    status = Status.REPLAYED if key == mine.idempotency_key else Status.SUPERSEDED
    return Submission(status, current.get())


def _write_answers(reading: Reading, rows: Sequence[AnswerRow], answer: Answer) -> None:
    ReadingAnswer.objects.bulk_create(
        [ReadingAnswer(reading_id=reading.pk, **asdict(row)) for row in rows]
    )
    CaseFlag.objects.bulk_create(
        [
            CaseFlag(assignment_id=reading.assignment_id, kind=flag.kind, text=flag.text)
            for flag in answer.flags
        ]
    )


def _advance(facts: Facts, reading: Reading, is_last: bool) -> None:
    """Move the session on; finish it with its last case."""
    Assignment.objects.filter(pk=facts.pk, state=Assignment.State.QUEUED).update(
        state=Assignment.State.ANSWERED, answered_at=reading.created_at
    )
    Session.objects.filter(pk=facts.session_pk).update(chain_head=reading.sha)
    if is_last:
        finish_session(facts.session_pk, reading.created_at)
        log_event(
            actor=User.objects.get(pk=facts.user_pk),
            verb=SESSION_READ,
            obj=session_name(facts.session_pk),
            chain=study_chain(facts.study_pk),
            after={"readings": reading.sha},
        )


@transaction.atomic
def start_session(*, session_pk: int, display_check: dict[str, Any]) -> None:
    """Open a session for its reader, with what the check of the display found."""
    now = timezone.now()
    sessions = Session.objects.filter(pk=session_pk)
    sessions.update(display_check=display_check)
    sessions.filter(started_at=None).update(started_at=now)
    settle_seat(sessions.values_list("membership_id", flat=True).get())


def mark_issued(assignment_pks: Sequence[int]) -> None:
    """Note when cases were first handed to their reader."""
    if assignment_pks:
        Assignment.objects.filter(pk__in=assignment_pks, opened_at=None).update(
            opened_at=timezone.now()
        )


def save_preferences(*, membership_pk: int, preferences: dict[str, Any]) -> None:
    """Store a reader's shortcuts; the form has held them against the allow-list."""
    Membership.objects.filter(pk=membership_pk).update(preferences=preferences)
