"""No NUL in any text that is sent: PostgreSQL stores none, and no browser types one."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

NUL = "\0"


class PlainTextMiddleware:
    """Answer 400 where an address, a query or a form holds a NUL.

    Stands behind the CSRF middleware, so that a forged form is refused before it is looked into.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Raise BadRequest, or go on."""
        sent = [request.path, *_texts(request.GET), *_texts(request.POST)]
        if any(NUL in text for text in sent):
            raise BadRequest("A text holds a NUL character.")


def _texts(given: Any) -> list[str]:
    return [text for name, values in given.lists() for text in (name, *values)]
