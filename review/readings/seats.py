"""A reader's seat in a study and the session that is open for it. Frozen dataclasses only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone

from review.studies.models import Membership, Session, Study
from review.studies.services.sessions import due_now


class Situation(StrEnum):
    """Where a reader stands in a study: what the next page is."""

    CONSENT = "consent"
    NOT_STARTED = "not_started"
    PAUSED = "paused"
    RESTING = "resting"  # paused by the reader
    HELD = "held"  # paused by an editor
    CLOSED = "closed"
    WASHOUT = "washout"
    START = "start"
    READING = "reading"
    FINISHED = "finished"


@dataclass(frozen=True)
class Seat:
    """A reader in a study. FIELDS is the allow-list of columns."""

    pk: int
    user_public_id: UUID
    is_simulated: bool
    preferences: dict[str, Any]
    consent_version: int | None
    user_pk: int
    paused_by_pk: int | None
    study_pk: int
    study_uuid: UUID
    slug: str
    title: str
    intro: str
    study_state: str
    consent_text: str
    wanted_consent: int
    protocol_sha256: str
    criterion_set_pk: int
    domain_pk: int
    deadline: datetime | None

    FIELDS: ClassVar[tuple[str, ...]] = (
        "pk",
        "user__public_id",
        "user__is_simulated",
        "preferences",
        "consent_version",
        "user_id",
        "paused_by_id",
        "study_id",
        "study__uuid",
        "study__slug",
        "study__title",
        "study__intro",
        "study__state",
        "study__consent_text",
        "study__consent_version",
        "study__protocol_sha256",
        "study__criterion_set_id",
        "study__domain_id",
        "study__deadline",
    )

    @property
    def has_consented(self) -> bool:
        return self.consent_version is not None and self.consent_version >= self.wanted_consent


@dataclass(frozen=True)
class Pause:
    """Since when, and by whom, a seat is paused. Why is between the editors and the log."""

    at: datetime
    by: str

    FIELDS: ClassVar[tuple[str, ...]] = ("paused_at", "paused_by__name")


@dataclass(frozen=True)
class OpenSession:
    """The session of a seat that is to be read now, with its part."""

    pk: int
    index: int
    is_calibration: bool
    is_added: bool
    membership_pk: int
    not_before: datetime | None
    started_at: datetime | None
    part_pk: int
    part_order: int
    kind: str
    revise_window: int
    show_intended_class: bool
    preset_below_min_px: bool
    display: dict[str, Any]
    scale: list[str]
    stated_purpose: str
    findings: list[str]
    gallery: bool
    defect_point: str
    gestalt: bool

    FIELDS: ClassVar[tuple[str, ...]] = (
        "pk",
        "index",
        "is_calibration",
        "is_added",
        "membership_id",
        "not_before",
        "started_at",
        "part_id",
        "part__order",
        "part__kind",
        "part__revise_window",
        "part__show_intended_class",
        "part__preset_below_min_px",
        "part__display",
        "part__scale",
        "part__stated_purpose",
        "part__findings",
        "part__gallery",
        "part__defect_point",
        "part__gestalt",
    )

    @property
    def window(self) -> int:
        """How many answered cases may be revised: none whose feedback was seen."""
        return 0 if self.is_calibration else self.revise_window


def seats_of(user: Any) -> list[Seat]:
    """Return every reader's seat of a user, newest study first."""
    rows = _seats(user).order_by("-study__created_at").values_list(*Seat.FIELDS)
    return [Seat(*row) for row in rows]


def find_seat(user: Any, slug: str) -> Seat | None:
    """Return the user's reader's seat in a study, or None: others learn nothing."""
    rows = _seats(user).filter(study__slug=slug).order_by().values_list(*Seat.FIELDS)
    row = next(iter(rows), None)
    return Seat(*row) if row else None


def _seats(user: Any) -> Any:
    return Membership.objects.filter(user=user, role=Membership.Role.READER, withdrawn_at=None)


def open_session(seat_pk: int) -> OpenSession | None:
    """Return the session to read now, or None when all of them are finished."""
    unread = Session.objects.filter(membership_id=seat_pk, finished_at=None)
    rows = unread.order_by("part__order", "index").values_list(*OpenSession.FIELDS)
    return due_now([OpenSession(*row) for row in rows])


def pause_of(seat_pk: int) -> Pause | None:
    """Return the pause of a seat, or None."""
    paused = Membership.objects.filter(pk=seat_pk, paused_at__isnull=False)
    row = next(iter(paused.order_by().values_list(*Pause.FIELDS)), None)
    return Pause(*row) if row else None


def situation_of(seat: Seat, session: OpenSession | None) -> Situation:
    """Return where the reader stands; the order of the questions is the order of the pages."""
    before = study_situation(seat)
    if before is not None:
        return before
    if session is None:
        return Situation.FINISHED
    if session.not_before is not None and session.not_before > timezone.now():
        return Situation.WASHOUT
    return Situation.READING if session.started_at else Situation.START


def study_situation(seat: Seat) -> Situation | None:
    """Return what keeps the reader from any session, or None."""
    if seat.study_state in (Study.State.DRAFT, Study.State.PREPARED):
        return Situation.NOT_STARTED if seat.has_consented else Situation.CONSENT
    if seat.study_state == Study.State.PAUSED:
        return Situation.PAUSED
    if seat.study_state != Study.State.ACTIVE:
        return Situation.CLOSED
    if seat.paused_by_pk is not None:
        return Situation.RESTING if seat.paused_by_pk == seat.user_pk else Situation.HELD
    return None if seat.has_consented else Situation.CONSENT
