"""The agreement that pilots of a study's criteria reached: answers only, no arm and no source."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from review.readings.selectors import standing_answers
from review.results.rows import kept_readers
from review.studies.models import Assignment, Case, Study
from review.studies.services.pilot import OVER

if TYPE_CHECKING:
    from metrics.report.pilot import CriterionAgreement

PREFIX = "criterion:"


@dataclass(frozen=True)
class PilotReport:
    """One pilot; rows and sentences only once it is closed."""

    study: Study
    criteria: str
    is_over: bool
    n_images: int = 0
    n_drawn: int = 0
    n_experts: int = 0
    n_cannot_judge: int = 0
    rows: "tuple[CriterionAgreement, ...]" = ()
    hardest_criteria: tuple[str, ...] = ()
    hardest_images: tuple[str, ...] = ()


def pilot_reports(study: Study) -> list[PilotReport]:
    """Return the pilots of a study's criteria, newest first."""
    pilots = study.pilots.select_related("criterion_set__domain").order_by("-created_at", "-pk")
    return [_report(pilot) for pilot in pilots]


def _report(pilot: Study) -> PilotReport:
    if pilot.state not in OVER:
        return PilotReport(pilot, str(pilot.criterion_set), is_over=False)
    import pandas as pd

    from metrics.report.pilot import criterion_agreement, hardest_criteria, hardest_images

    labels = dict(pilot.criterion_set.criteria.order_by("order").values_list("code", "label"))
    answers, unjudged = _answers(pilot)
    frame = pd.DataFrame(answers, columns=["case", "class_name", "reader", "criterion", "state"])
    rows = criterion_agreement(frame, labels)
    return PilotReport(
        pilot,
        str(pilot.criterion_set),
        is_over=True,
        n_images=frame["case"].nunique(),
        n_drawn=Case.objects.filter(part__study=pilot, role=Case.Role.MAIN).count(),
        n_experts=frame["reader"].nunique(),
        n_cannot_judge=unjudged,
        rows=rows,
        hardest_criteria=hardest_criteria(rows),
        hardest_images=hardest_images(frame, labels),
    )


def _answers(pilot: Study) -> tuple[list[tuple[Any, ...]], int]:
    """Return (case, class, reader, criterion, state) of every answer, and how many images were
    refused whole."""
    answered = Assignment.objects.filter(
        session__membership__in=kept_readers(pilot), state=Assignment.State.ANSWERED, replicate=0
    )
    columns = ("pk", "case__code", "case__intended_class__name", "session__membership__code")
    places = {pk: place for pk, *place in answered.values_list(*columns)}
    standing = standing_answers(list(places))
    rows = [
        (*places[pk], question.removeprefix(PREFIX), state)
        for pk, answer in standing.items()
        for question, state in answer.answers.items()
        if question.startswith(PREFIX)
    ]
    whole = sum(
        not any(question.startswith(PREFIX) for question in answer.answers)
        for answer in standing.values()
    )
    return rows, whole
