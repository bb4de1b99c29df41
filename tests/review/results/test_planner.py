"""The planner page: before any study exists, for whoever has an account."""

import pytest
from django.test import Client
from django.urls import reverse

from metrics.stats.planning import two_proportions_size
from review.studies.models import Study
from tests.worlds.study import PASSWORD, make_reader

pytestmark = [pytest.mark.django_db, pytest.mark.database]
URL = "results:planner"


@pytest.fixture
def client() -> Client:
    client = Client()
    assert client.login(username=make_reader().email, password=PASSWORD)
    return client


def test_it_answers_without_a_study_and_draws_its_curves(client: Client) -> None:
    assert not Study.objects.exists()
    page = client.get(reverse(URL))
    assert page.status_code == 200
    text = page.content.decode()
    for key in ("planner-plausibility", "planner-detect", "planner-equal", "planner-rule"):
        assert key in text
    assert f"from {two_proportions_size(0.5, 0.65).n} images per arm" in text


def test_what_was_asked_is_answered_and_kept_in_the_form(client: Client) -> None:
    asked = {
        "rate_1": 0.4, "rate_2": 0.7, "auc": 0.7, "margin": 0.15, "readers": 5, "images": 80,
        "accept_rate": 0.95,
    }  # fmt: skip
    text = client.get(reverse(URL), asked).content.decode()
    assert f"from {two_proportions_size(0.4, 0.7).n} images per arm" in text
    assert "5 readers on 80 real and 80 synthetic images" in text
    assert 'value="0.15"' in text


def test_what_is_not_asked_keeps_its_usual_value(client: Client) -> None:
    page = client.get(reverse(URL), {"readers": 8})
    assert page.status_code == 200
    assert "8 readers on 100 real and 100 synthetic images" in page.content.decode()


@pytest.mark.parametrize("wrong", [{"readers": "many"}, {"margin": "nan"}, {"rate_1": 2}])
def test_a_wish_out_of_range_is_named_and_nothing_is_drawn(
    client: Client, wrong: dict[str, object]
) -> None:
    page = client.get(reverse(URL), wrong)
    assert page.status_code == 422
    assert page.context["section"] is None
    assert list(page.context["form"].errors) == list(wrong)
