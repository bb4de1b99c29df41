"""Secrets of second factors: sealed by SECRET_KEY; what no key opens lets nobody in."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp

from review.accounts.models import User

pytestmark = [pytest.mark.database, pytest.mark.django_db]
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_now() -> str:
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    return totp.format_hotp_value(totp.hotp_value(SECRET, counter))


@pytest.fixture
def user() -> User:
    return User.objects.create_user("editor@example.org", "correct-horse-9")


def test_an_old_key_still_opens_and_a_lost_one_refuses_every_code(
    user: User, settings: Any
) -> None:
    app, codes = totp.TOTP.activate(user, SECRET), RecoveryCodes.activate(user)
    [first, second, *_] = codes.get_unused_codes()
    before, settings.SECRET_KEY = settings.SECRET_KEY, "another key " * 5

    assert not app.validate_code(code_now())
    assert not codes.validate_code(first)
    settings.SECRET_KEY_FALLBACKS = [before]
    assert app.validate_code(code_now())
    assert codes.validate_code(second)


def test_a_secret_that_somebody_wrote_past_the_seal_opens_nothing(user: User) -> None:
    app = totp.TOTP.activate(user, SECRET)
    Authenticator.objects.filter(user=user, type="totp").update(data={"secret": SECRET})
    app.instance.refresh_from_db()

    assert not app.validate_code(code_now())
