"""Interim looks: what the plan set before the start, and the one number that a look computes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import copysign
from typing import Any

import pandas as pd

from metrics.errors import InsufficientData
from metrics.report.calls import CHANCE, calls_endpoint, single_test
from metrics.report.differences import overall_difference
from metrics.report.document import Row
from metrics.report.facts import Facts
from metrics.report.look_plan import TURING, LookPlan, read_looks
from metrics.report.selection import of_kind, parts_of, primary, readers_of
from metrics.report.turing import all_readers
from metrics.stats.mrmc import MultiReader
from metrics.stats.sequential import Boundaries

LEAST_P = 1e-300  # whose normal deviate is 37; a p of 0 has none
CROSSED, GO_ON = "stop: the bound is crossed", "go on"


@dataclass(frozen=True)
class LookStatistic:
    """Hold the endpoint's test as a signed normal deviate, and the counts behind it."""

    z: float
    method: str
    n_images: int
    n_readers: int
    n_readings: int


@dataclass(frozen=True)
class LookRow(Row):
    """Hold one look as the report prints it; the last row is the final analysis."""

    look: int
    planned_fraction: float
    fraction: float | None
    statistic: float | None
    bound: float
    nominal_p: float
    decision: str
    at: str
    reason: str
    n_readings: int | None
    snapshot: str
    method: str


def endpoint_statistic(frame: pd.DataFrame, facts: Facts, plan: LookPlan) -> LookStatistic:
    """Return the planned test of the primary endpoint on the readings so far.

    The test is that of the report; its two-sided p becomes a normal deviate with the sign of the
    effect, which is what the bounds are for. Raises ValueError where the readings carry no test.
    """
    rows = primary(of_kind(frame, plan.endpoint))
    if not readers_of(rows):
        raise InsufficientData(f"0 answers in the {plan.endpoint} part; a look needs some.")
    part = parts_of(rows)[0][1]
    if plan.endpoint == TURING:
        effect, p, method = _turing(part)
    else:
        part = part[part["arm"].isin([plan.arm, plan.reference])]
        effect, p, method = _difference(part, (plan.arm, plan.reference), facts)
    judged = part[part["outcome"] == "answered"]
    return LookStatistic(
        z=_deviate(p, effect),
        method=method,
        n_images=judged["case"].nunique(),
        n_readers=len(readers_of(judged)),
        n_readings=len(judged),
    )


def _deviate(p: float, effect: float) -> float:
    from scipy.special import ndtri

    return copysign(-float(ndtri(max(p, LEAST_P) / 2)), effect) if p < 1 else 0.0


def _turing(part: pd.DataFrame) -> tuple[float, float, str]:
    area = all_readers(part)
    if isinstance(area, str):
        raise InsufficientData(area)
    test = (
        area.against(CHANCE)
        if isinstance(area, MultiReader)
        else single_test(part, calls_endpoint(part))
    )
    return test.estimate - CHANCE, test.p, test.method


def _difference(
    part: pd.DataFrame, pair: tuple[str, str], facts: Facts
) -> tuple[float, float, str]:
    found, p = overall_difference(part, pair, facts)
    if p is None:
        raise InsufficientData("The readers' answers do not vary; there is no test yet.")
    return found.estimate, p, found.method


def look_rows(frame: pd.DataFrame, facts: Facts) -> tuple[LookRow, ...]:
    """Return the looks that were taken and the final analysis; nothing without planned looks."""
    plan = read_looks(facts.plan)
    if plan is None:
        return ()
    bounds, taken = plan.bounds, {row["number"]: row for row in facts.looks}
    rows = [
        _taken(number, plan, bounds, taken.get(number)) for number in range(1, len(plan.fractions))
    ]
    return (*rows, _final(frame, facts, plan, taken.values()))


def _taken(
    number: int, plan: LookPlan, bounds: Boundaries, row: Mapping[str, Any] | None
) -> LookRow:
    at = number - 1
    return LookRow(
        look=number,
        planned_fraction=plan.fractions[at],
        fraction=row["fraction"] if row else None,
        statistic=row["statistic"] if row else None,
        bound=bounds.bounds[at],
        nominal_p=bounds.nominal_p[at],
        decision=row["decision"] if row else "not taken",
        at=row["at"] if row else "",
        reason=row["reason"] if row else "",
        n_readings=row["n_readings"] if row else None,
        snapshot=row["snapshot_sha256"] if row else "",
        method=row["method"] if row else "",
    )


def _final(
    frame: pd.DataFrame, facts: Facts, plan: LookPlan, taken: Iterable[Mapping[str, Any]]
) -> LookRow:
    bounds, found = plan.bounds, None
    try:
        found = endpoint_statistic(frame, facts, plan)
        crossed = abs(found.z) >= bounds.bounds[-1]
        decision = f"the final bound is {'crossed' if crossed else 'not crossed'}"
    except ValueError as error:
        decision = f"refused: {error}"
    stopped = any(row["decision"] == CROSSED for row in taken)
    return LookRow(
        look=len(plan.fractions),
        planned_fraction=1.0,
        fraction=1.0,
        statistic=found.z if found else None,
        bound=bounds.bounds[-1],
        nominal_p=bounds.nominal_p[-1],
        decision=decision,
        at="final analysis" + (" after a look that said stop" if stopped else ""),
        reason="",
        n_readings=found.n_readings if found else None,
        snapshot=facts.snapshot,
        method=found.method if found else "refused",
    )
