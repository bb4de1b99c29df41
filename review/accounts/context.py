"""What every template knows about the site."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Return flags that the base template needs; no query."""
    return {"require_mfa": settings.REQUIRE_MFA}
