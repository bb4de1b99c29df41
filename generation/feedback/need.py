"""How many images a cell needs, and how a class is spread over its cells.

Section 3 of the feedback design. A policy is a choice of three numbers (rho, gamma, eps) and of
what a class's share of the budget is proportional to, so every policy runs through one formula.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from generation.feedback.estimate import Rate
from generation.feedback.inputs import ClassCounts, PlanConfig, Policy

THOMPSON_FLOOR = 0.3  # below it, simulated Thompson plans starved all but one prototype
THOMPSON_DRAWS = 2_000
NO_NEED = 1e-9  # images; what subtraction leaves of a met target is not a need


@dataclass(frozen=True)
class ClassNeed:
    """What a class still needs.

    quota: Q_ck, plausible images missing to rho times the natural share, per cell.
    fill: F_c, plausible images missing beyond the quotas. fill_share: f_ck, sums to 1 or 0.
    cells: need_ck, images to show per cell. total: need_c. mix: q_ck, sums to 1 where the class
    has a prototype at all. weight: what the class's part of the budget is proportional to.
    """

    quota: tuple[float, ...]
    fill: float
    fill_share: tuple[float, ...]
    cells: tuple[float, ...]
    total: float
    mix: tuple[float, ...]
    weight: float


@dataclass(frozen=True)
class _Rule:
    rho: float
    gamma: float
    eps: float


def class_need(entry: ClassCounts, rates: Sequence[Rate], config: PlanConfig) -> ClassNeed:
    """Compute need and mix of one class from its counts and shrunken rates."""
    rule = _rule(config)
    shares = [cell.share for cell in entry.prototypes]
    live = [s > 0 and not r.escalated for s, r in zip(shares, rates, strict=True)]
    quota = [
        max(rule.rho * entry.target * cell.share - cell.accepted, 0.0) if alive else 0.0
        for cell, alive in zip(entry.prototypes, live, strict=True)
    ]
    accepted = math.fsum(cell.accepted for cell in entry.prototypes)
    fill = max(entry.target - accepted - math.fsum(quota), 0.0)
    fill_share = _fill_share(entry, rates, live, rule, config)
    cells = _cell_needs(quota, fill, fill_share, rates)
    total = math.fsum(cells)
    if total <= NO_NEED:
        cells, total = [0.0] * len(cells), 0.0
    mix = _mix(cells, total, shares, rule.eps)
    weight = _weight(total, shares, rates, config.policy)
    return ClassNeed(tuple(quota), fill, tuple(fill_share), tuple(cells), total, tuple(mix), weight)


def _rule(config: PlanConfig) -> _Rule:
    match config.policy:
        case Policy.QUOTA_FILL:
            return _Rule(config.rho, config.gamma, config.eps)
        case Policy.NATURAL_MIX:
            return _Rule(1.0, config.gamma, config.eps)
        case Policy.YIELD:
            return _Rule(0.0, config.gamma, config.eps)
        case Policy.THOMPSON:
            return _Rule(0.0, 0.0, max(config.eps, THOMPSON_FLOOR))
        case _:  # uniform, inverse, deficit: the natural mix inside a class
            return _Rule(0.0, 0.0, config.eps)


def _fill_share(
    entry: ClassCounts,
    rates: Sequence[Rate],
    live: Sequence[bool],
    rule: _Rule,
    config: PlanConfig,
) -> list[float]:
    """Compute f_ck, proportional to pi_ck p^_ck ** gamma over the cells that are alive."""
    if config.policy is Policy.THOMPSON:
        return _thompson_share(entry, rates, live, config.seed)
    weights = [
        cell.share * rate.floored**rule.gamma if alive else 0.0
        for cell, rate, alive in zip(entry.prototypes, rates, live, strict=True)
    ]
    total = math.fsum(weights)
    return [weight / total for weight in weights] if total > 0 else weights


def _thompson_share(
    entry: ClassCounts, rates: Sequence[Rate], live: Sequence[bool], seed: int
) -> list[float]:
    """Share of posterior draws in which a cell is the best of its class.

    The generator is seeded by (seed, class code), so neither the order of classes nor a second
    call changes the plan.
    """
    import numpy as np

    chosen = [k for k, alive in enumerate(live) if alive]
    share = [0.0] * len(live)
    if not chosen:
        return share
    digest = hashlib.sha256(f"{seed}|{entry.code}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    alpha = [rates[k].alpha for k in chosen]
    beta = [rates[k].beta for k in chosen]
    best = rng.beta(alpha, beta, size=(THOMPSON_DRAWS, len(chosen))).argmax(axis=1)
    for k, wins in zip(chosen, np.bincount(best, minlength=len(chosen)), strict=True):
        share[k] = float(wins) / THOMPSON_DRAWS
    return share


def _cell_needs(
    quota: Sequence[float], fill: float, fill_share: Sequence[float], rates: Sequence[Rate]
) -> list[float]:
    """Compute need_ck = Q_ck / p^_ck + F_c f_ck / sum_j f_cj p^_cj, in images to show."""
    accepted_per_image = math.fsum(
        f * rate.floored for f, rate in zip(fill_share, rates, strict=True)
    )
    fill_images = fill / accepted_per_image if accepted_per_image > 0 else 0.0
    return [
        q / rate.floored + fill_images * f
        for q, f, rate in zip(quota, fill_share, rates, strict=True)
    ]


def _mix(cells: Sequence[float], total: float, shares: Sequence[float], eps: float) -> list[float]:
    """Compute q_ck = (1 - eps) need_ck / need_c + eps pi_ck; without need, the natural mix."""
    if total <= 0:
        whole = math.fsum(shares)
        return [share / whole for share in shares] if whole else list(shares)
    mix = [(1 - eps) * need / total + eps * pi for need, pi in zip(cells, shares, strict=True)]
    whole = math.fsum(mix)  # 1, unless the shares leave prototypes out
    return [part / whole for part in mix]


def _weight(total: float, shares: Sequence[float], rates: Sequence[Rate], policy: Policy) -> float:
    if total <= 0:
        return 0.0
    if policy is Policy.UNIFORM:
        return 1.0
    if policy is Policy.INVERSE:
        return 1.0 / math.fsum(s * rate.floored for s, rate in zip(shares, rates, strict=True))
    return total
