"""What goes over the wire to the reading screen: an allow-list, the same for every source."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from review.readings.models import Reading
from review.readings.seats import OpenSession, Seat, Situation, situation_of
from review.readings.selectors import (
    CaseInHand,
    CriterionText,
    StoredAnswer,
    cases_ahead,
    cases_behind,
    criteria_of,
    position_of,
    standing_answers,
)
from review.readings.services import mark_issued
from review.studies.models import Part

CRITERIA_PARTS = (Part.Kind.PLAUSIBILITY, Part.Kind.LESION)


def session_name(session: OpenSession) -> str:
    """Return the name by which the screen knows a session, e.g. '2.0'."""
    return f"{session.part_order}.{session.index}"


def news_for(
    seat: Seat, session: OpenSession | None, asked: str, *, with_past: bool
) -> dict[str, Any]:
    """Return where the reader stands, with the next cases of the session that was asked about."""
    state = _state(seat, session, asked)
    news: dict[str, Any] = {"state": state, "user": str(seat.user_public_id), "cases": []}
    if session is not None and session.not_before is not None:
        news["opens_at"] = session.not_before.isoformat()
    if state != "reading" or session is None:
        return news
    rules = criteria_of(seat.criterion_set_pk) if session.kind in CRITERIA_PARTS else []
    ahead = cases_ahead(session)
    mark_issued([case.pk for case in ahead])
    behind = cases_behind(session) if with_past else []
    together = [*behind, *ahead]
    if not together:
        return news
    place, total = position_of(session.pk, together[0].rank)
    answers = standing_answers([case.pk for case in behind]) if behind else {}
    packed = [
        pack_case(case, session, rules, (place + index, total), answers.get(case.pk))
        for index, case in enumerate(together)
    ]
    news["cases"] = packed[len(behind) :]
    if with_past:
        news["past"] = packed[: len(behind)]
    return news


def _state(seat: Seat, session: OpenSession | None, asked: str) -> str:
    situation = situation_of(seat, session)
    if situation is Situation.START:
        situation = Situation.READING
    moved_on = session is not None and bool(asked) and session_name(session) != asked
    if situation is Situation.READING and moved_on:
        return "part_done"
    return str(situation)


def pack_case(
    case: CaseInHand,
    session: OpenSession,
    rules: Sequence[CriterionText],
    place: tuple[int, int],
    answer: StoredAnswer | None,
) -> dict[str, Any]:
    """Return one case; `place` is (position, length of the list)."""
    return {
        "assignment": str(case.public_id),
        "part": session.part_order,
        "class_name": case.class_name,
        "note": case.class_note,
        "expectations": case.expectations or {},
        "criteria": [rule.code for rule in rules if _applies(rule, case.class_code)],
        "full_form": case.full_form,
        "position": place[0],
        "total": place[1],
        "image": {
            "url": reverse("reader:image", args=[case.public_id]),
            "width": case.width,
            "height": case.height,
            "media": case.media,
            "bits": case.bits,
        },
        "base_revision": answer.revision if answer else 0,
        "answer": pack_answer(answer),
    }


def _applies(rule: CriterionText, class_code: str) -> bool:
    return not rule.applies_to or class_code in rule.applies_to


def pack_answer(answer: StoredAnswer | None) -> dict[str, Any] | None:
    """Return a reader's own stored answer as the screen restores it."""
    if answer is None:
        return None
    said = answer.answers
    judged = answer.outcome == Reading.Outcome.ANSWERED
    return {
        "revision": answer.revision,
        "criteria": {
            question.removeprefix("criterion:"): state
            for question, state in said.items()
            if question.startswith("criterion:")
        },
        "value": said.get("turing", said.get("rating")),
        "perceived_class": said.get("class", ""),
        "note": said.get("note", ""),
        "cannot_judge": "" if judged else answer.reason,
    }
