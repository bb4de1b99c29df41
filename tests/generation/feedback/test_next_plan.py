"""What the loop page offers: only what can succeed, and in words why the rest must wait."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from generation.feedback.models import Loop, Plan, Round
from generation.feedback.services import add_round, approve_plan, launch_plan, propose_plan
from generation.runs.models import GenerationRun
from generation.training.models import Checkpoint
from review.accounts.models import User
from tests.generation.feedback.test_pages import client_of, page
from tests.generation.feedback.worlds import make_admin, make_judged_loop, make_loop
from tests.worlds.results import close_world, seat

pytestmark = [pytest.mark.django_db, pytest.mark.database]
BUTTON = re.compile(r"<button class=\"button[^\"]*\"([^>]*)>(Propose [^<]+)</button>")


def text_of(user: User, loop: Loop) -> str:
    return client_of(user).get(page(loop)).content.decode()


def button(user: User, loop: Loop) -> tuple[bool, str]:
    """Return whether the button can be pressed, and what it says."""
    found = BUTTON.search(text_of(user, loop))
    assert found
    return "disabled" not in found.group(1), found.group(2)


def test_a_first_plan_and_one_after_verdicts_can_be_proposed() -> None:
    world = make_judged_loop()
    fresh = make_loop(world.admin, name="Fresh")

    assert button(world.admin, fresh) == (True, "Propose the next plan")
    assert button(world.admin, world.loop) == (True, "Propose the next plan")


def test_while_a_round_is_read_the_button_is_off_and_says_why() -> None:
    world = make_judged_loop(unblind=False)

    assert button(world.admin, world.loop) == (False, "Propose the next plan")
    text = text_of(world.admin, world.loop)
    assert "The study of round 1 is closed. Unblind it; then propose the next plan." in text
    assert 'aria-describedby="next-plan"' in text
    answer = client_of(world.admin).post(
        reverse("loops:propose", args=[world.loop.pk]), follow=True
    )
    assert "The study of round 1 is closed" in answer.content.decode()
    assert not Plan.objects.exists()


def test_while_a_round_is_drawn_or_has_no_study_it_says_what_to_do() -> None:
    admin = make_admin()
    loop = make_loop(admin)
    run = launch_plan(
        actor=admin, plan=approve_plan(actor=admin, plan=propose_plan(actor=admin, loop=loop))
    )

    assert button(admin, loop)[0] is False
    assert "Round 1 is being drawn" in text_of(admin, loop)
    GenerationRun.objects.filter(pk=run.pk).update(state="complete", finished_at=timezone.now())
    assert button(admin, loop)[0] is False
    assert "Round 1 has no study yet" in text_of(admin, loop)


def test_a_second_proposal_says_what_it_replaces() -> None:
    admin = make_admin()
    loop = make_loop(admin)
    plan = propose_plan(actor=admin, loop=loop)

    assert button(admin, loop) == (True, "Propose it again")
    assert "replaces the draft" in text_of(admin, loop)
    assert "Waits for approval" in text_of(admin, loop)
    approve_plan(actor=admin, plan=plan)
    assert "takes the approval back" in text_of(admin, loop)


def test_a_plan_that_draws_nothing_is_not_offered_for_approval() -> None:
    admin = make_admin()
    loop = make_loop(admin)
    plan = propose_plan(actor=admin, loop=loop)
    assert ">Approve<" in text_of(admin, loop)

    plan.cells.update(n_show=0, n_audit=0, n_generate=0)

    text = text_of(admin, loop)
    assert ">Approve<" not in text
    assert "there is nothing to draw. Raise the targets" in text


def test_a_retired_generator_launches_nothing_and_the_page_says_so() -> None:
    admin = make_admin()
    loop = make_loop(admin)
    approve_plan(actor=admin, plan=propose_plan(actor=admin, loop=loop))
    assert "Launch the run" in text_of(admin, loop)

    Checkpoint.objects.filter(pk=loop.checkpoint_id).update(state="retired")

    text = text_of(admin, loop)
    assert "Launch the run" not in text
    assert "Generator late is retired and draws nothing" in text


def test_rounds_link_to_the_cases_of_studies_that_one_runs() -> None:
    world = make_judged_loop(per_cell=2)
    other = close_world(slug="second", size=16)
    add_round(loop=world.loop, study=other.study)
    Round.objects.filter(loop=world.loop, number=2).update(study=other.study)
    own = reverse("results:cases", args=[world.closed.study.slug])
    second = reverse("results:cases", args=["second"])

    blind = text_of(world.admin, world.loop)
    other.study.state, other.study.unblinded_at = "unblinded", timezone.now()
    other.study.save()

    assert own in blind
    assert second not in blind
    assert second in text_of(world.admin, world.loop)
    analyst = seat(world.closed.study, "analyst", "a@example.org")
    assert own in text_of(analyst, world.loop)
    assert second not in text_of(analyst, world.loop)
