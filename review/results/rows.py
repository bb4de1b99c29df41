"""A study's readings joined with the truth, as the rows of a snapshot. Read only after closing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from review.readings.judge import POINT_STEPS
from review.readings.models import CaseFlag, Reading, ReadingAnswer
from review.studies.models import Assignment, Membership, Session, Study

Row = dict[str, Any]

CASE_FIELDS = {
    "case": "case__code",
    "image": "case__image__uuid",
    "arm": "case__arm__code",
    "source": "case__image__pool__source",
    "is_phantom": "case__image__pool__is_phantom",
    "class": "case__intended_class__code",
    "truth_class": "case__image__image_class__code",
    "role": "case__role",
    "full_form": "case__full_form",
    "prototype": "case__prototype",
    "round": "case__round",
    "model_version": "case__model_version",
    "cluster_key": "case__cluster_key",
    "stratum": "case__stratum",
    "inclusion_probability": "case__inclusion_probability",
    "covariates": "case__covariates",
    "image_findings": "case__findings",
    "rendition_sha256": "case__rendition__sha256",
    "pixel_sha256": "case__image__pixel_sha256",
}
READING_FIELDS = {
    "revision": "revision",
    "outcome": "outcome",
    "reason": "reason",
    "verdict": "verdict",
    "active_ms": "active_ms",
    "visible_ms": "visible_ms",
    "idle_ms": "idle_ms",
    "wall_ms": "wall_ms",
    "issued_at": "issued_at",
    "shown_at": "shown_at",
    "committed_at": "committed_at",
    "received_at": "created_at",
    "source_of_reading": "source",
}
UNREAD: Row = dict.fromkeys(READING_FIELDS) | {
    "revision": 0,
    "outcome": "missing",
    "reason": "",
    "source_of_reading": "",
}


def kept_readers(study: Study) -> QuerySet[Membership]:
    """Return the readers whose data count: not those who withdrew them."""
    readers = Membership.objects.filter(study=study, role=Membership.Role.READER)
    return readers.exclude(withdrawn_at__isnull=False, keep_data=False)


def reading_rows(study: Study) -> Iterator[Row]:
    """Yield one row per assignment that is not void, in the order part, reader, session, position.

    Positions go on from one session of a part to the next. Practice has no rows: it is not counted.
    A session at a time, so that memory stays flat: four queries per session.
    """
    counting = _counting_criteria(study)
    counted = Session.objects.filter(is_calibration=False)
    sessions = counted.filter(membership__in=kept_readers(study))
    ordered = sessions.select_related("membership__user", "part").order_by(
        "part__order", "membership__code", "index", "pk"
    )
    before, last = 0, (0, 0)
    for session in ordered:
        before = before if last == (session.part_id, session.membership_id) else 0
        last = session.part_id, session.membership_id
        yield from _session_rows(session, counting, study.protocol_sha256, before)
        before += session.assignments.count()


def _session_rows(
    session: Session, counting: dict[str, list[str]], protocol_sha256: str, before: int
) -> Iterator[Row]:
    readings = _current_readings(session)
    answers = _answers([pk for pk, _ in readings.values()])
    flags = _flags(session)
    columns = ["pk", "state", "replicate", *CASE_FIELDS.values()]
    cases = Assignment.objects.filter(session=session).order_by("rank").values_list(*columns)
    is_plausibility = session.part.kind == session.part.Kind.PLAUSIBILITY
    simulated = session.membership.user.is_simulated
    for position, (pk, state, replicate, *values) in enumerate(cases, start=before + 1):
        if state == Assignment.State.VOID:
            continue
        row: Row = dict(zip(CASE_FIELDS, values, strict=True))
        reading_pk, reading = readings.get(pk, (0, UNREAD))
        yield (
            row
            | reading
            | typed_answers(answers.get(reading_pk, []))
            | {
                "image": str(row["image"]),
                "image_findings": list(dict.fromkeys([row["truth_class"], *row["image_findings"]])),
                "rendition_sha256": row["rendition_sha256"] or "",
                "reader": session.membership.code,
                "reader_simulated": simulated or reading["source_of_reading"] == "simulated",
                "part": session.part.order,
                "part_kind": session.part.kind,
                "session": session.index,
                "position": position,
                "replicate": replicate,
                "counting": counting.get(row["class"], []) if is_plausibility else [],
                "flags": flags.get(pk, []),
                "protocol_sha256": protocol_sha256,
            }
        )


def _counting_criteria(study: Study) -> dict[str, list[str]]:
    """Return class code -> codes of the criteria that count and apply, in the set's order."""
    criteria = [c for c in study.criterion_set.criteria.order_by("order") if c.counts]
    classes = study.domain.classes.values_list("code", flat=True)
    return {code: [c.code for c in criteria if c.applies(code)] for code in classes}


def _current_readings(session: Session) -> dict[int, tuple[int, Row]]:
    """Return assignment -> (reading, its columns) for the highest revision of each."""
    rows = Reading.objects.filter(assignment__session=session).order_by("assignment", "revision")
    found: dict[int, tuple[int, Row]] = {}
    for assignment, pk, *values in rows.values_list("assignment", "pk", *READING_FIELDS.values()):
        row = dict(zip(READING_FIELDS, map(_plain, values), strict=True))
        found[assignment] = (pk, row)
    return found


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _answers(readings: list[int]) -> dict[int, list[tuple[str, str | None, int | None]]]:
    found: dict[int, list[tuple[str, str | None, int | None]]] = {}
    for start in range(0, len(readings), 500):
        chunk = ReadingAnswer.objects.filter(reading__in=readings[start : start + 500])
        columns = chunk.values_list("reading", "question", "choice", "number")
        for reading, question, choice, number in columns:
            found.setdefault(reading, []).append((question, choice, number))
    return found


def typed_answers(answers: list[tuple[str, str | None, int | None]]) -> Row:
    """Return the typed columns of one reading's answers; notes stay in the database."""
    row: Row = {
        "criteria": {},
        "findings": {},
        "turing": None,
        "rating": None,
        "perceived_class": "",
        "gestalt": None,
    }
    for question, choice, number in answers:
        if question.startswith("criterion:"):
            row["criteria"][question.removeprefix("criterion:")] = choice
        elif question.startswith("finding:"):
            row["findings"][question.removeprefix("finding:")] = choice
        elif question in {"turing", "rating"}:
            row[question] = number
        elif question in {"defect_x", "defect_y"} and number is not None:
            row[question] = number / POINT_STEPS
        elif question == "class":
            row["perceived_class"] = choice or ""
        elif question == "gestalt":
            row["gestalt"] = choice == "plausible"
    return row


def _flags(session: Session) -> dict[int, list[str]]:
    found: dict[int, set[str]] = {}
    flags = CaseFlag.objects.filter(assignment__session=session)
    for assignment, kind in flags.values_list("assignment", "kind"):
        found.setdefault(assignment, set()).add(kind)
    return {assignment: sorted(kinds) for assignment, kinds in found.items()}
