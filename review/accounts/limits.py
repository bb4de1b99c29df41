"""Rate limits in the shared cache, per user (or address) and purpose."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def limit(
    purpose: str, count: int, seconds: int, *, reads: bool = False
) -> Callable[[View[P]], View[P]]:
    """Allow `count` writes per `seconds` and person; answer 429 with Retry-After beyond.

    Reading a page (GET, HEAD) is free unless `reads`, as for files that are built and logged.
    Fixed windows: at most twice the count around a boundary.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def limited(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            wait = (
                0
                if request.method in {"GET", "HEAD"} and not reads
                else _seconds_to_wait(f"{purpose}:{_who(request)}", count, seconds)
            )
            if not wait:
                return view(request, *args, **kwargs)
            return too_many(request, wait)

        return limited

    return decorate


# Every file that leaves the site: enough for a script that takes a whole report, figure by figure.
limit_exports = limit("export", 240, 60, reads=True)


def too_many(request: HttpRequest, wait: int = 60) -> HttpResponse:
    """Answer 429 and say how many seconds to wait."""
    answer = render(request, "429.html", {"wait": wait}, status=429)
    answer["Retry-After"] = str(wait)
    return answer


def _who(request: HttpRequest) -> str:
    """Return the signed-in user's key, else the client's address."""
    if request.user.is_authenticated:
        return f"u{request.user.pk}"
    return f"a{get_adapter(request).get_client_ip(request)}"


def _seconds_to_wait(key: str, count: int, seconds: int) -> int:
    """Count one attempt; return 0 when it is within the limit, else seconds until the next."""
    now = int(time.time())
    window = now // seconds
    name = f"limit:{key}:{window}"
    cache.add(name, 0, seconds + 1)
    try:
        attempts = cache.incr(name)
    except ValueError:  # the entry expired between the two calls
        attempts = 1
    return 0 if attempts <= count else (window + 1) * seconds - now
