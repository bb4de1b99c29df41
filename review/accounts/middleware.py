"""Sessions that last while somebody works, and a second factor for those who run studies."""

import time
from collections.abc import Callable
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

REFRESH_SECONDS = 300
FREE_PATHS = ("/accounts/", "/static/")


class KeepSessionMiddleware:
    """Refresh the session at most every five minutes: one write, not one per reading."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            if now - request.session.get("refreshed", 0) > REFRESH_SECONDS:
                request.session["refreshed"] = now
        return self.get_response(request)


class RequireMfaMiddleware:
    """Send admins and editors to set up a second factor before anything else.

    `path_info` is what the view is found by; `path` has a prefix in front that a client may claim.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.REQUIRE_MFA and not request.path_info.startswith(FREE_PATHS):
            user = request.user
            if user.is_authenticated and _needs_mfa(request) and not is_mfa_enabled(user):
                return redirect("mfa_index")
        return self.get_response(request)


def runs_studies(user: Any) -> bool:
    """Say whether the user is an admin or has a seat other than reader."""
    return bool(user.is_staff or user.memberships.exclude(role="reader").exists())


def _needs_mfa(request: HttpRequest) -> bool:
    """Say whether the user must have a second factor.

    A no is remembered in the session for five minutes: one query, not one per reading.
    """
    user = request.user
    now = int(time.time())
    if not getattr(user, "is_staff", False) and now < request.session.get("reads_only_until", 0):
        return False
    needs = runs_studies(user)
    if not needs:
        request.session["reads_only_until"] = now + REFRESH_SECONDS
    return needs
