"""Interim looks: which one is due, and taking it once. Before unblinding nothing else is shown."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from review.audit.services import log_event, study_chain
from review.catalog.storage import put_bytes
from review.results.errors import LookRefused
from review.results.facts import code_version, study_facts
from review.results.frames import parse_rows
from review.results.models import InterimLook
from review.results.policies import check_may_look
from review.results.rows import kept_readers, reading_rows
from review.results.services import snapshot_bytes
from review.studies.models import Assignment, Case, Part, Study

if TYPE_CHECKING:
    from metrics.report.look_plan import LookPlan
    from metrics.report.looks import LookStatistic

LEAST_REASON, MOST_REASON = 10, 2000


@dataclass(frozen=True)
class Progress:
    """Hold how many of the primary endpoint's planned readings are answered."""

    answered: int
    planned: int

    @property
    def fraction(self) -> float:
        return min(1.0, self.answered / self.planned) if self.planned else 0.0


@dataclass(frozen=True)
class LookState:
    """Hold a study's looks: the plan, those taken, the one that is due, or why none is."""

    plan: "LookPlan | None"
    progress: Progress
    taken: list[InterimLook]
    due: int | None
    why_not: str


def look_state(study: Study) -> LookState:
    """Return where a study stands with its planned looks."""
    plan = planned_looks(study)
    taken = list(study.looks.select_related("taken_by").order_by("number"))
    progress = _progress(study, plan) if plan else Progress(0, 0)
    due, why_not = _due(study, plan, progress, taken)
    return LookState(plan, progress, taken, due, why_not)


def planned_looks(study: Study) -> "LookPlan | None":
    """Return the looks of the plan that was frozen with the protocol."""
    from metrics.report.look_plan import read_looks

    return read_looks(study.analysis_plan)


def take_look(*, actor: Any, study: Study, reason: str) -> InterimLook:
    """Compute the due look's statistic, keep it for good, and log it.

    The readings are frozen in a file before the transaction; the row and the event are written
    together, and a look that somebody took meanwhile is refused. Raises NotAllowedToLook,
    LookRefused (none due, no reason, readings that carry no test).
    """
    check_may_look(actor, study)
    reason = reason.strip()
    if not LEAST_REASON <= len(reason) <= MOST_REASON:
        raise LookRefused(
            f"Give the reason in a sentence ({LEAST_REASON} to {MOST_REASON} characters, "
            f"{len(reason)} given): it is kept with the look."
        )
    study.refresh_from_db()
    state = look_state(study)
    if state.due is None or state.plan is None:
        raise LookRefused(state.why_not)
    content = snapshot_bytes(list(reading_rows(study)))
    found = _statistic(study, state.plan, content)
    with transaction.atomic():
        locked = Study.objects.select_for_update().get(pk=study.pk)
        now_due = look_state(locked).due
        if now_due != state.due:
            raise LookRefused(f"Look {state.due} was taken or passed meanwhile. Load the page.")
        look = _keep(actor, locked, state, found, (content, reason))
        log_event(
            actor=actor,
            verb="results.look_taken",
            obj=look,
            chain=study_chain(locked.pk),
            after=_logged(look),
        )
    return look


def _keep(
    actor: Any,
    study: Study,
    state: LookState,
    found: "LookStatistic",
    given: tuple[bytes, str],
) -> InterimLook:
    assert state.plan is not None  # noqa: S101  take_look has checked both
    assert state.due is not None  # noqa: S101
    content, reason = given
    place = state.due - 1
    bound = state.plan.bounds.bounds[place]
    return InterimLook.objects.create(
        study=study,
        number=state.due,
        at=timezone.now(),
        taken_by=actor,
        reason=reason,
        planned_fraction=state.plan.fractions[place],
        readings=state.progress.answered,
        planned_readings=state.progress.planned,
        statistic=found.z,
        bound=bound,
        crossed=abs(found.z) >= bound,
        method=found.method,
        content_sha256=hashlib.sha256(content).hexdigest(),
        storage_key=put_bytes("snapshots", content, ".jsonl"),
        code_version=code_version(),
    )


def _logged(look: InterimLook) -> dict[str, Any]:
    """Return what the chain keeps: the decision, and a hash that binds the statistic to it.

    The statistic itself stays out of the trail, which editors may be shown before the end.
    """
    numbers = f"{look.statistic!r} {look.bound!r} {look.method} {look.reason}"
    return {
        "look": look.number,
        "readings": look.readings,
        "planned": look.planned_readings,
        "crossed": look.crossed,
        "snapshot": look.content_sha256,
        "numbers_sha256": hashlib.sha256(numbers.encode()).hexdigest(),
    }


def _statistic(study: Study, plan: "LookPlan", content: bytes) -> "LookStatistic":
    from metrics.report.facts import Facts
    from metrics.report.looks import endpoint_statistic

    facts = Facts.of(hashlib.sha256(content).hexdigest(), {"facts": study_facts(study)})
    try:
        return endpoint_statistic(parse_rows(content), facts, plan)
    except ValueError as error:  # what it says of the data is not for anybody yet
        raise LookRefused(
            "The readings so far do not carry the planned test: too few, or all alike. Nothing "
            "was shown or kept; try again after more readings."
        ) from error


def _progress(study: Study, plan: "LookPlan") -> Progress:
    part = study.parts.filter(kind=plan.endpoint).order_by("order").first()
    if part is None:
        return Progress(0, 0)
    mine = Assignment.objects.filter(
        session__part=part,
        session__membership__in=kept_readers(study),
        case__role=Case.Role.MAIN,
        replicate=0,
    ).exclude(state=Assignment.State.VOID)
    answered = mine.filter(state=Assignment.State.ANSWERED).count()
    return Progress(answered, max(mine.count(), _asked(study, part)))


def _asked(study: Study, part: Part) -> int:
    """Count the readings that the protocol asks for, as some readers may not have begun."""
    cases = part.cases.filter(role=Case.Role.MAIN).count()
    return cases * (part.readings_per_case or study.min_readers)


def _due(
    study: Study, plan: "LookPlan | None", progress: Progress, taken: list[InterimLook]
) -> tuple[int | None, str]:
    """Return the number of the look that is due, or None and why."""
    if plan is None:
        return None, "The plan of this study has no interim looks. Results come with unblinding."
    over = _over(study, plan, taken)
    if over:
        return None, over
    last = taken[-1].number if taken else 0
    reached = sum(progress.fraction >= part - 1e-9 for part in plan.fractions[:-1])
    if reached > last:
        return reached, ""
    return None, (
        f"Look {last + 1} is due at {plan.fractions[last]:.0%} of the planned readings; "
        f"{progress.answered} of {progress.planned} ({progress.fraction:.0%}) are answered."
    )


def _over(study: Study, plan: "LookPlan", taken: list[InterimLook]) -> str:
    """Say why no look can be due any more, or not yet; empty where one can."""
    if study.unblinded_at is not None:
        return "The study is unblinded; its results are there."
    if study.activated_at is None:
        return "The study has not started."
    if any(look.crossed for look in taken):
        return f"Look {taken[-1].number} said stop. Close the study and unblind it."
    if taken and taken[-1].number >= len(plan.fractions) - 1:
        return "Every planned look was taken. The final analysis comes with unblinding."
    return ""
