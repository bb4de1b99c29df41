"""What is said when something the site stands on is away, whoever raised it and wherever."""

import errno
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from redis.exceptions import ConnectionError as NoRedis

from review.catalog.errors import MediaFull

handler400 = "config.views.bad_request"
handler500 = "config.views.server_error"


def _raises(error: BaseException) -> Callable[[HttpRequest], None]:
    def view(request: HttpRequest) -> None:
        raise error

    return view


FULL = OSError(errno.ENOSPC, "No space left on device", "/tmp/x/y")
ERRORS = {
    "operational": (OperationalError("terminating connection"), 503, "database_away"),
    "closed": (InterfaceError("connection already closed"), 503, "database_away"),
    "cache": (NoRedis("refused"), 503, "cache_away"),
    "full": (FULL, 507, "disk_full"),
    "media": (MediaFull("no room"), 507, "disk_full"),
    "bug": (ZeroDivisionError("1/0"), 500, "broken"),
    "permission": (OSError(errno.EACCES, "Permission denied"), 500, "broken"),
}


def _changes(request: HttpRequest) -> HttpResponse:
    request.session["seen"] = 1
    return HttpResponse("stored")


urlpatterns = [path("changes/", _changes)] + [
    path(f"{name}/", _raises(error)) for name, (error, _, _) in ERRORS.items()
]


@pytest.fixture
def client(settings: Any) -> Iterator[Client]:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("name", ERRORS)
def test_programs_are_told_what_is_away(client: Client, name: str) -> None:
    _, status, code = ERRORS[name]

    answer = client.get(f"/{name}/")

    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert ("Retry-After" in answer) == (status == 503)
    assert "no-store" in answer["Cache-Control"]
    assert "1/0" not in answer.content.decode()


@pytest.mark.parametrize("name", ERRORS)
def test_people_are_told_what_is_away(client: Client, name: str) -> None:
    answer = client.get(f"/{name}/", headers={"accept": "text/html,*/*"})

    assert answer.status_code == ERRORS[name][1]
    assert answer["Content-Type"].startswith("text/html")
    assert "<h1>" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("gone"), 503, "database_away"),
        (DatabaseError("no row"), 401, "signed_out"),
    ],
)
def test_a_session_that_cannot_be_saved_is_no_bad_request(
    client: Client,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    code: str,
) -> None:
    """The answer is stored by then; a 400 would have the reading screen drop it."""
    settings.MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]

    session = client.session
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key

    def save(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr("django.contrib.sessions.models.Session.save", save)

    answer = client.get("/changes/")

    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_a_full_disk_is_named_with_what_is_free(client: Client) -> None:
    message = client.get("/full/").json()["message"]

    assert message.startswith("Could not store a file in /tmp: No space left on device; ")
    assert "bytes are free there" in message
