"""Which cases a reader may see or answer now: the next few, and the last few.

A session opens when every earlier one of the same reader is finished and its washout is over. One
that was added behind a part while the study ran, and is not begun, keeps no later one shut.
"""

from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from review.studies.models import Assignment, Session

PREFETCH = 3  # cases ahead of the current one (reader-study.md 5)


def is_open(
    *,
    membership_pk: int,
    part_order: int,
    session_index: int,
    not_before: datetime | None,
) -> bool:
    """Say whether a session may be read now."""
    if not_before is not None and not_before > timezone.now():
        return False
    earlier = Q(part__order__lt=part_order) | Q(part__order=part_order, index__lt=session_index)
    waiting = Session.objects.filter(earlier, membership_id=membership_pk, finished_at=None)
    waiting = waiting.exclude(is_added=True, started_at=None)  # shuts no sitting under way
    return not waiting.order_by().exists()


def pks_ahead(session_pk: int) -> list[int]:
    """Return the current case and the next PREFETCH of a session, as assignment pks in order."""
    queued = Assignment.objects.filter(session_id=session_pk, state=Assignment.State.QUEUED)
    return list(queued.order_by("rank").values_list("pk", flat=True)[: PREFETCH + 1])


def is_revisable(*, session_pk: int, rank: int, window: int) -> bool:
    """Say whether an answered assignment is among the last `window` ones."""
    after = Assignment.objects.filter(
        session_id=session_pk, state=Assignment.State.ANSWERED, rank__gt=rank
    )
    return after.order_by()[:window].count() < window
