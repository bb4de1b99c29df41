"""The hash chain of a session's readings: no event row per reading is needed."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from review.audit.models import AuditEvent
from review.audit.services import study_chain
from review.readings.models import Reading, ReadingAnswer
from review.studies.models import Session

START = "0" * 64
SESSION_READ = "session.read"  # the event that keeps the end of a session's chain
TIMES = ("created_at", "issued_at", "shown_at", "first_input_at", "committed_at")
PLAIN = (
    "assignment_id",
    "revision",
    "source",
    "outcome",
    "reason",
    "verdict",
    "active_ms",
    "visible_ms",
    "idle_ms",
    "wall_ms",
    "context",
    "prev_sha",
)


def reading_sha(reading: Reading, answers: Iterable[Any], case_code: str | None) -> str:
    """Return SHA-256 over a reading, its case, its answers and the hash of the reading before it.

    `case_code` None: as readings were hashed before they were bound to their case.
    """
    body = {name: getattr(reading, name) for name in PLAIN}
    body |= {"case": case_code} if case_code is not None else {}
    body |= {name: _utc(getattr(reading, name)) for name in TIMES}
    body["key"] = str(reading.idempotency_key)
    body["nonce"] = str(reading.nonce)
    body["answers"] = sorted([a.question, a.choice, a.number, a.text] for a in answers)
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _utc(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


@dataclass(frozen=True)
class ReadingFault:
    """One broken place of a session's chain."""

    reading_pk: int | None
    reason: str


def verify_readings(session: Session) -> Iterator[ReadingFault]:
    """Walk the readings of a session and name every row that was edited, removed or added."""
    previous, known = START, {START}
    readings = Reading.objects.filter(assignment__session=session).order_by("pk")
    for reading in readings.select_related("assignment__case").prefetch_related("answers"):
        if reading.prev_sha != previous:
            yield ReadingFault(reading.pk, "does not follow the reading before it")
        if not _is_as_written(reading):
            yield ReadingFault(reading.pk, f"reading {reading.pk} or its case was edited")
        previous = reading.sha
        known.add(previous)
    if previous != session.chain_head:
        yield ReadingFault(None, "the last readings of the session are missing")
    if not _ends_in_the_trail(session) <= known:
        yield ReadingFault(None, "the audit trail kept another end of the session")


def session_name(session_pk: int) -> str:
    """Return how events call a session."""
    return f"studies.session:{session_pk}"


def _ends_in_the_trail(session: Session) -> set[str]:
    """Return the hashes at which the session was read to its end, as the audit trail keeps them.

    Whoever writes a session's chain anew, past the services, leaves the trail as it was.
    """
    events = AuditEvent.objects.filter(
        chain=study_chain(session.part.study_id), verb=SESSION_READ, object=session_name(session.pk)
    )
    kept = events.values_list("after", flat=True)
    return {str((after or {}).get("readings")) for after in kept}


def _is_as_written(reading: Reading) -> bool:
    answers: list[ReadingAnswer] = list(reading.answers.all())
    codes = (reading.assignment.case.code, None)
    return any(reading_sha(reading, answers, code) == reading.sha for code in codes)
