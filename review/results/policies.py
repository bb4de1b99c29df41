"""Who may see results, unblind a study and hold tokens."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from review.results.errors import NotAllowedToLook, NotAllowedToUnblind
from review.studies.models import Membership, Study

RECORDS = "account_authentication_methods"  # allauth's list of sign-ins of this session


def may_unblind(user: Any, study: Study) -> bool:
    """Say whether the user edits the study: an editor of it, or an admin who does not read it."""
    return Study.objects.edited_by(user).filter(pk=study.pk).exists()


def check_may_unblind(user: Any, study: Study) -> None:
    """Raise NotAllowedToUnblind unless the user may."""
    if not may_unblind(user, study):
        raise NotAllowedToUnblind(
            f"Study {study.slug!r} is unblinded by its editors or an admin. Ask one of them."
        )


def may_look(user: Any, study: Study) -> bool:
    """Say whether the user is an analyst of the study who neither edits nor reads it.

    Admins may change every study, so that none of them looks.
    """
    if not user.is_authenticated or user.is_staff:
        return False
    seats = Membership.objects.filter(study=study, user=user, withdrawn_at=None)
    return set(seats.values_list("role", flat=True)) == {Membership.Role.ANALYST}


def check_may_look(user: Any, study: Study) -> None:
    """Raise NotAllowedToLook unless the user may."""
    if not may_look(user, study):
        raise NotAllowedToLook(
            f"Interim looks of study {study.slug!r} are taken by an analyst who neither edits nor "
            "reads it, and is no admin. Ask such an analyst, or invite one."
        )


def signed_in_lately(request: HttpRequest) -> bool:
    """Say whether this session's last password or key is younger than the time limit."""
    records = request.session.get(RECORDS) or [{"at": 0}]
    age = time.time() - max(float(record.get("at", 0)) for record in records)
    return age < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def fresh_sign_in_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Send a POST of somebody whose sign-in is old to allauth's page, which then resumes it."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not signed_in_lately(request):
            raise ReauthenticationRequired
        return view(request, *args, **kwargs)

    return checked
