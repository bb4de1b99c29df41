"""Who may see results, unblind a study and hold tokens."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from review.catalog.selectors import pools_open_to
from review.results.errors import NotAllowedToLook, NotAllowedToUnblind
from review.studies.models import Case, Membership, Study

BLIND_ROLES = (Membership.Role.READER, Membership.Role.ADJUDICATOR)
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


def cases_open_to(user: Any) -> QuerySet[Case]:
    """Return the cases whose truth the user may see: of unblinded studies that they run.

    Left out is what they may still judge blindly elsewhere, as a reader or an adjudicator: images
    of pools that such a study draws from, and the same pixels in any other pool.
    """
    if not user.is_authenticated:
        return Case.objects.none()
    unblinded = Study.objects.run_by(user).filter(unblinded_at__isnull=False)
    seats = user.memberships.filter(role__in=BLIND_ROLES, withdrawn_at=None)
    judged = Study.objects.filter(pk__in=seats.values("study"), unblinded_at=None)
    blind = Case.objects.filter(part__study__in=judged).order_by()
    pools = pools_open_to(user).exclude(arms__study__in=judged)
    found = Case.objects.filter(part__study__in=unblinded, image__pool__in=pools)
    return found.exclude(image__pixel_sha256__in=blind.values("image__pixel_sha256"))


def closed_cases(user: Any, study: Study) -> set[tuple[int, str]]:
    """Return (part, code) of the cases of a study that the user may not look at one by one."""
    open_ones = cases_open_to(user).filter(part__study=study).order_by().values("pk")
    closed = Case.objects.filter(part__study=study).exclude(pk__in=open_ones)
    return set(closed.values_list("part__order", "code"))


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
