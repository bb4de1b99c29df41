"""The first page, and the last resort: what is said when something the site stands on is away."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe
from django.views.defaults import bad_request as plain_bad_request
from redis.exceptions import RedisError

from review.accounts.context import roles_of
from review.catalog.storage import describe_full, is_disk_full

RETRY_SECONDS = 2


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Send readers to their worklist, adjudicators to their queue, everybody else to studies."""
    roles = roles_of(request)
    if getattr(request.user, "is_staff", False) or roles & {"editor", "analyst"}:
        return redirect("studies:list")
    only_adjudicates = "adjudicator" in roles and "reader" not in roles
    return redirect("adjudication:queue" if only_adjudicates else "reader:worklist")


@dataclass(frozen=True)
class Trouble:
    """What is away, in words for who asked. Browsers, scripts and the reading screen may retry."""

    status: int
    code: str
    title: str
    message: str
    retry: int = 0


BROKEN = Trouble(
    500,
    "broken",
    "Something broke on our side",
    "Nothing that was saved is lost. Go back and try again; if it happens again, tell your admin "
    "the time of day.",
)
DATABASE_AWAY = Trouble(
    503,
    "database_away",
    "The database is not answering",
    "Nothing that was saved is lost, and answers that were not stored yet stay in this browser. "
    "Try again in a few seconds.",
    RETRY_SECONDS,
)
CACHE_AWAY = Trouble(
    503,
    "cache_away",
    "Sign-in and invitations are paused",
    "Attempts cannot be counted now, so none are let in. Reading goes on for those who are signed "
    "in. Try again in a minute; if it lasts, tell your admin that the cache server is away.",
    60,
)


SIGNED_OUT = Trouble(
    401,
    "signed_out",
    "You are signed out",
    "Sign in again; nothing is lost.",
)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what no view answered: 503 with Retry-After, 507, or 500. Touches no database."""
    return _say(request, _trouble(sys.exc_info()[1]))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, but for a session that could not be saved say what is behind it.

    The view has done its work then: a reader's answer may be stored, and must be sent again to
    learn so, which a 400 would forbid.
    """
    if not isinstance(exception, SessionInterrupted):
        return plain_bad_request(request, exception)
    trouble = _trouble(exception)
    return _say(request, SIGNED_OUT if trouble is BROKEN else trouble)


def _say(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    if "text/html" in request.headers.get("Accept", ""):
        answer = HttpResponse(render_to_string("500.html", {"trouble": trouble}))
    else:
        answer = JsonResponse({"error": trouble.code, "message": trouble.message})
    answer.status_code = trouble.status
    answer["Cache-Control"] = "private, no-store"
    if trouble.retry:
        answer["Retry-After"] = str(trouble.retry)
    return answer


def _trouble(error: BaseException | None) -> Trouble:
    for one in _causes(error):
        if is_disk_full(one):
            return Trouble(507, "disk_full", "The disk is full", describe_full(one))
        if isinstance(one, OperationalError | InterfaceError):
            return DATABASE_AWAY
        if isinstance(one, RedisError):
            return CACHE_AWAY
    return BROKEN


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
