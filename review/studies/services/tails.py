"""The sitting at the end of a reader's list of a part: where what comes later is put."""

from datetime import datetime, timedelta

from django.db.models import Max

from review.studies.models import Membership, Part, Session


def tail_session(seat: Membership, part: Part) -> Session:
    """Return the sitting at the end of a reader's list of a part; a new one where it is read.

    A finished sitting stays finished: its chain of hashes is closed, and a part that the reader is
    in by now must not be shut by one that opens again.
    """
    mine = Session.objects.filter(membership=seat, part=part)
    last = mine.filter(is_calibration=False).order_by("-index").first()
    if last is not None and last.finished_at is None:
        return last
    index = mine.aggregate(last=Max("index"))["last"]
    return Session.objects.create(
        membership=seat,
        part=part,
        index=0 if index is None else index + 1,
        is_added=True,
        not_before=_opens(seat, part),
    )


def _opens(seat: Membership, part: Part) -> datetime | None:
    """Return when the part's washout after the reader's last sitting is over, if one is due.

    While another sitting is under way its end sets the time (services.sessions.finish_session).
    """
    mine = Session.objects.filter(membership=seat)
    if not part.washout_days or mine.filter(started_at__isnull=False, finished_at=None).exists():
        return None
    last = mine.aggregate(last=Max("finished_at"))["last"]
    return last + timedelta(days=part.washout_days) if last else None
