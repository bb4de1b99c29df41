"""Store an answer exactly once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone

from review.accounts.models import User
from review.audit.services import log_event, study_chain
from review.readings.answers import Answer
from review.readings.chain import reading_sha
from review.readings.errors import (
    KeyReused,
    NotReading,
    OutsideWindow,
    StudyClosed,
    StudyPaused,
    UnknownRevision,
)
from review.readings.facts import Facts, load_facts
from review.readings.judge import AnswerRow, Judgement, judge
from review.readings.models import CaseFlag, Reading, ReadingAnswer
from review.readings.windows import is_ahead, is_open, is_revisable
from review.studies.models import Assignment, Membership, Session, Study


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
    """Store a reader's answer once, in one short transaction.

    The same key again is `replayed`; a base below the current revision is `superseded`: nothing is
    stored, an event is logged and the current reading comes back. Raises StudyClosed, StudyPaused,
    NotReading, OutsideWindow, InvalidAnswer, UnknownRevision and KeyReused.
    """
    facts = load_facts(assignment_pk)
    with transaction.atomic():
        study_state = _lock_study(facts.study_pk)
        head = _lock_session(facts.session_pk)
        known = _replayed(facts, key) or _superseded(facts, base_revision)
        if known is not None:
            return known
        _ensure_reading(facts, study_state)
        _ensure_window(facts)
        judgement = judge(facts, answer)
        mine = _new_reading(facts, judgement, answer, key, base_revision + 1)
        mine.source, mine.prev_sha = source, head
        mine.sha = reading_sha(mine, judgement.rows)
        submission = _insert(facts, mine)
        if submission.status is Status.STORED:
            _write_answers(submission.reading, judgement.rows, answer)
            return _advance(facts, submission.reading)
    return submission


def _lock_study(study_pk: int) -> str:
    """Return the study's state and hold it until commit, so that a close waits for us.

    SQLite holds the whole database already (IMMEDIATE). On PostgreSQL a shared row lock lets the
    readers of a study submit side by side, which FOR UPDATE would not; the ORM has no FOR SHARE.
    """
    if connection.vendor != "postgresql":
        return Study.objects.values_list("state", flat=True).get(pk=study_pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT state FROM studies_study WHERE id = %s FOR SHARE", [study_pk])
        return str(cursor.fetchone()[0])


def _lock_session(session_pk: int) -> str:
    """Lock the session, which orders its readings, and return the head of its hash chain."""
    locked = Session.objects.select_for_update().values_list("chain_head", flat=True)
    return locked.get(pk=session_pk)


def _replayed(facts: Facts, key: UUID) -> Submission | None:
    reading = Reading.objects.filter(idempotency_key=key).first()
    if reading is None:
        return None
    if reading.assignment_id != facts.pk:
        raise KeyReused("This answer was sent for another case before. Reload the page.")
    return Submission(Status.REPLAYED, reading)


def _superseded(facts: Facts, base_revision: int) -> Submission | None:
    """Return the current reading when it is newer than the one that the answer revises."""
    current = Reading.objects.filter(assignment_id=facts.pk).order_by("-revision").first()
    standing = current.revision if current else 0
    if base_revision > standing:
        raise UnknownRevision(
            f"The answer revises revision {base_revision}, but there are {standing}. "
            "Reload the page."
        )
    if current is None or base_revision == standing:
        return None
    log_event(
        actor=User.objects.get(pk=facts.user_pk),
        verb="reading.superseded",
        obj=f"assignment:{facts.public_id}",
        chain=study_chain(facts.study_pk),
        after={"base_revision": base_revision, "current": standing},
    )
    return Submission(Status.SUPERSEDED, current)


def _ensure_reading(facts: Facts, study_state: str) -> None:
    """Raise unless the study runs and this reader reads in it now."""
    if study_state == Study.State.PAUSED:
        raise StudyPaused(
            f"{facts.study_title} is paused. Answers that are not stored yet stay on this device."
        )
    if study_state != Study.State.ACTIVE:
        raise StudyClosed(f"{facts.study_title} is closed and takes no more answers.")
    if facts.withdrawn_at is not None or facts.consent_version is None:
        raise NotReading(f"You have no consented seat in {facts.study_title}. Ask its editors.")
    if not is_open(
        session_pk=facts.session_pk,
        membership_pk=facts.membership_pk,
        part_order=facts.part_order,
        session_index=facts.session_index,
        not_before=facts.not_before,
    ):
        raise NotReading("This part is not open yet. Finish the part before it, or wait its pause.")


def _ensure_window(facts: Facts) -> None:
    """Raise unless the case is among the next ones or among the last, revisable ones."""
    state = Assignment.objects.values_list("state", flat=True).get(pk=facts.pk)
    if state == Assignment.State.VOID:
        raise OutsideWindow("This case was withdrawn from the study. Go on with the next one.")
    if state == Assignment.State.QUEUED:
        inside = is_ahead(session_pk=facts.session_pk, rank=facts.rank)
    else:
        inside = is_revisable(
            session_pk=facts.session_pk, rank=facts.rank, window=facts.revise_window
        )
    if not inside:
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


def _insert(facts: Facts, mine: Reading) -> Submission:
    """Insert and read back: the database, not a check before it, decides who was first."""
    Reading.objects.bulk_create([mine], ignore_conflicts=True)
    current = Reading.objects.filter(assignment_id=facts.pk, revision=mine.revision).first()
    if current is None:
        raise KeyReused("This answer was sent for another case before. Reload the page.")
    if current.nonce == mine.nonce:
        return Submission(Status.STORED, current)
    if current.idempotency_key == mine.idempotency_key:
        return Submission(Status.REPLAYED, current)
    return Submission(Status.SUPERSEDED, current)


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


def _advance(facts: Facts, reading: Reading) -> Submission:
    """Move the session on; finish it, and the reader's seat, with its last case."""
    queued = Assignment.objects.filter(session_id=facts.session_pk, state=Assignment.State.QUEUED)
    queued.filter(pk=facts.pk).update(
        state=Assignment.State.ANSWERED, answered_at=reading.created_at
    )
    finished = not queued.exists()
    Session.objects.filter(pk=facts.session_pk).update(chain_head=reading.sha)
    if finished:
        _finish(facts, reading.created_at)
    return Submission(Status.STORED, reading, session_finished=finished)


def _finish(facts: Facts, at: datetime) -> None:
    """Finish a session; the next one opens after its washout. The last one completes the seat."""
    Session.objects.filter(pk=facts.session_pk, finished_at=None).update(finished_at=at)
    unread = Session.objects.filter(membership_id=facts.membership_pk, finished_at=None)
    following = unread.order_by("part__order", "index").values_list("pk", "part__washout_days")
    coming = following.first()
    if coming is None:
        Membership.objects.filter(pk=facts.membership_pk).update(state=Membership.State.COMPLETE)
    elif coming[1]:
        opens = at + timedelta(days=coming[1])
        Session.objects.filter(pk=coming[0], not_before=None).update(not_before=opens)


@transaction.atomic
def start_session(*, session_pk: int, display_check: dict[str, Any]) -> None:
    """Open a session for its reader, with what the check of the display found."""
    now = timezone.now()
    sessions = Session.objects.filter(pk=session_pk)
    sessions.update(display_check=display_check)
    sessions.filter(started_at=None).update(started_at=now)
    Membership.objects.filter(sessions=session_pk, state=Membership.State.CONSENTED).update(
        state=Membership.State.READING
    )


def mark_issued(assignment_pks: Sequence[int]) -> None:
    """Note when cases were first handed to their reader."""
    if assignment_pks:
        Assignment.objects.filter(pk__in=assignment_pks, opened_at=None).update(
            opened_at=timezone.now()
        )


def save_preferences(*, membership_pk: int, preferences: dict[str, Any]) -> None:
    """Store a reader's shortcuts; the form has held them against the allow-list."""
    Membership.objects.filter(pk=membership_pk).update(preferences=preferences)
