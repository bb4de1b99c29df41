"""Answers for tests."""

from uuid import UUID, uuid4

from review.readings.answers import Answer
from review.readings.facts import load_facts, load_rules
from review.readings.services import Submission, submit_reading
from review.studies.models import Assignment


def plausible_answer(assignment: Assignment) -> Answer:
    """Return an answer in which every criterion of the case passes."""
    facts = load_facts(assignment.pk)
    rules = load_rules(facts.criterion_set_pk)
    return Answer(criteria={r.code: "passes" for r in rules if r.applies(facts.class_code)})


def submit(
    assignment: Assignment,
    answer: Answer | None = None,
    key: UUID | None = None,
    base_revision: int = 0,
) -> Submission:
    """Submit, by default a fresh plausible answer."""
    return submit_reading(
        assignment_pk=assignment.pk,
        answer=answer or plausible_answer(assignment),
        key=key or uuid4(),
        base_revision=base_revision,
    )
