"""What every template knows about the site."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Return flags for the base template; the lookup runs only where a template asks for it."""
    return {
        "require_mfa": settings.REQUIRE_MFA,
        "nav_runs_studies": lambda: runs_studies(request),
    }


def runs_studies(request: HttpRequest) -> bool:
    """Say whether the user has a seat other than reader in any study."""
    user = request.user
    if not user.is_authenticated:
        return False
    seats = user.memberships.filter(withdrawn_at=None)
    return bool(seats.exclude(role="reader").exists())
