"""An admin changes, approves and launches a plan."""

import secrets
from typing import Any

from django.db import transaction
from django.utils import timezone

from generation.feedback.errors import OverrideRefused, WrongState
from generation.feedback.models import Plan, PlanCell, Round
from generation.feedback.policies import check_may_turn
from generation.feedback.screening import ScreeningPlan, plan_screening
from generation.runs.models import GenerationRun
from generation.runs.services import CellCount, launch_run
from review.audit.services import log_event

MAX_DELTA = 10_000


@transaction.atomic
def override_cell(*, actor: Any, cell: PlanCell, delta: int, reason: str) -> PlanCell:
    """Change how many images of a cell a draft shows by `delta`; 0 takes an override back.

    The proposal stays as computed: who changed it by how much, and why, stands beside it.
    Raises NotAllowed, WrongState, OverrideRefused.
    """
    check_may_turn(actor)
    plan = _locked(cell.plan_id)
    _check_state(plan, Plan.State.DRAFT, "changed")
    if delta and not reason.strip():
        raise OverrideRefused("Say why this number is changed; the reason is kept with the plan.")
    if abs(delta) > MAX_DELTA or cell.n_show + delta < 0:
        raise OverrideRefused(
            f"{cell.n_show} {delta:+d} images cannot be drawn; stay between 0 and "
            f"{cell.n_show + MAX_DELTA}."
        )
    before, after = cell.override, None
    if delta:
        after = {"delta": delta, "user": actor.pk, "by": str(actor), "reason": reason.strip()}
    PlanCell.objects.filter(pk=cell.pk).update(override=after)
    log_event(actor=actor, verb="plan.overridden", obj=cell, before=before, after=after)
    cell.refresh_from_db()
    return cell


@transaction.atomic
def approve_plan(*, actor: Any, plan: Plan) -> Plan:
    """Approve a draft; from here on its numbers are fixed. Raises NotAllowed, WrongState."""
    check_may_turn(actor)
    locked = _locked(plan.pk)
    _check_state(locked, Plan.State.DRAFT, "approved")
    locked.state, locked.approved_by, locked.approved_at = (
        Plan.State.APPROVED,
        actor,
        timezone.now(),
    )
    locked.save(update_fields=["state", "approved_by", "approved_at"])
    counts = {
        f"{c.image_class.code}/{c.prototype}": effective(c).show
        for c in locked.cells.select_related("image_class", "plan")
    }
    log_event(
        actor=actor, verb="plan.approved", obj=locked,
        after={"sha256": locked.plan_sha256, "show": counts},
    )  # fmt: skip
    return locked


@transaction.atomic
def launch_plan(*, actor: Any, plan: Plan, seed: int | None = None) -> GenerationRun:
    """Launch the run of an approved plan and open its round.

    Raises NotAllowed, WrongState, and what `launch_run` raises.
    """
    check_may_turn(actor)
    locked = _locked(plan.pk)
    _check_state(locked, Plan.State.APPROVED, "launched")
    loop = locked.loop
    run = launch_run(
        actor=actor,
        checkpoint=loop.checkpoint,
        counts=_counts(locked),
        seed=secrets.randbits(32) if seed is None else seed,
        name=f"{loop.name}, round {locked.round_number}",
        round_number=locked.round_number,
    )
    locked.run, locked.state = run, Plan.State.LAUNCHED
    locked.save(update_fields=["run", "state"])
    Round.objects.create(loop=loop, number=locked.round_number, run=run)
    log_event(actor=actor, verb="plan.launched", obj=locked, after={"run": run.pk})
    return run


def effective(cell: PlanCell) -> ScreeningPlan:
    """Return a cell's numbers with its override; the split is computed again."""
    show = cell.n_show + (cell.override["delta"] if cell.override else 0)
    if show == cell.n_show:
        return ScreeningPlan(show, cell.n_audit, show - cell.n_audit, cell.n_generate)
    config = cell.plan.config
    is_blind = cell.n_show > 0 and cell.n_audit == cell.n_show and config["audit"] < 1
    return plan_screening(show, audit=config["audit"], m=config["m"], has_data=not is_blind)


def _counts(plan: Plan) -> list[CellCount]:
    counts = []
    for cell in plan.cells.select_related("image_class", "plan"):
        numbers = effective(cell)
        if numbers.generate:
            counts.append(
                CellCount(
                    code=cell.image_class.code,
                    prototype=cell.prototype,
                    n_generate=numbers.generate,
                    n_show=numbers.show,
                    n_audit=numbers.audit,
                )
            )
    if not counts:
        raise WrongState("The plan draws no image: every target is met. Raise the targets.")
    return counts


def _locked(pk: int) -> Plan:
    return Plan.objects.select_for_update().get(pk=pk)


def _check_state(plan: Plan, wanted: str, verb: str) -> None:
    if plan.state != wanted:
        raise WrongState(
            f"The plan of round {plan.round_number} is {plan.state}; only a plan that is "
            f"{wanted} can be {verb}. Look at the loop page for the current plan."
        )
