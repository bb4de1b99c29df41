"""From frozen snapshots to a draft plan."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction

from generation.feedback import plan as planner
from generation.feedback.counts_file import read_config
from generation.feedback.errors import WrongState
from generation.feedback.evidence import Evidence, gather_evidence
from generation.feedback.models import Loop, Plan, PlanCell, PlanInput, Round
from generation.feedback.policies import check_may_turn
from generation.feedback.pooling import CellEvidence, Pooled, pool_readings
from generation.training.lineage import lineage_of, prototype_shares, prototypes_per_class
from review.audit.services import log_event
from review.catalog.models import ImageClass
from review.results.models import Snapshot

NOTHING = CellEvidence(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class BuiltInput:
    """A stored plan input, what the planner takes from it, and what pooling had to say."""

    row: PlanInput
    planned: planner.PlanInput
    notes: tuple[str, ...]


@transaction.atomic
def propose_plan(*, actor: Any, loop: Loop) -> Plan:
    """Propose the plan of the loop's next run from all its unblinded rounds; a draft.

    Earlier drafts for the same round are superseded. Raises NotAllowed, WrongState while a round
    is still being drawn or read, ReadsError or PlanInputError for what the planner refuses.
    """
    check_may_turn(actor)
    locked = Loop.objects.select_for_update().get(pk=loop.pk)
    last = _last_judged_round(locked)
    number = last.number + 1 if last else 1
    built = build_plan_input(loop=locked, snapshots=loop_snapshots(locked))
    proposed = planner.propose(replace(built.planned, round_no=number - 1))
    open_plans = locked.plans.filter(
        round_number=number, state__in=[Plan.State.DRAFT, Plan.State.APPROVED]
    )
    open_plans.update(state=Plan.State.SUPERSEDED)
    plan = _store_plan(locked, number, built, proposed)
    if last is not None:
        Round.objects.filter(pk=last.pk).update(plan=plan)
    log_event(
        actor=actor, verb="plan.proposed", obj=plan,
        after={"sha256": plan.plan_sha256, "input": built.row.content_sha256},
    )  # fmt: skip
    return plan


def _last_judged_round(loop: Loop) -> Round | None:
    """Return the last round if its verdicts are in; None before the first round."""
    last = loop.rounds.select_related("run", "study").order_by("-number").first()
    if why := why_wait(last):
        raise WrongState(why)
    return last


def why_wait(last: Round | None) -> str:
    """Say why no plan can follow a loop's last round yet and what to do; empty when one can."""
    if last is None or (last.study and last.study.unblinded_at):
        return ""
    if last.study is not None:
        state = last.study.get_state_display().lower()
        verb = "Unblind" if last.study.closed_at else "Close and unblind"
        return (
            f"The study of round {last.number} is {state}. {verb} it; then propose the next plan."
        )
    if last.run is not None and last.run.finished_at is None:
        return (
            f"Round {last.number} is being drawn. When its run is complete, build a loop study "
            "from its pool, attach it and have it read; then propose the next plan."
        )
    return (
        f"Round {last.number} has no study yet. Build one from its run, have it read, and "
        "unblind it; then propose the next plan."
    )


def loop_snapshots(loop: Loop) -> list[Snapshot]:
    """Return the latest snapshot of each unblinded study of the loop, in round order."""
    rounds = loop.rounds.filter(study__unblinded_at__isnull=False).order_by("number")
    found = [
        round_.study.snapshots.select_related("study").order_by("-at", "-pk").first()
        for round_ in rounds.select_related("study")
        if round_.study
    ]
    return [snapshot for snapshot in found if snapshot is not None]


def build_plan_input(*, loop: Loop, snapshots: Sequence[Snapshot]) -> BuiltInput:
    """Pool the snapshots' readings into counts per cell and store them under their hash."""
    config = read_config(loop.config)
    classes = {c.code: c for c in loop.domain.classes.all()}
    lineage = lineage_of(loop.checkpoint)
    evidence = gather_evidence(snapshots, lineage, classes)
    per_class = prototypes_per_class(loop.checkpoint)
    pooled = pool_readings(
        evidence.reads,
        list(evidence.images.values()),
        prototypes=dict.fromkeys(loop.checkpoint.classes, per_class),
        counting={},
        tau=config.tau,
        delta=config.delta,
    )
    planned = planner.PlanInput(
        budget=loop.budget, classes=_class_counts(loop, classes, pooled), config=config
    )
    row = _store_input(planned, snapshots, lineage, evidence.copies)
    return BuiltInput(row, planned, _notes(evidence, pooled))


def _class_counts(
    loop: Loop, classes: Mapping[str, ImageClass], pooled: Pooled
) -> tuple[planner.ClassCounts, ...]:
    """Return counts per class the generator draws; an excluded class has target 0."""
    counts = []
    for code in loop.checkpoint.classes:
        known = classes.get(code)
        is_evaluated = known is not None and known.role == ImageClass.Role.EVALUATED
        cells = tuple(
            planner.CellCounts(share=share, **asdict(pooled.cells.get((code, k), NOTHING)))
            for k, share in enumerate(prototype_shares(loop.checkpoint, code))
        )
        target = loop.targets.get(code, 0) if is_evaluated else 0
        counts.append(planner.ClassCounts(code=code, target=target, prototypes=cells))
    return tuple(counts)


def _store_input(
    planned: planner.PlanInput,
    snapshots: Sequence[Snapshot],
    lineage: Sequence[str],
    copies: Sequence[str],
) -> PlanInput:
    content = {
        "planner": planner.PLANNER_VERSION,
        "snapshots": [snapshot.content_sha256 for snapshot in snapshots],
        "lineage": list(lineage),
        "copies": list(copies),
        "input": asdict(planned),
    }
    row, created = PlanInput.objects.get_or_create(
        content_sha256=_digest(content), defaults={"content": content}
    )
    if created:
        row.snapshots.set(snapshots)
    return row


def _notes(evidence: Evidence, pooled: Pooled) -> tuple[str, ...]:
    notes = list(pooled.warnings)
    if pooled.reader_accuracy_assumed and pooled.images:
        notes.append(
            "No image was read twice and there are no controls of both kinds: readers are assumed "
            "right in 90 % of cases. Add a second reader or wrong-class controls."
        )
    if pooled.n_missing:
        notes.append(f"Readings that could not judge, and count as none: {pooled.n_missing}.")
    disputed = sum(image.disputed for image in pooled.images)
    if disputed:
        notes.append(f"Images that are disputed, and not accepted until adjudicated: {disputed}.")
    if evidence.copies:
        notes.append(
            f"{len(evidence.copies)} images count as copies of a training image, or of another "
            "image of their run, and are not accepted whatever readers said."
        )
    if evidence.unchecked:
        notes.append(
            f"{len(evidence.unchecked)} images are of runs that nobody measured, so copies among "
            "them are not known. Open the run, then its image metrics."
        )
    if evidence.outside:
        notes.append(
            f"{len(evidence.outside)} synthetic images of other generators are left out; only the "
            "loop's generator and what it was fine-tuned from count."
        )
    return tuple(notes)


def _store_plan(loop: Loop, number: int, built: BuiltInput, proposed: planner.Plan) -> Plan:
    content = asdict(proposed)
    plan = Plan.objects.create(
        loop=loop,
        round_number=number,
        input=built.row,
        policy=proposed.policy,
        config=asdict(built.planned.config),
        summary=_summary(proposed, built.notes),
        plan_sha256=_digest(content),
    )
    classes = {c.code: c for c in loop.domain.classes.all()}
    shares = {c.code: [cell.share for cell in c.prototypes] for c in built.planned.classes}
    PlanCell.objects.bulk_create(
        [
            _cell_row(plan, classes[entry.code], k, cell, shares[entry.code][k])
            for entry in proposed.classes
            for k, cell in enumerate(entry.cells)
        ]
    )
    return plan


def _cell_row(
    plan: Plan, image_class: ImageClass, k: int, cell: planner.PlanCell, share: float
) -> PlanCell:
    return PlanCell(
        plan=plan,
        image_class=image_class,
        prototype=k,
        share=share,
        n_show=cell.n_show,
        n_audit=cell.n_audit,
        n_generate=cell.n_generate,
        rate=cell.rate,
        low=cell.low,
        high=cell.high,
        need=cell.need,
        escalated=cell.escalated,
        reasons=list(cell.reasons),
    )


def _summary(proposed: planner.Plan, notes: Sequence[str]) -> dict[str, Any]:
    """Return what the page shows of a plan beside its cells."""
    classes = [
        {name: value for name, value in asdict(entry).items() if name != "cells"}
        for entry in proposed.classes
    ]
    return {
        "total": proposed.total,
        "total_generate": proposed.total_generate,
        "classes": classes,
        "warnings": [*proposed.warnings, *notes],
    }


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
