"""Propose a generation plan: how many images of which class and prototype to draw next, and why.

The formula is section 3 of the feedback design ("quota-fill"): quotas keep half of each
prototype's natural share among the accepted images, what is left prefers prototypes that experts
accept, and classes get images by what they still need. No readings is no special case.

    need_ck = Q_ck / p^_ck + F_c f_ck / sum_j f_cj p^_cj
    q_ck = (1 - eps) need_ck / need_c + eps pi_ck

Pure and deterministic: the same input gives the same plan, byte for byte.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from generation.feedback.estimate import Rate, class_rate, estimate_rates
from generation.feedback.inputs import (
    CellCounts,
    ClassCounts,
    PlanConfig,
    PlanInput,
    Policy,
)
from generation.feedback.need import ClassNeed, class_need
from generation.feedback.reasons import cell_reasons, class_warnings, config_warnings
from generation.feedback.rounding import ceil_of, largest_remainder
from generation.feedback.screening import plan_screening
from generation.feedback.sizing import class_sizes

__all__ = [
    "CellCounts",
    "ClassCounts",
    "ClassStatus",
    "Plan",
    "PlanCell",
    "PlanClass",
    "PlanConfig",
    "PlanInput",
    "Policy",
    "content_hash",
    "propose",
]

PLANNER_VERSION = "quota-fill/1"


class ClassStatus(StrEnum):
    """What the plan does with a class; an escalated one gets the probe lo B / C."""

    ACTIVE = "active"
    DONE = "done"
    ESCALATED = "escalated"
    EXCLUDED = "excluded"


@dataclass(frozen=True, kw_only=True)
class PlanCell:
    """One prototype of a class in a plan.

    n_audit + n_top = n_show <= n_generate. rate = p~, not floored, with its 90 % interval.
    need: images to show until quota and target are met. share_before: of the readings so far
    (the natural share before any), share_after: of the images of this plan.
    """

    n_show: int
    n_audit: int
    n_top: int
    n_generate: int
    rate: float
    low: float
    high: float
    need: float
    share_before: float
    share_after: float
    escalated: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PlanClass:
    """One class in a plan. eta_rounds: rounds of this size until it is done; None if never."""

    code: str
    status: ClassStatus
    target: float
    accepted: float
    need: float
    n_show: int
    rate: float
    low: float
    high: float
    eta_rounds: int | None
    cells: tuple[PlanCell, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A draft plan with everything it rests on; `input_sha256` pins counts, targets, config."""

    planner: str
    input_sha256: str
    policy: Policy
    seed: int
    classes: tuple[PlanClass, ...]
    warnings: tuple[str, ...]

    @property
    def total(self) -> int:
        """Images to show."""
        return sum(entry.n_show for entry in self.classes)

    @property
    def total_generate(self) -> int:
        """Images to generate; more than `total` when a reward model screens them."""
        return sum(cell.n_generate for entry in self.classes for cell in entry.cells)


@dataclass(frozen=True)
class _Basis:
    """What one class of the plan rests on; share_before per cell."""

    entry: ClassCounts
    rates: tuple[Rate, ...]
    need: ClassNeed
    status: ClassStatus
    n_show: int
    share_before: Sequence[float]


def propose(plan_input: PlanInput) -> Plan:
    """Propose a plan; sum of n_show <= budget, and 0 when every target and quota is met."""
    classes, config = plan_input.classes, plan_input.config
    rates = estimate_rates(classes, config)
    needs = [class_need(c, r, config) for c, r in zip(classes, rates, strict=True)]
    statuses = [_status(c, need) for c, need in zip(classes, needs, strict=True)]
    totals = _class_totals(plan_input, needs, statuses)
    before = _shares_before(plan_input)
    bases = [
        _Basis(*basis)
        for basis in zip(classes, rates, needs, statuses, totals, before, strict=True)
    ]
    planned = tuple(_plan_class(plan_input, basis, sum(totals)) for basis in bases)
    warnings = list(config_warnings(config))
    for entry, done in zip(classes, planned, strict=True):
        warnings.extend(class_warnings(entry, done.status, done.n_show))
    return Plan(
        planner=PLANNER_VERSION,
        input_sha256=content_hash(plan_input),
        policy=config.policy,
        seed=config.seed,
        classes=planned,
        warnings=tuple(warnings),
    )


def _status(entry: ClassCounts, need: ClassNeed) -> ClassStatus:
    if entry.target == 0:
        return ClassStatus.EXCLUDED
    if need.total > 0:
        return ClassStatus.ACTIVE
    # No need although the target is open: no cell is alive, so the class can only be probed.
    return ClassStatus.ESCALATED if need.fill > 0 else ClassStatus.DONE


def _class_totals(
    plan_input: PlanInput, needs: Sequence[ClassNeed], statuses: Sequence[ClassStatus]
) -> list[int]:
    sizes = class_sizes(
        [need.total for need in needs],
        [need.weight for need in needs],
        [status is ClassStatus.ESCALATED for status in statuses],
        plan_input.budget,
        plan_input.config,
        n_classes=sum(entry.target > 0 for entry in plan_input.classes),
    )
    total = round(round(math.fsum(sizes), 9))
    return largest_remainder(sizes, min(total, plan_input.budget), plan_input.round_no)


def _plan_class(plan_input: PlanInput, basis: _Basis, plan_total: int) -> PlanClass:
    entry, need = basis.entry, basis.need
    shown = largest_remainder(
        [basis.n_show * q for q in need.mix], basis.n_show, plan_input.round_no
    )
    rate, low, high = class_rate([cell.share for cell in entry.prototypes], basis.rates)
    return PlanClass(
        code=entry.code,
        status=basis.status,
        target=entry.target,
        accepted=math.fsum(cell.accepted for cell in entry.prototypes),
        need=need.total,
        n_show=basis.n_show,
        rate=rate,
        low=low,
        high=high,
        eta_rounds=_eta(basis.status, need.total, basis.n_show),
        cells=tuple(
            _plan_cell(plan_input, basis, k, n_show, plan_total) for k, n_show in enumerate(shown)
        ),
    )


def _plan_cell(
    plan_input: PlanInput, basis: _Basis, k: int, n_show: int, plan_total: int
) -> PlanCell:
    config, rate = plan_input.config, basis.rates[k]
    screening = plan_screening(n_show, audit=config.audit, m=config.m, has_data=plan_input.has_data)
    return PlanCell(
        n_show=n_show,
        n_audit=screening.audit,
        n_top=screening.top,
        n_generate=screening.generate,
        rate=rate.rate,
        low=rate.low,
        high=rate.high,
        need=basis.need.cells[k],
        share_before=basis.share_before[k],
        share_after=n_show / plan_total if plan_total else 0.0,
        escalated=rate.escalated,
        reasons=cell_reasons(k, basis.entry, basis.need, rate, config),
    )


def _shares_before(plan_input: PlanInput) -> list[list[float]]:
    """Return each cell's part of the readings so far; before any, its natural share."""
    wanted = [entry for entry in plan_input.classes if entry.target > 0]
    read = math.fsum(cell.n for entry in wanted for cell in entry.prototypes)
    if read > 0:
        return [
            [cell.n / read if entry.target > 0 else 0.0 for cell in entry.prototypes]
            for entry in plan_input.classes
        ]
    return [
        [cell.share / len(wanted) if entry.target > 0 else 0.0 for cell in entry.prototypes]
        for entry in plan_input.classes
    ]


def _eta(status: ClassStatus, need: float, n_class: int) -> int | None:
    if status in (ClassStatus.DONE, ClassStatus.EXCLUDED):
        return 0
    if status is ClassStatus.ESCALATED or n_class == 0:
        return None
    return ceil_of(need / n_class)


def content_hash(plan_input: PlanInput) -> str:
    """Return the SHA-256 of the canonical JSON of an input: order, counts, config and all."""
    text = json.dumps(asdict(plan_input), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
