"""Redis is away: attempts cannot be counted, so nobody signs in; those who read go on reading."""

import socket
from typing import Any

import pytest
from django.test import Client

from tests.review.reader.browsing import answer_for, open_screen, post, signed_in
from tests.worlds.study import PASSWORD, make_study

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def _no_redis(settings: Any) -> Any:
    """Point the cache at a port that is taken and answers nobody."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        backend = "django.core.cache.backends.redis.RedisCache"
        settings.CACHES = {
            "default": {"BACKEND": backend, "LOCATION": f"redis://127.0.0.1:{port}/0"}
        }
        yield


@pytest.mark.usefixtures("_no_redis")
def test_nobody_signs_in_uncounted() -> None:
    world = make_study()
    client = Client(raise_request_exception=False)
    body = {"login": world.readers[0].email, "password": PASSWORD}

    answer = client.post("/accounts/login/", body, headers={"accept": "text/html"})

    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    assert "cache server is away" in answer.content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("_no_redis")
def test_reading_goes_on() -> None:
    world = make_study()
    client = signed_in(world)
    config = open_screen(client, world)

    answer = post(client, world, answer_for(config["cases"][0]))

    assert (answer.status_code, answer.json()["status"]) == (200, "stored")
    assert client.get(config["cases"][1]["image"]["url"]).status_code == 200


@pytest.mark.usefixtures("_no_redis")
def test_the_api_says_that_it_is_paused() -> None:
    world = make_study()
    client = Client(raise_request_exception=False)
    client.force_login(world.readers[0])

    answer = client.get("/api/studies/")

    assert (answer.status_code, answer.json()["error"]) == (503, "cache_away")
