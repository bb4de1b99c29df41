"""Who may do what in a study. Views load through these querysets; services ask again."""

from typing import Any

from review.studies.errors import NotAllowed
from review.studies.models import Membership, Study


def may_create(user: Any) -> bool:
    """Say whether the user may start a study: an admin, or an editor of some study."""
    if not user.is_authenticated:
        return False
    if user.is_staff:
        return True
    seats = Membership.objects.filter(user=user, withdrawn_at=None)
    return seats.filter(role=Membership.Role.EDITOR).exists()


def may_edit(user: Any, study: Study) -> bool:
    """Say whether the user may change the study; never somebody who reads it."""
    return Study.objects.edited_by(user).filter(pk=study.pk).exists()


def ensure_may_create(user: Any) -> None:
    """Raise NotAllowed unless the user may start a study."""
    if not may_create(user):
        raise NotAllowed("Studies are started by editors and admins. Ask an admin for a seat.")


def ensure_editor(user: Any, study: Study) -> None:
    """Raise NotAllowed unless the user may change the study."""
    if not may_edit(user, study):
        raise NotAllowed(
            f"Study {study.slug!r} is changed by its editors, and by admins who do not read it. "
            "Ask one of them."
        )
