"""The loop pages: who sees them, what they say, and the verbs on them."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from generation.feedback.models import Loop, Plan
from generation.feedback.services import propose_plan
from review.results.policies import RECORDS
from tests.generation.feedback.worlds import make_admin, make_generator, make_judged_loop, make_loop
from tests.worlds.domains import make_domain
from tests.worlds.results import seat
from tests.worlds.study import make_reader

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def client_of(user, age=0):
    client = Client()
    client.force_login(user)
    session = client.session
    session[RECORDS] = [{"method": "password", "at": time.time() - age}]
    session.save()
    return client


def page(loop):
    return reverse("loops:detail", args=[loop.pk])


def test_who_may_look():
    world = make_judged_loop()
    study = world.closed.study
    status = {
        "admin": client_of(world.admin).get(page(world.loop)).status_code,
        "editor": client_of(world.closed.editor).get(page(world.loop)).status_code,
        "analyst": client_of(seat(study, "analyst", "a@example.org")).get(page(world.loop)),
        "reader": client_of(world.closed.world.readers[0]).get(page(world.loop)).status_code,
        "stranger": client_of(make_reader(77)).get(page(world.loop)).status_code,
        "nobody": Client().get(page(world.loop)).status_code,
    }
    status["analyst"] = status["analyst"].status_code

    assert status == {
        "admin": 200, "editor": 200, "analyst": 200, "reader": 404, "stranger": 404, "nobody": 302,
    }  # fmt: skip


def test_whoever_still_reads_in_the_loop_sees_nothing_of_it():
    world = make_judged_loop(unblind=False)
    study = world.closed.study
    study.memberships.create(user=world.admin, code="R90", role="reader", state="consented")

    assert client_of(world.admin).get(page(world.loop)).status_code == 404


@pytest.mark.parametrize("name", ["propose", "new"])
def test_only_admins_find_the_verbs(name):
    world = make_judged_loop()
    url = reverse(f"loops:{name}", args=[world.loop.pk] if name == "propose" else [])

    assert client_of(world.closed.editor).post(url).status_code == 404
    assert not Plan.objects.exists()


def test_the_page_shows_rates_and_the_plan_with_its_reasons():
    world = make_judged_loop()
    propose_plan(actor=world.admin, loop=world.loop)

    text = client_of(world.admin).get(page(world.loop)).content.decode()

    assert "Plausibility by round" in text
    assert "plausible images short of half the natural share" in text
    assert "fig-rates-data" in text
    assert ">Approve<" in text
    assert ">Approve<" not in client_of(world.closed.editor).get(page(world.loop)).content.decode()


def test_nothing_is_shown_of_a_study_before_unblinding():
    world = make_judged_loop(unblind=False)

    text = client_of(world.closed.editor).get(page(world.loop)).content.decode()

    assert "No verdicts yet" in text
    assert "wait until the study is closed and unblinded" in text


def test_an_empty_loop_says_what_to_do_next():
    admin = make_admin()
    loop = make_loop(admin)

    text = client_of(admin).get(page(loop)).content.decode()

    assert "Propose a plan" in text
    assert "opens round 1" in text
    assert "No loop yet" in client_of(make_reader(5)).get(reverse("loops:list")).content.decode()


def test_an_admin_starts_a_loop_and_proposes_its_plan():
    client = client_of(make_admin())
    checkpoint = make_generator(make_domain("bone_marrow"), "late")
    form = {
        "name": "New", "checkpoint": checkpoint.pk, "target": 40, "budget": 80,
        "policy": "quota_fill",
    }  # fmt: skip

    assert client.post(reverse("loops:new"), form | {"target": 0}).status_code == 422
    client.post(reverse("loops:new"), form)
    loop = Loop.objects.get()
    client.post(reverse("loops:propose", args=[loop.pk]))

    assert loop.targets == {"BAS": 40, "EOS": 40}
    assert sum(cell.n_show for cell in loop.plans.get().cells.all()) == 80


def test_a_cell_is_changed_in_place():
    admin = make_admin()
    loop = make_loop(admin)
    cell = propose_plan(actor=admin, loop=loop).cells.first()
    url = reverse("loops:override", args=[loop.pk, cell.pk])
    client, htmx = client_of(admin), {"HX-Request": "true"}

    done = client.post(url, {"delta": 3, "reason": "rare"}, headers=htmx)
    refused = client.post(url, {"delta": 3, "reason": ""}, headers=htmx)

    assert done.status_code == 200
    assert "<html" not in done.content.decode()
    assert "rare" in done.content.decode()
    assert refused.status_code == 422
    assert "Say why" in refused.content.decode()


def test_approval_from_the_page_and_a_second_one_says_why_not():
    admin = make_admin()
    loop = make_loop(admin)
    plan = propose_plan(actor=admin, loop=loop)
    client, url = client_of(admin), reverse("loops:approve", args=[loop.pk, plan.pk])

    client.post(url)
    again = client.post(url, follow=True)

    plan.refresh_from_db()
    assert plan.state == Plan.State.APPROVED
    assert "only a plan that is draft can be approved" in again.content.decode()


def test_an_old_sign_in_is_asked_for_the_password_before_it_approves():
    admin = make_admin()
    loop = make_loop(admin)
    plan = propose_plan(actor=admin, loop=loop)

    asked = client_of(admin, age=3600).post(reverse("loops:approve", args=[loop.pk, plan.pk]))

    plan.refresh_from_db()
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert plan.state == Plan.State.DRAFT


def test_the_run_is_launched_from_the_page_and_linked():
    admin = make_admin()
    loop = make_loop(admin)
    plan = propose_plan(actor=admin, loop=loop)
    client = client_of(admin)
    client.post(reverse("loops:approve", args=[loop.pk, plan.pk]))

    done = client.post(reverse("loops:launch", args=[loop.pk, plan.pk]), follow=True)

    plan.refresh_from_db()
    assert reverse("runs:detail", args=[plan.run.uuid]) in done.content.decode()
