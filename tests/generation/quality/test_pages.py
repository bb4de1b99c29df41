"""The page of a run's image metrics: who sees it, what it says, and its JSON."""

import json

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from generation.quality.models import Measurement
from generation.quality.tasks import measure_run
from review.accounts import limits
from review.audit.models import AuditEvent
from review.catalog.models import ImageAsset, Pool
from review.catalog.pixels import decode_pixels
from review.studies.models import Arm, Membership
from tests.generation.quality.worlds import (
    QualityWorld,
    as_generated,
    draw_again,
    make_world,
    measured,
)
from tests.generation.worlds import make_admin
from tests.worlds.building import make_draft, make_user

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_admin())
    return client


def with_copy() -> QualityWorld:
    world = make_world()
    training = world.training.images.order_by("pk").first()
    assert training is not None
    return draw_again(world, [as_generated(training)])


def page(client: Client, world: QualityWorld, **query: object) -> str:
    answer = client.get(reverse("quality:detail", args=[world.run.uuid]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_runs_page_leads_there(admin: Client) -> None:
    world = make_world()
    url = reverse("quality:detail", args=[world.run.uuid])

    assert url in admin.get(reverse("runs:detail", args=[world.run.uuid])).content.decode()
    assert "Not measured yet" in page(admin, world)


def test_the_form_measures_and_the_page_asks_until_it_is_done(admin: Client) -> None:
    world = with_copy()
    form = {"extractor": "untrained", "seed": 2}

    admin.post(reverse("quality:start", args=[world.run.uuid]), form)
    waiting = page(admin, world)
    row = Measurement.objects.get()
    measure_run(row.pk)
    done = page(admin, world)

    assert (row.seed, row.requested_by) == (2, make_admin())
    assert "hx-trigger" in waiting
    assert "Waiting for a free worker" in waiting
    assert "hx-trigger" not in done
    assert "1 of 24 images count as copies of a training image at threshold" in done
    assert "FID, FID at endless N: FID of 32 features needs more than 32 images" in done
    assert 'id="fig-distances-data"' in done
    assert "private" not in done.replace("not proven private", "")


def test_no_copies_are_never_called_privacy(admin: Client) -> None:
    world = make_world()
    measured(world.run)

    text = page(admin, world)

    assert "No copies of training images found at threshold" in text
    assert "What is not found here is not proven private." in text


def test_a_failure_says_why_and_offers_another_try(admin: Client) -> None:
    world = make_world()
    key = world.training.images.values_list("storage_key", flat=True).first()
    ImageAsset.objects.filter(storage_key=key).update(storage_key="assets/gone.png")
    measured(world.run)

    text = page(admin, world)

    assert "assets/gone.png" in text
    assert "Try again" in text


@pytest.mark.parametrize("form", [{"extractor": "bank", "seed": 0}, {"extractor": "untrained"}])
def test_what_the_form_does_not_offer_is_refused(admin: Client, form: dict[str, object]) -> None:
    world = make_world()

    answer = admin.post(reverse("quality:start", args=[world.run.uuid]), form, follow=True)

    assert "Choose features from the list" in answer.content.decode()
    assert not Measurement.objects.exists()


def test_earlier_measurements_stay_and_can_be_read(admin: Client) -> None:
    world = make_world()
    first, second = (measured(world.run, seed=seed) for seed in (0, 1))

    assert f"?of={first.pk}" in page(admin, world)
    assert first.result_sha256 in page(admin, world, of=first.pk)
    assert second.result_sha256 in page(admin, world)


def test_json_holds_the_whole_result_and_its_hash(admin: Client) -> None:
    world = make_world()
    row = measured(world.run)
    url = reverse("quality:result", args=[world.run.uuid, row.pk])

    answer = admin.get(url)

    content = json.loads(answer.content)
    assert content["result"] == row.result
    assert content["sha256"] == row.result_sha256
    assert "attachment" in answer.headers["Content-Disposition"]
    other = draw_again(world, [])
    assert admin.get(reverse("quality:result", args=[other.run.uuid, row.pk])).status_code == 404


def test_every_download_is_logged_and_their_number_limited(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = measured(make_world().run)
    url = reverse("quality:result", args=[row.run.uuid, row.pk])

    admin.get(url)

    event = AuditEvent.objects.get(verb="measurement.exported")
    assert (event.actor, event.after) == (make_admin(), {"result": row.result_sha256})
    monkeypatch.setattr(limits, "_seconds_to_wait", lambda *given: 7)
    refused = admin.get(url)
    assert (refused.status_code, refused["Retry-After"]) == (429, "7")


@pytest.mark.parametrize("of", ["\u00b2", "abc", "9" * 30, "-1", "0"])
def test_what_is_no_measurement_is_not_found(admin: Client, of: str) -> None:
    row = measured(make_world().run)
    url = reverse("quality:detail", args=[row.run.uuid])

    assert admin.get(url, {"of": of}).status_code == 404


def test_pairs_survive_a_training_image_that_was_deleted(admin: Client) -> None:
    world = with_copy()
    row = measured(world.run)
    copy = row.copies.get()
    assert copy.original is not None
    copy.original.delete()

    assert "deleted since" in page(admin, world)


def test_a_pairs_training_image_is_framed_and_turned_like_the_drawn_one(admin: Client) -> None:
    world = make_world()
    learned = list(world.training.images.order_by("pk")[:3])
    drawn = [as_generated(learned[0]), np.rot90(as_generated(learned[1])).copy(),
             as_generated(learned[2])[:, ::-1].copy()]  # fmt: skip
    row = measured(draw_again(world, drawn).run)

    for number, pair in enumerate(row.result["copying"]["closest"][:3]):
        url = reverse("quality:original", args=[row.run.uuid, row.pk, number])
        key = ImageAsset.objects.get(uuid=pair["image"]).source_key
        assert (decode_pixels(admin.get(url).content) == drawn[int(key)]).all()
    beyond = reverse("quality:original", args=[row.run.uuid, row.pk, 24])
    assert admin.get(beyond).status_code == 404


def urls_of(world: QualityWorld, row: Measurement) -> list[str]:
    return [
        reverse("quality:detail", args=[world.run.uuid]),
        reverse("quality:result", args=[world.run.uuid, row.pk]),
        reverse("quality:original", args=[world.run.uuid, row.pk, 0]),
    ]


def test_pages_do_not_exist_for_readers(client: Client) -> None:
    world = make_world()
    row = measured(world.run)
    client.force_login(make_user("reader"))

    assert [client.get(url).status_code for url in urls_of(world, row)] == [404] * 3
    assert client.post(reverse("quality:start", args=[world.run.uuid])).status_code == 404


def reading_admin(pool: Pool) -> Client:
    study = make_draft(make_admin())
    Arm.objects.create(study=study, pool=pool, code="extra", label="extra")
    person = make_user("reading", is_staff=True)
    Membership.objects.create(study=study, user=person, code="R09", role="reader")
    client = Client()
    client.force_login(person)
    return client


def test_an_admin_who_reads_the_runs_images_sees_nothing() -> None:
    world = make_world()
    row = measured(world.run)
    client = reading_admin(world.run.pool)

    assert [client.get(url).status_code for url in urls_of(world, row)] == [404] * 3
    assert client.post(reverse("quality:start", args=[world.run.uuid])).status_code == 404


@pytest.mark.parametrize("name", ["training", "held_out"])
def test_an_admin_who_reads_the_real_images_sees_no_result_of_them(name: str) -> None:
    world = make_world()
    row = measured(world.run)
    client = reading_admin(getattr(world, name))

    assert "Not measured yet" in page(client, world)
    assert [client.get(url).status_code for url in urls_of(world, row)[1:]] == [404] * 2


def test_a_reading_admins_measurement_leaves_out_what_they_read() -> None:
    world = make_world()
    assert world.held_out is not None
    client = reading_admin(world.held_out)

    client.post(
        reverse("quality:start", args=[world.run.uuid]), {"extractor": "untrained", "seed": 0}
    )
    row = Measurement.objects.get()
    measure_run(row.pk)

    row.refresh_from_db()
    assert row.state == "done", row.error
    assert row.result["sets"]["held_out"]["n"] == 0
    assert list(row.pools.all()) == [world.training]
