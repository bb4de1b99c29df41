"""Who may ask: a signed-in reader, for studies of their own. Everything else is a 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from review.readings.seats import Seat, find_seat


def own_seat(request: HttpRequest, slug: str) -> Seat:
    """Return the user's reader's seat, or raise Http404: others learn nothing, not even this."""
    seat = find_seat(request.user, slug)
    if seat is None:
        raise Http404
    return seat


def signed_in_or_401(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer 401 in JSON where a redirect to a form would lose an answer."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            message = "You are signed out. Sign in again; nothing is lost."
            return no_store(JsonResponse({"error": "signed_out", "message": message}, status=401))
        return view(request, *args, **kwargs)

    return answer


def no_store(response: HttpResponse) -> HttpResponse:
    """Keep a reader's response out of every cache."""
    response.headers["Cache-Control"] = "private, no-store, no-transform"
    return response
