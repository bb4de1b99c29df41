"""Run pages: admins only; launch by form, live fragment, cancel; few queries whatever the size."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from generation.runs.models import GenerationRun, Shard
from generation.runs.services import launch_run
from generation.runs.tasks import sample_shard
from review.results.services import unblind_study
from review.studies.models import Arm, Case, Membership
from tests.generation.worlds import make_admin, make_checkpoint
from tests.worlds.building import make_draft, make_user
from tests.worlds.results import close_world
from tests.worlds.study import PartPlan

pytestmark = [pytest.mark.database, pytest.mark.django_db, pytest.mark.usefixtures("media")]


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_admin())
    return client


def _run(n: int = 3) -> GenerationRun:
    checkpoint = make_checkpoint()
    return launch_run(actor=None, checkpoint=checkpoint, counts={"BAS": n}, seed=1)


def test_pages_do_not_exist_for_readers(client: Client) -> None:
    run = _run()
    client.force_login(make_user("reader"))
    urls = [reverse("runs:list"), reverse("runs:launch"), reverse("runs:detail", args=[run.uuid])]

    assert [client.get(url).status_code for url in urls] == [404] * 3
    assert client.post(reverse("runs:cancel", args=[run.uuid])).status_code == 404


def test_an_admin_who_reads_a_study_of_the_images_sees_no_run_of_them(client: Client) -> None:
    run, boss = _run(), make_admin()
    study = make_draft(boss)
    Arm.objects.create(study=study, pool=run.pool, code="drawn", label="drawn")
    reader = make_user("reading", is_staff=True)
    Membership.objects.create(study=study, user=reader, code="R09", role="reader")
    url = reverse("runs:detail", args=[run.uuid])

    client.force_login(reader)
    assert client.get(url).status_code == 404
    assert run.name not in client.get(reverse("runs:list")).content.decode()
    client.force_login(boss)
    assert client.get(url).status_code == 200


def test_form_launches_a_run(admin: Client) -> None:
    checkpoint = make_checkpoint()
    form = {"checkpoint": checkpoint.pk, "counts": "BAS=2\nEOS=3", "name": "batch", "seed": 9}

    answer = admin.post(reverse("runs:launch"), form)

    run = GenerationRun.objects.get()
    assert answer.headers["Location"] == reverse("runs:detail", args=[run.uuid])
    assert (run.total, run.seed, run.pool.name) == (5, 9, "batch")


@pytest.mark.parametrize("counts", ["HAC=3", "BAS", "0", "/etc/passwd.json"])
def test_form_answers_422_with_the_reason(admin: Client, counts: str) -> None:
    form = {"checkpoint": make_checkpoint().pk, "counts": counts, "seed": 1}

    answer = admin.post(reverse("runs:launch"), form)

    assert answer.status_code == 422
    assert b"errorlist" in answer.content
    assert not GenerationRun.objects.exists()


def test_live_part_shows_progress_and_thumbnails_and_stops_asking_at_the_end(
    admin: Client,
) -> None:
    run = _run()
    url = reverse("runs:detail", args=[run.uuid])
    waiting = admin.get(url, headers={"HX-Request": "true"}).content.decode()
    sample_shard(Shard.objects.get().pk)
    done = admin.get(url, headers={"HX-Request": "true"}).content.decode()

    assert "hx-trigger" in waiting
    assert "0 of 3 images" in waiting
    assert "hx-trigger" not in done
    assert done.count("<img") == 3


def test_cancel_stops_a_run(admin: Client) -> None:
    run = _run()

    admin.post(reverse("runs:cancel", args=[run.uuid]))

    run.refresh_from_db()
    assert run.state == "cancelled"


def test_live_part_takes_the_same_queries_for_any_number_of_images(
    admin: Client, django_assert_max_num_queries: Any
) -> None:
    run = _run(20)
    sample_shard(Shard.objects.get().pk)

    with django_assert_max_num_queries(14):
        admin.get(reverse("runs:detail", args=[run.uuid]))


def test_an_image_leads_to_the_case_in_which_it_was_judged(admin: Client) -> None:
    run = _run(2)
    for pk in run.shards.values_list("pk", flat=True):
        sample_shard(pk)
    closed = close_world(size=16, plans=(PartPlan("plausibility", 1),))
    case = Case.objects.filter(part__study=closed.study, arm__code="late")[0]
    Case.objects.filter(pk=case.pk).update(image=run.images.get(index=0).asset)
    url = reverse("runs:detail", args=[run.uuid])
    link = reverse("provenance:case", args=["cells", 1, case.code])

    blind = admin.get(url).content.decode()
    unblind_study(actor=closed.editor, study=closed.study)
    told = admin.get(url).content.decode()

    assert link not in blind
    assert told.count(link) == 1
    assert f"image 0, judged as case {case.code}" in told
