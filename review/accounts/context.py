"""What every template knows about the site."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Return flags for the base template; the lookup runs only where a template asks for it."""
    roles = cache(lambda: roles_of(request))
    return {
        "require_mfa": settings.REQUIRE_MFA,
        "nav_runs_studies": lambda: bool(roles() & {"editor", "analyst"}),
        "nav_adjudicates": lambda: "adjudicator" in roles(),
    }


def roles_of(request: HttpRequest) -> set[str]:
    """Return the roles that the user has in any study."""
    user = request.user
    if not user.is_authenticated:
        return set()
    return set(user.memberships.filter(withdrawn_at=None).values_list("role", flat=True))
