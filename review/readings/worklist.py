"""The list of studies that somebody reads, in a constant number of queries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Avg, Count, Q
from django.utils import timezone

from review.readings.models import Reading
from review.readings.seats import Seat, Situation, seats_of, study_situation
from review.studies.models import Assignment, Session
from review.studies.services.sessions import due_now

SECONDS_WITHOUT_EXPERIENCE = 8.0  # per case, until the reader's own pace is known
PAUSABLE = frozenset({Situation.START, Situation.READING, Situation.WASHOUT})
LEAVABLE = PAUSABLE | {
    Situation.NOT_STARTED,
    Situation.PAUSED,
    Situation.RESTING,
    Situation.HELD,
}


@dataclass(frozen=True)
class WorklistRow:
    """One study on the list."""

    slug: str
    title: str
    situation: Situation
    done: int
    total: int
    minutes_left: int
    opens_at: datetime | None
    deadline: datetime | None

    @property
    def may_pause(self) -> bool:
        return self.situation in PAUSABLE

    @property
    def may_leave(self) -> bool:
        return self.situation in LEAVABLE


@dataclass(frozen=True)
class _Load:
    """One session of a seat, in reading order."""

    pk: int
    done: int
    total: int
    is_added: bool
    started_at: datetime | None
    finished_at: datetime | None
    not_before: datetime | None

    FIELDS: ClassVar[tuple[str, ...]] = (
        "pk",
        "done",
        "total",
        "is_added",
        "started_at",
        "finished_at",
        "not_before",
    )


def worklist_of(user: Any) -> list[WorklistRow]:
    """Return the user's own studies as a reader, newest first."""
    seats = seats_of(user)
    loads = _loads([seat.pk for seat in seats])
    pace = _seconds_per_case([load.pk for found in loads.values() for load in found])
    return [_row(seat, loads.get(seat.pk, []), pace) for seat in seats]


def _loads(seat_pks: list[int]) -> dict[int, list[_Load]]:
    listed = ~Q(assignments__state=Assignment.State.VOID) & Q(assignments__isnull=False)
    answered = Q(assignments__state=Assignment.State.ANSWERED)
    rows = (
        Session.objects.filter(membership_id__in=seat_pks)
        .annotate(
            total=Count("assignments", filter=listed), done=Count("assignments", filter=answered)
        )
        .order_by("part__order", "index")
        .values_list("membership_id", *_Load.FIELDS)
    )
    found: dict[int, list[_Load]] = {}
    for seat_pk, *values in rows:
        found.setdefault(seat_pk, []).append(_Load(*values))
    return found


def _seconds_per_case(session_pks: list[int]) -> dict[int, float]:
    rows = (
        Reading.objects.filter(assignment__session_id__in=session_pks, active_ms__isnull=False)
        .values_list("assignment__session_id")
        .annotate(mean=Avg("active_ms"))
    )
    return {pk: mean / 1000 for pk, mean in rows}


def _row(seat: Seat, loads: list[_Load], pace: dict[int, float]) -> WorklistRow:
    current = due_now([load for load in loads if load.finished_at is None])
    seconds = sum(
        (load.total - load.done) * pace.get(load.pk, SECONDS_WITHOUT_EXPERIENCE) for load in loads
    )
    return WorklistRow(
        slug=seat.slug,
        title=seat.title,
        situation=study_situation(seat) or _session_situation(current),
        done=sum(load.done for load in loads),
        total=sum(load.total for load in loads),
        minutes_left=max(1, round(seconds / 60)),
        opens_at=current.not_before if current else None,
        deadline=seat.deadline,
    )


def _session_situation(current: _Load | None) -> Situation:
    if current is None:
        return Situation.FINISHED
    if current.not_before is not None and current.not_before > timezone.now():
        return Situation.WASHOUT
    return Situation.READING if current.started_at else Situation.START
