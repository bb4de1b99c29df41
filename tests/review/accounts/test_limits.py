import time
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from review.accounts.limits import limit
from review.accounts.models import User
from tests.worlds.results import seat, unblinded

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@limit("test", 3, 60)
def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("done")


def ask(method: str = "post", user: User | None = None) -> HttpResponse:
    request = getattr(RequestFactory(), method)("/")
    request.user = user or AnonymousUser()
    return view(request)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


def test_the_fourth_write_waits_and_says_how_long() -> None:
    assert [ask().status_code for _ in range(4)] == [200, 200, 200, 429]
    assert 0 < int(ask()["Retry-After"]) <= 60


def test_a_flood_of_other_entries_forgets_no_attempt() -> None:
    assert [ask().status_code for _ in range(4)][-1] == 429
    for number in range(2000):
        cache.set(f"limit:flood:{number}", 1)
    assert ask().status_code == 429


def test_reading_is_free() -> None:
    assert {ask("get").status_code for _ in range(9)} == {200}


@pytest.mark.parametrize(("proxies", "shared"), [(0, True), (1, False)])
def test_the_address_comes_from_a_trusted_proxy_only(
    settings: Any, proxies: int, shared: bool
) -> None:
    """Without a proxy of ours the header is whatever the client wrote."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    codes = []
    for number in range(5):
        request = RequestFactory().post("/", headers={"x-forwarded-for": f"10.0.0.{number}"})
        request.user = AnonymousUser()
        codes.append(view(request).status_code)
    assert (429 in codes) is shared


def test_too_many_sign_ins_of_one_address_wait_and_others_do_not(client: Client) -> None:
    body = {"login": "nobody@example.org", "password": "x"}
    codes = [client.post("/accounts/login/", body).status_code for _ in range(40)]
    answer = client.post("/accounts/login/", body)

    assert codes[0] == 200
    assert answer.status_code == 429
    assert answer["Retry-After"] == "60"
    assert "Wait 60 seconds" in answer.content.decode()
    elsewhere = Client(REMOTE_ADDR="10.9.9.9").post("/accounts/login/", body)
    assert elsewhere.status_code == 200


def test_one_persons_limit_is_not_anothers() -> None:
    users = [User.objects.create_user(f"u{i}@example.org") for i in range(2)]
    for _ in range(4):
        ask(user=users[0])
    assert ask(user=users[0]).status_code == 429
    assert ask(user=users[1]).status_code == 200


def test_guessing_links_of_invitations_waits(client: Client) -> None:
    codes = [client.post("/studies/join/guess/").status_code for _ in range(130)]
    assert set(codes) == {410, 429}


def test_exports_are_limited_for_each_person_alone() -> None:
    closed, _ = unblinded()
    analyst = seat(closed.study, "analyst", "analyst@example.org")
    files = [
        f"/studies/{closed.study.slug}/protocol.json",
        f"/results/{closed.study.slug}/downloads/readings.csv",
        f"/results/{closed.study.slug}/tables/plausibility.csv",
    ]
    drawn = f"/results/{closed.study.slug}/figures/plausibility-rates.svg"
    one, other = Client(), Client()
    one.force_login(closed.editor)
    other.force_login(analyst)
    assert [one.get(file).status_code for file in files] == [200, 200, 200]
    for window in (0, 1):  # as if 240 were taken in this minute, and in the next
        cache.set(f"limit:export:u{closed.editor.pk}:{int(time.time()) // 60 + window}", 240)

    for file in (*files, drawn):
        refused = one.get(file)
        assert (refused.status_code, int(refused.get("Retry-After", 0)) > 0) == (429, True), file
    assert one.get(f"/studies/{closed.study.slug}/").status_code == 200
    assert other.get(files[1]).status_code == 200
