"""The loop on real rows: snapshot in, plan out, approved and launched by an admin."""

import json

import pytest

from generation.feedback.errors import NotAllowed, OverrideRefused, PlanInputError, WrongState
from generation.feedback.models import Plan, PlanInput
from generation.feedback.services import (
    add_round,
    approve_plan,
    attach_study,
    build_plan_input,
    create_loop,
    launch_plan,
    override_cell,
    propose_plan,
)
from generation.feedback.services.decide import effective
from generation.feedback.services.propose import loop_snapshots
from review.audit.models import AuditEvent
from review.studies.models import Study
from tests.generation.feedback.worlds import make_admin, make_generator, make_judged_loop, make_loop
from tests.worlds.domains import make_domain
from tests.worlds.results import close_world
from tests.worlds.study import make_reader

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def shown(plan, code):
    return sum(cell.n_show for cell in plan.cells.filter(image_class__code=code))


def test_the_first_plan_follows_the_natural_mix():
    admin = make_admin()

    plan = propose_plan(actor=admin, loop=make_loop(admin))

    cells = plan.cells.order_by("image_class__order", "prototype")
    numbers = {(c.image_class.code, c.prototype): c.n_show for c in cells}
    assert numbers == {("BAS", 0): 23, ("BAS", 1): 7, ("EOS", 0): 15, ("EOS", 1): 15}
    assert (plan.round_number, plan.state) == (1, Plan.State.DRAFT)
    assert "nothing judged yet" in cells[0].reasons[-1]


def test_verdicts_send_images_to_the_weak_class():
    world = make_judged_loop()

    plan = propose_plan(actor=world.admin, loop=world.loop)

    assert plan.round_number == 2
    assert shown(plan, "EOS") > 1.5 * shown(plan, "BAS")
    world.round.refresh_from_db()
    assert world.round.plan == plan
    assert list(plan.input.snapshots.all()) == [world.snapshot]
    assert json.dumps(plan.summary, allow_nan=False)


def test_older_versions_count_half_and_other_generators_not_at_all():
    world = make_judged_loop()
    other = make_generator(world.loop.domain, "other")

    built = build_plan_input(loop=world.loop, snapshots=loop_snapshots(world.loop))
    cells = [c for entry in built.planned.classes for c in entry.prototypes]
    world.loop.checkpoint = other
    foreign = build_plan_input(loop=world.loop, snapshots=loop_snapshots(world.loop))

    assert sum(cell.n for cell in cells) == pytest.approx(20 + 20 * 0.5)  # late + early, delta .5
    assert not foreign.planned.has_data
    assert "40 synthetic images of other generators" in " ".join(foreign.notes)


def test_the_same_verdicts_are_one_plan_input():
    world = make_judged_loop()

    first = propose_plan(actor=world.admin, loop=world.loop)
    second = propose_plan(actor=world.admin, loop=world.loop)

    first.refresh_from_db()
    assert first.state == Plan.State.SUPERSEDED
    assert first.input == second.input
    assert first.plan_sha256 == second.plan_sha256
    assert PlanInput.objects.count() == 1


def test_no_plan_while_a_round_is_read_or_has_no_study():
    world = make_judged_loop(unblind=False)
    with pytest.raises(WrongState, match=r"is closed\. Unblind it"):
        propose_plan(actor=world.admin, loop=world.loop)

    add_round(loop=world.loop)
    with pytest.raises(WrongState, match="has no study yet"):
        propose_plan(actor=world.admin, loop=world.loop)


def test_only_admins_turn_the_loop():
    admin = make_admin()
    loop = make_loop(admin)
    plan = propose_plan(actor=admin, loop=loop)
    reader = make_reader()

    for verb in (
        lambda: propose_plan(actor=reader, loop=loop),
        lambda: approve_plan(actor=reader, plan=plan),
        lambda: override_cell(actor=reader, cell=plan.cells.first(), delta=1, reason="x"),
    ):
        with pytest.raises(NotAllowed, match="by an admin"):
            verb()


def test_approval_is_logged_once_with_its_numbers():
    admin = make_admin()
    plan = propose_plan(actor=admin, loop=make_loop(admin))

    approved = approve_plan(actor=admin, plan=plan)

    event = AuditEvent.objects.get(verb="plan.approved")
    assert (approved.state, approved.approved_by) == (Plan.State.APPROVED, admin)
    assert event.after["sha256"] == plan.plan_sha256
    assert event.after["show"]["BAS/0"] == 23
    with pytest.raises(WrongState, match="only a plan that is draft can be approved"):
        approve_plan(actor=admin, plan=plan)


def test_an_approved_plan_launches_one_run_with_its_numbers():
    admin = make_admin()
    loop = make_loop(admin)
    plan = propose_plan(actor=admin, loop=loop)
    override_cell(
        actor=admin, cell=plan.cells.get(image_class__code="BAS", prototype=1), delta=5, reason="x"
    )
    with pytest.raises(WrongState, match="only a plan that is approved can be launched"):
        launch_plan(actor=admin, plan=plan)
    approve_plan(actor=admin, plan=plan)

    run = launch_plan(actor=admin, plan=plan, seed=4)

    plan.refresh_from_db()
    assert (plan.run, plan.state) == (run, Plan.State.LAUNCHED)
    assert (run.total, run.seed, run.round) == (65, 4, 1)
    assert run.cells.get(image_class__code="BAS", prototype=1).n_show == 12
    assert loop.rounds.get().run == run
    with pytest.raises(WrongState):
        launch_plan(actor=admin, plan=plan)


def test_the_round_after_a_judged_one_is_drawn_by_the_plan():
    world = make_judged_loop()
    plan = propose_plan(actor=world.admin, loop=world.loop)
    approve_plan(actor=world.admin, plan=plan)

    run = launch_plan(actor=world.admin, plan=plan, seed=1)

    assert [r.number for r in world.loop.rounds.order_by("number")] == [1, 2]
    assert world.loop.rounds.get(number=2).run == run
    assert run.total == sum(cell.n_generate for cell in plan.cells.all())


def test_an_override_stands_beside_the_proposal_with_user_and_reason():
    admin = make_admin()
    plan = propose_plan(actor=admin, loop=make_loop(admin))
    cell = plan.cells.get(image_class__code="BAS", prototype=1)

    cell = override_cell(actor=admin, cell=cell, delta=5, reason="rare form")

    assert cell.n_show == 7
    assert effective(cell).show == 12
    assert cell.override["reason"] == "rare form"
    with pytest.raises(OverrideRefused, match="Say why"):
        override_cell(actor=admin, cell=cell, delta=1, reason=" ")
    with pytest.raises(OverrideRefused, match="cannot be drawn"):
        override_cell(actor=admin, cell=cell, delta=-8, reason="less")
    approve_plan(actor=admin, plan=plan)
    with pytest.raises(WrongState):
        override_cell(actor=admin, cell=cell, delta=1, reason="late")


def test_confirmatory_studies_never_feed_a_loop():
    admin = make_admin()
    loop = make_loop(admin)
    study = close_world().study
    Study.objects.filter(pk=study.pk).update(purpose=Study.Purpose.CONFIRMATORY)
    study.refresh_from_db()
    round_ = add_round(loop=loop)

    with pytest.raises(WrongState, match="cannot judge this loop"):
        attach_study(round_=round_, study=study, actor=admin)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": {"XYZ": 5}}, "not trained on"),
        ({"targets": {}}, "No class has a target"),
        ({"budget": 0}, "budget is 0"),
        ({"config": {"rhoo": 1}}, "unknown key"),
    ],
)
def test_a_loop_starts_only_with_what_its_generator_can_draw(change, message):
    admin = make_admin()
    domain = make_domain("bone_marrow")
    fields = {
        "domain": domain, "name": "x", "checkpoint": make_generator(domain, "g"),
        "targets": {"BAS": 5}, "budget": 10,
    } | change  # fmt: skip

    with pytest.raises(PlanInputError, match=message):
        create_loop(actor=admin, **fields)
