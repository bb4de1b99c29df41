"""What goes over the wire to the reading screen: an allow-list, the same for every source."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from review.readings.gallery import ReferenceClass
from review.readings.judge import POINT_STEPS
from review.readings.models import Reading
from review.readings.seats import OpenSession, Seat, Situation, situation_of
from review.readings.selectors import (
    CaseInHand,
    CriterionText,
    StoredAnswer,
    cases_ahead,
    cases_behind,
    position_of,
    standing_answers,
)
from review.readings.services import mark_issued
from review.readings.wording import NO_CLASS, Wording, wording_of
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
    ahead = cases_ahead(session)
    mark_issued([case.pk for case in ahead])
    behind = cases_behind(session) if with_past else []
    together = [*behind, *ahead]
    if not together:
        return news
    wording = wording_of(seat)
    place, total = position_of(session.pk, together[0].rank)
    answers = standing_answers([case.pk for case in behind]) if behind else {}
    packed = [
        pack_case(case, session, wording, (place + index, total), answers.get(case.pk))
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
    wording: Wording,
    place: tuple[int, int],
    answer: StoredAnswer | None,
) -> dict[str, Any]:
    """Return one case; `place` is (position, length of the list)."""
    words = wording.classes.get(case.class_code, NO_CLASS)
    rules = criteria_asked(session, wording)
    return {
        "assignment": str(case.public_id),
        "part": session.part_order,
        "calibration": session.is_calibration,
        "class_name": words.name,
        "note": words.note,
        "expectations": words.expectations,
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


def _states(said: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Return code -> state of the questions with this prefix."""
    return {
        question.removeprefix(prefix): state
        for question, state in said.items()
        if question.startswith(prefix)
    }


def criteria_asked(session: OpenSession, wording: Wording) -> list[CriterionText]:
    """Return the criteria of a part that asks for them."""
    return wording.criteria if session.kind in CRITERIA_PARTS else []


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
        "criteria": _states(said, "criterion:"),
        "findings": _states(said, "finding:"),
        "value": said.get("turing", said.get("rating")),
        "perceived_class": said.get("class", ""),
        "gestalt": said.get("gestalt", ""),
        "defect_at": _point(said),
        "note": said.get("note", ""),
        "flags": [{"kind": flag.kind, "text": flag.text} for flag in answer.flags],
        "cannot_judge": "" if judged else answer.reason,
    }


def _point(said: dict[str, Any]) -> list[float] | None:
    if "defect_x" not in said:
        return None
    return [said["defect_x"] / POINT_STEPS, said["defect_y"] / POINT_STEPS]


def pack_gallery(classes: Sequence[ReferenceClass]) -> dict[str, Any]:
    """Return the references by class, each with the address of its bytes."""
    return {
        "classes": [
            {
                "name": one.name,
                "images": [
                    {
                        "url": reverse("reader:reference", args=[image.public_id]),
                        "width": image.width,
                        "height": image.height,
                        "media": image.media,
                        "bits": image.bits,
                    }
                    for image in one.images
                ],
            }
            for one in classes
        ]
    }
