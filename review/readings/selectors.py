"""What a reader may know of the cases in hand: allow-listed columns, frozen dataclasses.

No query here reads a pool, image, arm, draw or generated image, nor a truth column of a case
(review.studies.models.case.TRUTH_COLUMNS); a test captures the SQL of every reader request.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Count, F, Max, Q

from review.readings.models import CaseFlag, Reading, ReadingAnswer
from review.readings.seats import OpenSession
from review.readings.windows import PREFETCH, is_open, is_revisable, pks_ahead
from review.studies.models import Assignment, Part, Session, Study


@dataclass(frozen=True)
class CaseInHand:
    """A case of the queue. The class is empty where the part does not show it."""

    pk: int
    public_id: UUID
    rank: int
    full_form: bool
    width: int
    height: int
    media: str
    bits: int
    class_code: str = ""

    FIELDS: ClassVar[tuple[str, ...]] = (
        "pk",
        "public_id",
        "rank",
        "case__full_form",
        "case__rendition__width",
        "case__rendition__height",
        "case__rendition__media",
        "case__rendition__bits",
    )
    CLASS_FIELD: ClassVar[str] = "case__intended_class__code"


@dataclass(frozen=True)
class OwnFlag:
    """What the reader noticed about a case of the own list. FIELDS is the allow-list of columns."""

    kind: str
    text: str

    FIELDS: ClassVar[tuple[str, ...]] = ("kind", "text")


@dataclass(frozen=True)
class StoredAnswer:
    """The reading that counts for a case, as its own reader may see it, with all flags set."""

    revision: int
    outcome: str
    reason: str
    answers: dict[str, str | int]
    flags: list[OwnFlag]


@dataclass(frozen=True)
class CriterionText:
    """A criterion with its words."""

    code: str
    label: str
    help: str
    counts: bool
    min_px: int
    applies_to: list[str]
    opens: str


@dataclass(frozen=True)
class RenditionRef:
    """Where the bytes of a case are."""

    storage_key: str
    media: str


def shows_class(session: OpenSession) -> bool:
    """Say whether readers of the part see the asked class; never while they are to name it."""
    return session.show_intended_class and session.kind != Part.Kind.IDENTIFY


def cases_ahead(session: OpenSession) -> list[CaseInHand]:
    """Return the current case and the next PREFETCH, in order."""
    queued = Assignment.objects.filter(session_id=session.pk, state=Assignment.State.QUEUED)
    return _cases(queued.order_by("rank")[: PREFETCH + 1], session)


def cases_behind(session: OpenSession) -> list[CaseInHand]:
    """Return the answered cases that may still be revised, oldest first."""
    answered = Assignment.objects.filter(session_id=session.pk, state=Assignment.State.ANSWERED)
    return _cases(answered.order_by("-rank")[: session.window], session)[::-1]


def _cases(assignments: Any, session: OpenSession) -> list[CaseInHand]:
    fields = CaseInHand.FIELDS + ((CaseInHand.CLASS_FIELD,) if shows_class(session) else ())
    return [CaseInHand(*row) for row in assignments.values_list(*fields)]


def position_of(session_pk: int, rank: int) -> tuple[int, int]:
    """Return (place in the reader's list from 1, length of the list)."""
    listed = _listed(session_pk)
    counts = listed.aggregate(total=Count("pk"), before=Count("pk", filter=Q(rank__lt=rank)))
    return counts["before"] + 1, counts["total"]


def _listed(session_pk: int) -> Any:
    listed = Assignment.objects.filter(session_id=session_pk).exclude(state=Assignment.State.VOID)
    return listed.order_by()


def standing_answers(assignment_pks: list[int]) -> dict[int, StoredAnswer]:
    """Return the current answer of each assignment: the highest revision counts."""
    readings = Reading.objects.filter(assignment_id__in=assignment_pks).order_by("revision")
    fields = ("assignment_id", "pk", "revision", "outcome", "reason")
    latest = {row[0]: row for row in readings.values_list(*fields)}
    said = _answers_of([row[1] for row in latest.values()])
    flags = _flags_of(list(latest))
    return {
        assignment_pk: StoredAnswer(revision, outcome, reason, said[pk], flags[assignment_pk])
        for assignment_pk, pk, revision, outcome, reason in latest.values()
    }


def _answers_of(reading_pks: list[int]) -> dict[int, dict[str, str | int]]:
    found: dict[int, dict[str, str | int]] = defaultdict(dict)
    rows = ReadingAnswer.objects.filter(reading_id__in=reading_pks)
    for pk, question, *values in rows.values_list(
        "reading_id", "question", "choice", "number", "text"
    ):
        found[pk][question] = next(value for value in values if value is not None)
    return found


def _flags_of(assignment_pks: list[int]) -> dict[int, list[OwnFlag]]:
    """Return the flags of each assignment as they were set: an assignment has one reader."""
    found: dict[int, list[OwnFlag]] = defaultdict(list)
    rows = CaseFlag.objects.filter(assignment_id__in=assignment_pks).order_by("pk")
    for pk, *values in rows.values_list("assignment_id", *OwnFlag.FIELDS):
        found[pk].append(OwnFlag(*values))
    return found


def _own_assignments(user: Any) -> Any:
    return Assignment.objects.filter(
        session__membership__user=user,
        session__membership__role="reader",
        session__membership__withdrawn_at=None,
        session__membership__paused_at=None,
    )


def find_rendition(user: Any, public_id: UUID) -> RenditionRef | None:
    """Return the rendition behind an assignment while its reader may see it, else None."""
    visible = _own_assignments(user).filter(
        public_id=public_id,
        session__part__study__state=Study.State.ACTIVE,
        session__membership__consent_version__gte=F("session__part__study__consent_version"),
    )
    rows = visible.order_by().values_list(
        "case__rendition__storage_key",
        "case__rendition__media",
        "pk",
        "state",
        "rank",
        "session_id",
        "session__membership_id",
        "session__part__order",
        "session__index",
        "session__not_before",
        "session__part__revise_window",
        "session__is_calibration",
    )
    row = next(iter(rows), None)
    if row is None or not _may_see(*row[2:]):
        return None
    return RenditionRef(*row[:2])


def _may_see(pk: int, state: str, rank: int, session_pk: int, *rest: Any) -> bool:
    """Say whether a case is inside the prefetch or the revise window of an open session."""
    membership_pk, part_order, index, not_before, window, is_calibration = rest
    if state == Assignment.State.ANSWERED:
        return not is_calibration and is_revisable(session_pk=session_pk, rank=rank, window=window)
    if state != Assignment.State.QUEUED or pk not in pks_ahead(session_pk):
        return False
    return is_open(
        membership_pk=membership_pk,
        part_order=part_order,
        session_index=index,
        not_before=not_before,
    )


def part_count(study_pk: int) -> int:
    """Return the number of the last part of a study, counted from 1."""
    last = Part.objects.filter(study_id=study_pk).aggregate(last=Max("order"))["last"]
    return int(last or 0)


def sitting_of(session: OpenSession) -> tuple[int, int]:
    """Return (place of the session among the part's sessions from 1, how many); 0 for practice."""
    sessions = Session.objects.filter(
        membership_id=session.membership_pk, part_id=session.part_pk, is_calibration=False
    )
    counts = sessions.order_by().aggregate(
        total=Count("pk"), place=Count("pk", filter=Q(index__lte=session.index))
    )
    return (0 if session.is_calibration else counts["place"]), counts["total"]


def feedback_of(assignment_pk: int) -> str:
    """Return what a reader is told after answering a practice case; empty for every other one."""
    answered = Assignment.objects.filter(
        pk=assignment_pk, session__is_calibration=True, state=Assignment.State.ANSWERED
    )
    return answered.order_by().values_list("case__feedback__text", flat=True).first() or ""
