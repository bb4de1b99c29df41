"""Closed and unblinded studies with answers, written row by row."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from review.accounts.models import User
from review.readings.models import Reading, ReadingAnswer
from review.results.models import Snapshot
from review.results.services import unblind_study
from review.studies.models import Assignment, Membership, Study
from tests.worlds.study import PASSWORD, PartPlan, World, make_study

PLANS = (
    PartPlan("plausibility", 4, full_form=True),
    PartPlan("turing", 4, {"show_intended_class": False}),
)
Answer = Callable[[Assignment, int], dict[str, Any] | None]


@dataclass(frozen=True)
class Closed:
    """A closed study with its people."""

    world: World
    editor: User
    study: Study


def answer_by_rule(assignment: Assignment, index: int) -> dict[str, Any] | None:
    """Answer so that arms differ: one in eight cannot be judged, one in nine stays open."""
    if index % 9 == 8:
        return None
    if index % 8 == 7:
        return {"outcome": "cannot_judge", "reason": "blurred"}
    good = {"real": 9, "late": 7, "early": 4}[assignment.case.arm.code] > (index * 7) % 10
    if assignment.session.part.kind == "turing":
        return {"turing": 5 if good else 2}
    state = "passes" if good else "fails"
    return {"verdict": good, "criterion:nucleus": state}


def close_world(
    *,
    readers: int = 1,
    slug: str = "cells",
    answer: Answer = answer_by_rule,
    title: str = "",
    **study: Any,
) -> Closed:
    """Build a study, answer it by rule and close it. One editor runs it."""
    world = make_study(readers=readers, slug=slug, **({"plans": PLANS} | study))
    for number in range(readers):
        for session in world.sessions[number]:
            rows = session.assignments.select_related("case__arm", "session__part").order_by("rank")
            for index, assignment in enumerate(rows):
                given = answer(assignment, index + 3 * number)
                if given is not None:
                    give(assignment, given)
    if title:
        Study.objects.filter(pk=world.study.pk).update(title=title)
    editor = seat(world.study, "editor", f"{slug}.editor@example.org")
    Study.objects.filter(pk=world.study.pk).update(state="closed", closed_at=timezone.now())
    world.study.refresh_from_db()
    return Closed(world, editor, world.study)


def unblinded(**world: Any) -> tuple[Closed, Snapshot]:
    """Build, answer, close and unblind."""
    closed = close_world(**world)
    snapshot = unblind_study(actor=closed.editor, study=closed.study)
    closed.study.refresh_from_db()
    return closed, snapshot


def seat(study: Study, role: str, email: str) -> User:
    """Give a new user a seat."""
    user = User.objects.create_user(email, PASSWORD, name=email.split("@", maxsplit=1)[0])
    code = f"{role[0].upper()}{study.memberships.count() + 50}"
    Membership.objects.create(study=study, user=user, code=code, role=role, state="consented")
    return user


def give(assignment: Assignment, given: dict[str, Any], revision: int = 1) -> Reading:
    """Write one revision of an answer with its typed values."""
    reading = Reading.objects.create(
        assignment=assignment,
        revision=revision,
        idempotency_key=uuid.uuid4(),
        nonce=uuid.uuid4(),
        prev_sha="0" * 64,
        sha="1" * 64,
        source=given.get("source", "screen"),
        outcome=given.get("outcome", "answered"),
        reason=given.get("reason", ""),
        verdict=given.get("verdict"),
        created_at=timezone.now(),
        active_ms=given.get("active_ms", 1200 + 10 * ((assignment.rank >> 20) % 37)),
    )
    for question, value in given.items():
        named = question.startswith(("criterion:", "finding:"))
        if named or question in {"class", "gestalt"}:
            ReadingAnswer.objects.create(reading=reading, question=question, choice=value)
        elif question in {"turing", "rating"}:
            ReadingAnswer.objects.create(reading=reading, question=question, number=value)
    Assignment.objects.filter(pk=assignment.pk).update(state="answered", answered_at=timezone.now())
    return reading
