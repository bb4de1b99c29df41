import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client

from review.accounts.models import User
from review.audit.models import AuditEvent

pytestmark = [pytest.mark.database, pytest.mark.django_db]
PASSWORD = "correct-horse-9"


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def user() -> User:
    return User.objects.create_user("reader@example.org", PASSWORD)


def sign_in(client: Client, password: str = PASSWORD) -> int:
    answer = client.post("/accounts/login/", {"login": "Reader@Example.org", "password": password})
    return answer.status_code


def test_signs_in_by_email_whatever_its_case_and_logs_it(client: Client, user: User) -> None:
    assert sign_in(client) == 302
    assert client.session["_auth_user_id"] == str(user.pk)
    assert AuditEvent.objects.filter(verb="signed_in", actor=user).count() == 1


def test_a_wrong_password_is_logged_without_it(client: Client, user: User) -> None:
    assert sign_in(client, "wrong-secret") == 200
    event = AuditEvent.objects.get(verb="sign_in_failed")
    assert "wrong-secret" not in str(event.__dict__)


def test_nobody_registers_alone(client: Client) -> None:
    assert client.get("/accounts/signup/").status_code == 404
    assert client.post("/accounts/signup/", {"email": "a@b.org"}).status_code == 404


def test_guessing_is_slowed_down(client: Client, user: User) -> None:
    for _ in range(6):
        sign_in(client, "wrong-secret")
    assert sign_in(client) != 302


def test_two_accounts_cannot_share_an_address(user: User) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("READER@example.org", PASSWORD)


def test_admins_set_up_a_second_factor_first(client: Client, settings: object) -> None:
    settings.REQUIRE_MFA = True  # type: ignore[attr-defined]
    admin = User.objects.create_superuser("admin@example.org", PASSWORD)
    client.force_login(admin)
    answer = client.get("/studies/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/2fa/")


@pytest.mark.parametrize("prefix", ["/accounts", "/static"])
def test_a_claimed_prefix_is_no_way_past_the_second_factor(
    client: Client, settings: object, prefix: str
) -> None:
    settings.REQUIRE_MFA = True  # type: ignore[attr-defined]
    client.force_login(User.objects.create_superuser("admin@example.org", PASSWORD))
    answer = client.get("/studies/", SCRIPT_NAME=prefix, PATH_INFO="/studies/")
    assert (answer.status_code, answer["Location"][-14:]) == (302, "/accounts/2fa/")


def test_the_list_of_security_keys_opens(client: Client, user: User) -> None:
    sign_in(client)
    assert client.get("/accounts/2fa/webauthn/").status_code == 200


def test_an_address_that_no_link_proved_may_still_get_a_second_factor(
    client: Client, user: User
) -> None:
    EmailAddress.objects.create(user=user, email=user.email, verified=False)
    sign_in(client)
    again = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert again.status_code == 302
    page = client.get("/accounts/2fa/totp/activate/")
    assert page.status_code == 200
    assert "Second factor" in page.content.decode()
    assert client.get("/accounts/password/change/").status_code == 200
