"""Who may see a loop, and who may turn it."""

from typing import Any

from django.db.models import QuerySet

from generation.feedback.errors import NotAllowed
from generation.feedback.models import Loop
from review.studies.models import Membership, Study


def visible_loops(user: Any) -> QuerySet[Loop]:
    """Loops that the user may look at: admins, and editors and analysts of a loop's studies.

    Whoever still reads a study of a loop sees nothing of it, admins included: the page tells which
    classes are weak, and a reader who knows that judges differently.
    """
    if not user.is_authenticated:
        return Loop.objects.none()
    loops = Loop.objects.exclude(rounds__study__in=_studies_being_read(user))
    if user.is_staff:
        return loops
    return loops.filter(rounds__study__in=Study.objects.run_by(user)).distinct()


def _studies_being_read(user: Any) -> QuerySet[Study]:
    seats = Membership.objects.filter(
        user=user, withdrawn_at=None, role=Membership.Role.READER
    ).values("study")
    return Study.objects.filter(pk__in=seats, unblinded_at=None)


def may_turn(user: Any) -> bool:
    """Say whether the user may start loops, and propose, approve and launch plans."""
    return bool(user.is_active and user.is_staff)


def check_may_turn(user: Any) -> None:
    """Raise NotAllowed unless the user is an admin."""
    if not may_turn(user):
        raise NotAllowed("Plans are proposed, approved and launched by an admin. Ask one.")
