"""Training pages: admins only; start by form, watch, stop."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from generation.training.models import TrainingJob
from generation.training.tasks import train_segment
from tests.generation.training.worlds import start
from tests.generation.worlds import make_admin
from tests.worlds.building import make_pool, make_user

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]
FORM: dict[str, Any] = {
    "family": "prototype_ddpm",
    "preset": "tiny",
    "seed": 3,
    "prototypes": 2,
    "steps": 4,
    "early_steps": "1, 2",
    "name": "first",
}


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_admin())
    return client


def test_pages_do_not_exist_for_readers(client: Client) -> None:
    job = start()
    client.force_login(make_user("reader"))
    pages = [("list", []), ("start", []), ("detail", [job.uuid])]

    answers = [client.get(reverse(f"training:{name}", args=args)) for name, args in pages]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert client.post(reverse("training:cancel", args=[job.uuid])).status_code == 404


def test_form_starts_a_training(admin: Client) -> None:
    answer = admin.post(reverse("training:start"), FORM | {"pool": make_pool("cells").pk})

    job = TrainingJob.objects.get()
    assert answer.headers["Location"] == reverse("training:detail", args=[job.uuid])
    assert (job.name, job.total_steps, job.options["early_steps"]) == ("first", 4, [1, 2])


@pytest.mark.parametrize("wrong", [{"early_steps": "soon"}, {"prototypes": 9}, {"preset": "big"}])
def test_form_answers_422_with_the_reason(admin: Client, wrong: dict[str, Any]) -> None:
    pool = make_pool("cells").pk

    answer = admin.post(reverse("training:start"), FORM | {"pool": pool} | wrong)

    assert answer.status_code == 422
    assert b"errorlist" in answer.content
    assert not TrainingJob.objects.exists()


def test_live_part_asks_again_until_the_training_has_ended(admin: Client) -> None:
    job = start()
    url = reverse("training:detail", args=[job.uuid])
    waiting = admin.get(url, headers={"HX-Request": "true"}).content.decode()
    train_segment(job.pk)
    done = admin.get(url, headers={"HX-Request": "true"}).content.decode()

    assert "hx-trigger" in waiting
    assert "hx-trigger" not in done
    assert "step 2" in done
    assert admin.get(reverse("training:list")).status_code == 200


def test_page_stops_a_training(admin: Client) -> None:
    job = start()

    admin.post(reverse("training:cancel", args=[job.uuid]))

    job.refresh_from_db()
    assert job.state == "cancelled"
