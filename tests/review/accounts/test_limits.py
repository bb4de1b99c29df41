import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from review.accounts.limits import limit
from review.accounts.models import User

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


def test_reading_is_free() -> None:
    assert {ask("get").status_code for _ in range(9)} == {200}


def test_one_persons_limit_is_not_anothers() -> None:
    users = [User.objects.create_user(f"u{i}@example.org") for i in range(2)]
    for _ in range(4):
        ask(user=users[0])
    assert ask(user=users[0]).status_code == 429
    assert ask(user=users[1]).status_code == 200
