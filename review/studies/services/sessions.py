"""Finish sessions: when the next one opens, and what becomes of the reader's seat."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from review.studies.models import Assignment, Membership, Session


def finish_session(session_pk: int, at: datetime) -> None:
    """Finish a session. The next one opens after its part's washout, the last completes the seat.

    No washout lies between a practice block and the part that it is for.
    """
    if not Session.objects.filter(pk=session_pk, finished_at=None).update(finished_at=at):
        return
    columns = ("membership_id", "part_id", "is_calibration")
    seat, part, was_practice = Session.objects.values_list(*columns).get(pk=session_pk)
    if was_practice:
        _leave_practice(seat)
    unread = Session.objects.filter(membership_id=seat, finished_at=None)
    following = unread.order_by("part__order", "index")
    coming = following.values_list("pk", "part_id", "part__washout_days").first()
    if coming is None:
        Membership.objects.filter(pk=seat, withdrawn_at=None).update(
            state=Membership.State.COMPLETE
        )
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


def _leave_practice(seat_pk: int) -> None:
    practising = Membership.objects.filter(pk=seat_pk, state=Membership.State.CALIBRATING)
    practising.update(state=Membership.State.READING)
