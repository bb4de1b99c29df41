"""Second factors in a real browser under the site's CSP: set up, sign in with each, recover."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache

from review.audit.models import AuditEvent
from tests.worlds.study import PASSWORD, make_reader

WATCH = """
document.addEventListener('securitypolicyviolation', (e) => {
  const all = JSON.parse(sessionStorage.violations || '[]');
  sessionStorage.violations = JSON.stringify([...all, `${e.violatedDirective} ${e.blockedURI}`]);
});
"""
KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def admin(settings):
    settings.REQUIRE_MFA = True
    cache.clear()  # rate limits, and codes that were used
    return make_reader(1, email="admin@example.org", is_staff=True)


@pytest.fixture
def browser_page(page, admin, live_server):
    """A page that was led to the second factors after signing in; nothing may be refused in it."""
    said = []
    page.on("console", lambda one: one.type in {"error", "warning"} and said.append(one.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.add_init_script(WATCH)
    password(page, admin, live_server.url)
    page.wait_for_url("**/accounts/2fa/")
    yield page
    assert page.evaluate("() => sessionStorage.violations || ''") == ""
    assert said == []


def password(page, user, url: str) -> None:
    page.goto(f"{url}/accounts/login/")
    page.fill("input[name=login]", user.email)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def confirm(page) -> None:
    """Give the password again, as everybody who changes a second factor has to."""
    page.wait_for_url("**/reauthenticate/**")
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def sign_out(page) -> None:
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")
    cache.clear()


def code_for(secret: str) -> str:
    """Return the code of now; not in the last seconds of its half minute."""
    if time.time() % 30 > 26:
        time.sleep(4.5)
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_a_passkey_is_set_up_and_opens_the_door(browser_page, admin, context, live_server):
    page = browser_page
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    page.locator("section", has_text="Security Keys").get_by_role("link", name="Add").click()
    confirm(page)
    page.wait_for_url("**/webauthn/add/**", wait_until="load")  # its script answers the button
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(lambda url: "/webauthn/add" not in url)
    assert Authenticator.objects.filter(user=admin, type="webauthn").count() == 1
    sign_out(page)

    password(page, admin, live_server.url)
    page.wait_for_url("**/2fa/authenticate/", wait_until="load")
    page.get_by_role("button", name="Use a security key").click()
    page.wait_for_url("**/studies/")

    kinds = AuditEvent.objects.filter(verb="second_factor.added").values_list("after", flat=True)
    assert {"kind": "webauthn"} in list(kinds)


def test_an_app_and_recovery_codes_open_the_door(browser_page, admin, live_server):
    page = browser_page
    page.locator("section", has_text="Authenticator App").get_by_role("link").click()
    confirm(page)
    secret = page.input_value("#authenticator_secret")
    assert page.evaluate("() => document.querySelector('main img').naturalWidth") > 50
    page.fill("input[name=code]", code_for(secret))
    page.get_by_role("button", name="Activate").click()
    page.get_by_role("heading", name="Recovery Codes").wait_for()
    codes = page.input_value("#recovery_codes").split()
    assert len(codes) == 10
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert codes[0] not in stored

    for given in (code_for(secret), codes[3]):
        sign_out(page)
        password(page, admin, live_server.url)
        page.wait_for_url("**/2fa/authenticate/")
        page.fill("input[name=code]", given)
        page.get_by_role("button", name="Sign In", exact=True).click()
        page.wait_for_url("**/studies/")

    sign_out(page)
    password(page, admin, live_server.url)
    page.fill("input[name=code]", codes[3])  # used up
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.get_by_text("Incorrect code").wait_for()
    assert "/2fa/authenticate/" in page.url
    assert AuditEvent.objects.filter(verb="second_factor.failed").count() == 1
