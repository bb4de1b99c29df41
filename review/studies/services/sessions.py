"""Finish sessions: when the next one opens, and what becomes of the reader's seat."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from review.studies.models import Assignment, Membership, Session

State = Membership.State
BY_LISTS = (*Membership.UNDER_WAY, State.COMPLETE)


class Sitting(Protocol):
    """What decides which sitting is read now."""

    @property
    def is_added(self) -> bool: ...
    @property
    def started_at(self) -> datetime | None: ...


S = TypeVar("S", bound=Sitting)


def due_now(unfinished: Sequence[S]) -> S | None:
    """Return the sitting to read now, of those in order of part and index.

    One that was added behind a part that was read waits for the sitting under way.
    """
    first = next(iter(unfinished), None)
    if first is None or not first.is_added or first.started_at is not None:
        return first
    return next((one for one in unfinished if one.started_at is not None), first)


def settle_seat(seat_pk: int) -> None:
    """Set the state of a seat by how far its lists are.

    An invited, paused or withdrawn seat keeps its state; a paused one is settled when it goes on.
    """
    Membership.objects.filter(pk=seat_pk, state__in=BY_LISTS).update(state=state_by_lists(seat_pk))


def state_by_lists(seat_pk: int) -> Membership.State:
    """Return consented, calibrating, reading or complete; one query."""
    sessions = Session.objects.filter(membership_id=seat_pk).order_by("part__order", "index")
    columns = ("is_calibration", "is_added", "started_at", "finished_at")
    rows = list(sessions.values_list(*columns, named=True))
    due = due_now([row for row in rows if row.finished_at is None])
    if rows and due is None:
        return State.COMPLETE
    if due is None or not any(row.started_at for row in rows):
        return State.CONSENTED
    return State.CALIBRATING if due.is_calibration and due.started_at else State.READING


def finish_session(session_pk: int, at: datetime) -> None:
    """Finish a session. The next one opens after its part's washout, the last completes the seat.

    No washout lies between a practice block and the part that it is for.
    """
    if not Session.objects.filter(pk=session_pk, finished_at=None).update(finished_at=at):
        return
    columns = ("membership_id", "part_id", "is_calibration")
    seat, part, was_practice = Session.objects.values_list(*columns).get(pk=session_pk)
    settle_seat(seat)
    unread = Session.objects.filter(membership_id=seat, finished_at=None)
    following = unread.order_by("part__order", "index")
    coming = following.values_list("pk", "part_id", "part__washout_days").first()
    if coming is None:
        return
    coming_pk, coming_part, washout_days = coming
    if washout_days and not (was_practice and coming_part == part):
        opens = at + timedelta(days=washout_days)
        Session.objects.filter(pk=coming_pk, not_before=None).update(not_before=opens)


def finish_emptied(session_pks: Iterable[int], at: datetime) -> None:
    """Finish the sessions whose last open case was taken out."""
    open_ones = Session.objects.filter(pk__in=list(session_pks), finished_at=None)
    empty = open_ones.exclude(assignments__state=Assignment.State.QUEUED)
    for pk in empty.order_by("part__order", "index").values_list("pk", flat=True):
        finish_session(pk, at)
