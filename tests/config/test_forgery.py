"""Every address that takes a POST refuses one that another site sent (trust.md 34)."""

from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.config.test_access import addresses
from tests.worlds.building import PASSWORD, make_user

pytestmark = [pytest.mark.database, pytest.mark.django_db]
ACCOUNT = (
    "account_login",
    "account_logout",
    "account_change_password",
    "account_reset_password",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_generate_recovery_codes",
)
NUMBERS = {"pk", "plan_pk", "cell_pk", "number", "order"}


def paths() -> list[tuple[str, str]]:
    """Return every address; nothing needs to lie there, for the token is looked at first."""
    found = [(name, reverse(name)) for name in ACCOUNT]
    for name, arguments in addresses():
        values = {one: 1 if one in NUMBERS else uuid4() for one in arguments}
        found.append((name, reverse(name, kwargs=values)))
    return found


def taken(client: Client, **headers: str) -> list[str]:
    """Return the addresses that did anything but refuse a POST."""
    answers = ((name, client.post(path, headers=headers)) for name, path in paths())
    return [name for name, answer in answers if answer.status_code != 403]


@pytest.fixture
def client() -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("admin", is_staff=True))
    client.get("/accounts/password/change/")
    return client


def test_no_post_is_taken_without_the_token(client: Client) -> None:
    assert set(taken(client)) <= {name for name, _ in paths() if name.startswith("api:")}


def test_no_post_of_another_origin_is_taken_with_the_token(client: Client) -> None:
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    evil = {"x-csrftoken": token, "origin": "https://evil.example"}

    assert set(taken(client, **evil)) <= {name for name, _ in paths() if name.startswith("api:")}
    assert client.post("/accounts/logout/", headers={"x-csrftoken": token}).status_code == 302


def test_the_api_takes_no_post_at_all(client: Client) -> None:
    asked = [path for name, path in paths() if name.startswith("api:")]
    assert {client.post(path).status_code for path in asked} <= {403, 405}


def test_cookies_are_kept_from_scripts_and_other_sites() -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.CSRF_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"


def test_the_session_gets_another_key_when_somebody_signs_in() -> None:
    user = make_user("reader")
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = before

    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})

    assert client.session.session_key != before
    assert not type(session)(before).load()
