"""The interim looks of an analysis plan: when, with which bounds, at which endpoint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from metrics.report.facts import Facts
from metrics.stats.intervals import check_alpha
from metrics.stats.sequential import Boundaries, crossing, obrien_fleming, pocock

BOUNDARIES: dict[str, Callable[..., Boundaries]] = {
    "obrien-fleming": obrien_fleming,
    "pocock": pocock,
}
BOUNDARY_LABELS = {"obrien-fleming": "O'Brien-Fleming", "pocock": "Pocock"}
PLAUSIBILITY, TURING = "plausibility", "turing"
ENDPOINTS = {
    PLAUSIBILITY: "difference of the share plausible between two arms",
    TURING: "real told from synthetic, against chance",
}
MOST_LOOKS = 6


@dataclass(frozen=True)
class LookPlan:
    """Hold the looks of a plan: `fractions` of the planned readings rise to 1, the final analysis.

    `arm` and `reference` name the two arms of the plausibility endpoint and are empty for turing.
    """

    boundary: str
    fractions: tuple[float, ...]
    endpoint: str
    arm: str
    reference: str
    alpha: float

    @property
    def bounds(self) -> Boundaries:
        """Give the two-sided bounds of |z| at the planned fractions."""
        make = BOUNDARIES[self.boundary]
        return make(len(self.fractions), self.alpha, fractions=self.fractions)

    @property
    def question(self) -> str:
        """Say what is tested."""
        if self.endpoint == TURING:
            return ENDPOINTS[TURING]
        return f"share plausible, {self.arm} minus {self.reference}"

    def plain(self) -> dict[str, Any]:
        """Return the plan as the JSON that the analysis plan keeps under "looks"."""
        return {
            "number": len(self.fractions),
            "boundary": self.boundary,
            "fractions": list(self.fractions),
            "endpoint": self.endpoint,
            "arm": self.arm,
            "reference": self.reference,
        }


def read_looks(plan: Mapping[str, Any]) -> LookPlan | None:
    """Return the looks of an analysis plan; None where it has the final analysis only.

    Raises ValueError that names what is wrong with them.
    """
    looks = plan.get("looks")
    if not isinstance(looks, Mapping):
        return None
    found = LookPlan(
        boundary=str(looks.get("boundary", "")),
        fractions=tuple(float(part) for part in looks.get("fractions", ())),
        endpoint=str(looks.get("endpoint", "")),
        arm=str(looks.get("arm", "")),
        reference=str(looks.get("reference", "")),
        alpha=float(plan.get("alpha", 0.05)),
    )
    _check(found)
    return found


def _check(plan: LookPlan) -> None:
    check_alpha(plan.alpha)
    for name, value, known in (
        ("boundary", plan.boundary, BOUNDARIES),
        ("endpoint", plan.endpoint, ENDPOINTS),
    ):
        if value not in known:
            raise ValueError(f"{name} {value!r} is unknown; choose one of {', '.join(known)}.")
    if not 2 <= len(plan.fractions) <= MOST_LOOKS:
        raise ValueError(
            f"{len(plan.fractions)} fractions; give 2 to {MOST_LOOKS}, of which the last is 1."
        )
    if plan.endpoint == PLAUSIBILITY and (plan.arm == plan.reference or not plan.arm):
        raise ValueError("Name two different arms for the plausibility endpoint.")
    _ = plan.bounds  # raises for fractions that do not rise to 1


def looks_text(facts: Facts) -> str:
    """Return the looks in a sentence or two, for methods and checklists."""
    plan = read_looks(facts.plan)
    if plan is None:
        return "No interim look was planned and none was taken."
    interim = len(plan.fractions) - 1
    at = ", ".join(f"{part:.0%}" for part in plan.fractions[:-1])
    bounds = plan.bounds
    return (
        f"{interim} interim look{'s' if interim > 1 else ''} at {at} of the planned readings "
        f"{'were' if interim > 1 else 'was'} set before the start, with "
        f"{BOUNDARY_LABELS[plan.boundary]} bounds for the primary endpoint ({plan.question}); "
        f"{len(facts.looks)} of {interim} taken. The final analysis of that endpoint rejects at "
        f"|z| >= {bounds.bounds[-1]:.3f} (two-sided p <= {bounds.nominal_p[-1]:.4f}), "
        f"{_kept(facts, plan)}."
    )


def _kept(facts: Facts, plan: LookPlan) -> str:
    """Say what type I error the looks keep, or spend where cases were added after one."""
    shares = shares_with_additions(facts, plan)
    if not shares:
        return f"so that all looks together keep alpha at {plan.alpha:g}"
    had = ", ".join(f"{share:.0%}" for share in shares)
    return (
        f"which kept alpha at {plan.alpha:g} for the readings planned at the start. Cases were "
        f"added after a look, so that the looks taken had {had} of all readings in the end; with "
        f"the final analysis these bounds spend an alpha of {spent_alpha(plan, shares):.3f}"
    )


def shares_with_additions(facts: Facts, plan: LookPlan) -> dict[float, int]:
    """Return share of all readings in the end -> number of each look taken, if cases were added
    to the endpoint's part after the first of them; empty otherwise."""
    parts = [part for part in facts.flow.get("parts") or [] if part["kind"] == plan.endpoint]
    if not facts.looks or not parts:
        return {}
    first, order = facts.looks[0]["at"], str(parts[0]["part"])
    added = facts.flow.get("additions") or []
    if not any(one["at"] > first and order in one["codes"] for one in added):
        return {}
    total = parts[0]["answered"] + parts[0]["cannot_judge"]
    found = {look["n_readings"] / total: look["number"] for look in facts.looks if total}
    return {share: number for share, number in found.items() if 0 < share < 1}


def spent_alpha(plan: LookPlan, shares: Mapping[float, int]) -> float:
    """Return the chance under no effect to cross a bound at a look taken or in the end.

    shares: share of all readings -> number of the look. The smaller the share, the less alike are
    the statistics of a look and of the end, and the more often one of them crosses.
    Source: Armitage, McPherson & Rowe 1969, J R Stat Soc A 132:235.
    """
    limits = plan.bounds.bounds
    bounds = [*(limits[number - 1] for number in shares.values()), limits[-1]]
    return float(crossing(np.array(bounds), np.array([*shares, 1.0]))[-1])


def final_alpha(facts: Facts, kind: str) -> float:
    """Return the level of the final test of a kind of part: the final bound's if it has looks."""
    plan = read_looks(facts.plan)
    if plan is None or plan.endpoint != kind:
        return facts.alpha
    return plan.bounds.nominal_p[-1]
