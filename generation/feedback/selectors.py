"""What the loop page shows: rounds with rates, the current plan, the figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.shortcuts import get_object_or_404

from generation.feedback.models import Loop, Plan, PlanCell, Round
from generation.feedback.policies import visible_loops
from generation.feedback.rates import ClassRate, class_rates
from generation.feedback.screening import ScreeningPlan
from generation.feedback.services import why_wait
from generation.feedback.services.decide import effective
from generation.quality.marks import run_sentences
from generation.training.lineage import lineage_of
from generation.training.models import Checkpoint
from review.studies.models import Study

Figure = dict[str, Any]
COLOURS = ("#0f766e", "#b45309", "#4338ca", "#be185d", "#15803d", "#0369a1", "#7c2d12", "#6d28d9")


@dataclass(frozen=True)
class RoundView:
    """One round: its row, its rates once unblinded, and its run's image metrics in a line."""

    round: Round
    rates: tuple[ClassRate, ...]
    quality: str = ""

    @property
    def synthetic(self) -> list[ClassRate]:
        return [rate for rate in self.rates if not rate.is_real]


@dataclass(frozen=True)
class RateLine:
    """One class across rounds: real images as the ceiling, then a rate or None per round."""

    code: str
    real: ClassRate | None
    rounds: tuple[ClassRate | None, ...]


@dataclass(frozen=True)
class CellView:
    """A plan's cell with the numbers that count after an override."""

    cell: PlanCell
    numbers: ScreeningPlan


@dataclass(frozen=True)
class ClassView:
    """A plan's class with its cells; `n_show` counts overrides in."""

    summary: dict[str, Any]
    cells: tuple[CellView, ...]

    @property
    def n_show(self) -> int:
        return sum(view.numbers.show for view in self.cells)


@dataclass(frozen=True)
class NextPlan:
    """What proposing the next plan would do: why it must wait, or which plan it replaces."""

    why_wait: str
    replaces: str

    @property
    def label(self) -> str:
        return "Propose it again" if self.replaces else "Propose the next plan"


def get_loop(user: Any, pk: int) -> Loop:
    """Return a loop that the user may see; 404 otherwise."""
    loops = visible_loops(user).select_related("domain", "checkpoint__parent", "checkpoint__bank")
    return get_object_or_404(loops, pk=pk)


def round_views(loop: Loop) -> list[RoundView]:
    """Return the rounds in order; rates only of unblinded studies."""
    lineage = lineage_of(loop.checkpoint)
    rounds = list(loop.rounds.select_related("run", "study", "plan").order_by("number"))
    said = run_sentences([round_.run_id for round_ in rounds if round_.run_id])
    return [
        RoundView(round_, _rates(round_, lineage), said.get(round_.run_id or 0, ""))
        for round_ in rounds
    ]


def _rates(round_: Round, lineage: Sequence[str]) -> tuple[ClassRate, ...]:
    study = round_.study
    if study is None or study.unblinded_at is None:
        return ()
    snapshot = study.snapshots.order_by("-at", "-pk").first()
    return tuple(class_rates(snapshot, lineage)) if snapshot else ()


def rate_lines(views: Sequence[RoundView], codes: Sequence[str]) -> list[RateLine]:
    """Return one line per class that somebody judged, in the generator's order."""
    judged = [view for view in views if view.rates]
    lines = []
    for code in codes:
        found = [[r for r in view.rates if r.code == code] for view in judged]
        real = [rate for rates in found for rate in rates if rate.is_real]
        synthetic = tuple(next((r for r in rates if not r.is_real), None) for rates in found)
        if real or any(synthetic):
            lines.append(RateLine(code, real[-1] if real else None, synthetic))
    return lines


def judged_numbers(views: Sequence[RoundView]) -> list[int]:
    """Return the numbers of rounds with rates: the columns of `rate_lines`."""
    return [view.round.number for view in views if view.rates]


def rate_figure(lines: Sequence[RateLine], numbers: Sequence[int]) -> Figure:
    """Return the Plotly figure: rate per class by round with 95 % intervals."""
    traces = []
    for i, line in enumerate(lines):
        points = [(n, r) for n, r in zip(numbers, line.rounds, strict=True) if r is not None]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": line.code,
                "x": [n + 0.03 * (i - (len(lines) - 1) / 2) for n, _ in points],
                "y": [100 * r.rate for _, r in points],
                "customdata": [[r.n, 100 * r.low, 100 * r.high] for _, r in points],
                "hovertemplate": "%{y:.0f} % (%{customdata[1]:.0f} to %{customdata[2]:.0f}), "
                "%{customdata[0]} images<extra>" + line.code + "</extra>",
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "thickness": 1.2,
                    "width": 3,
                    "array": [100 * (r.high - r.rate) for _, r in points],
                    "arrayminus": [100 * (r.rate - r.low) for _, r in points],
                },
                "marker": {"color": COLOURS[i % len(COLOURS)], "size": 8},
                "line": {"color": COLOURS[i % len(COLOURS)]},
            }
        )
    span = [min(numbers) - 0.5, max(numbers) + 0.5]
    layout = {
        "xaxis": {"title": {"text": "Round"}, "tickvals": list(numbers), "range": span},
        "yaxis": {"title": {"text": "Plausible, %"}, "range": [0, 103]},
        "legend": {"orientation": "h", "y": 1.12},
    }
    return {"data": traces, "layout": layout}


def current_plan(loop: Loop) -> Plan | None:
    """Return the newest plan that was not superseded."""
    plans = loop.plans.exclude(state=Plan.State.SUPERSEDED).select_related("input", "run")
    return plans.select_related("approved_by", "loop__checkpoint").order_by("-pk").first()


def next_plan(views: Sequence[RoundView], plan: Plan | None) -> NextPlan:
    """Say whether the next plan can be proposed, from the rounds and the current plan."""
    replaces = ""
    if plan is not None and plan.state == Plan.State.APPROVED:
        replaces = "Proposing again takes the approval back and replaces the plan."
    elif plan is not None and plan.state == Plan.State.DRAFT:
        replaces = "Proposing again replaces the draft, with the changes made to it."
    return NextPlan(why_wait(views[-1].round if views else None), replaces)


def why_no_launch(plan: Plan | None, total: int) -> str:
    """Say why the current plan cannot draw anything, and what to do; empty when it can."""
    if plan is None or plan.state not in {Plan.State.DRAFT, Plan.State.APPROVED}:
        return ""
    if not total:
        return "Every target is met: there is nothing to draw. Raise the targets to go on."
    checkpoint = plan.loop.checkpoint
    if checkpoint.state != Checkpoint.State.READY:
        return (
            f"Generator {checkpoint.name} is {checkpoint.get_state_display().lower()} and draws "
            "nothing. Start a loop with one that is ready."
        )
    return ""


def studies_to_open(user: Any, loop: Loop) -> set[int]:
    """Return the unblinded studies of the loop whose cases the user may look through."""
    mine = Study.objects.run_by(user).filter(rounds__loop=loop, unblinded_at__isnull=False)
    return set(mine.values_list("pk", flat=True))


def plan_classes(plan: Plan) -> list[ClassView]:
    """Return the plan's classes with their cells; excluded classes last."""
    cells: dict[str, list[CellView]] = {}
    for cell in plan.cells.select_related("image_class", "plan"):
        cells.setdefault(cell.image_class.code, []).append(CellView(cell, effective(cell)))
    views = [
        ClassView(entry, tuple(cells.get(entry["code"], ()))) for entry in plan.summary["classes"]
    ]
    return sorted(views, key=lambda view: view.summary["status"] == "excluded")


def attachable_studies(loop: Loop) -> list[Study]:
    """Return loop studies of the domain that judge no round yet, newest first."""
    studies = Study.objects.filter(domain=loop.domain, purpose=Study.Purpose.LOOP)
    return list(studies.filter(rounds=None).order_by("-created_at")[:50])
