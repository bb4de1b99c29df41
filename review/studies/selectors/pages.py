"""What the pages show, in a constant number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from review.catalog.models import ImageClass
from review.studies.models import Assignment, Case, Invitation, Membership, Rendition, Study
from review.studies.selectors.checklist import Design, load_design
from review.studies.selectors.part_form import Refused, part_form

ANSWERED = Q(sessions__assignments__state=Assignment.State.ANSWERED)
LISTED = ~Q(sessions__assignments__state=Assignment.State.VOID) & Q(
    sessions__assignments__isnull=False
)


@dataclass(frozen=True)
class ReaderPause:
    """Since when a reader is paused, by whom, and why: for editors and analysts."""

    at: datetime
    by: str
    is_own: bool
    reason: str


@dataclass(frozen=True)
class Progress:
    """Counts of one reader; never by class, arm or source."""

    code: str
    name: str
    email: str
    state: str
    experience: str
    done: int
    total: int
    is_withdrawn: bool
    keep_data: bool
    pause: ReaderPause | None = None

    @property
    def percent(self) -> int:
        return round(100 * self.done / self.total) if self.total else 0

    @property
    def may_be_paused(self) -> bool:
        """Say whether an editor may pause the reader of a running study, whose own pause counts."""
        return self.pause.is_own if self.pause else self.state in Membership.UNDER_WAY


def study_rows(user: Any) -> QuerySet[Study]:
    """Return the studies that the user runs, with `n_readers`, `n_parts` and `my_role`."""
    mine = Study.objects.run_by(user).values("pk")
    readers = Q(memberships__role="reader", memberships__withdrawn_at=None)
    return (
        Study.objects.filter(pk__in=mine)
        .select_related("domain")
        .annotate(
            n_readers=Count("memberships", filter=readers, distinct=True),
            n_parts=Count("parts", distinct=True),
        )
        .order_by("-created_at")
    )


def reader_progress(study: Study) -> list[Progress]:
    """Return every reader with answered and listed cases; one query."""
    seats = (
        Membership.objects.filter(study=study, role=Membership.Role.READER)
        .annotate(
            done=Count("sessions__assignments", filter=ANSWERED),
            total=Count("sessions__assignments", filter=LISTED),
        )
        .order_by("code")
        .select_related("user", "paused_by")
    )
    return [
        Progress(
            code=seat.code,
            name=seat.user.name,
            email=seat.user.email,
            state=seat.state,
            experience=seat.experience,
            done=seat.done,
            total=seat.total,
            is_withdrawn=seat.withdrawn_at is not None,
            keep_data=seat.keep_data,
            pause=_pause(seat),
        )
        for seat in seats
    ]


def _pause(seat: Membership) -> ReaderPause | None:
    if seat.paused_at is None:
        return None
    return ReaderPause(seat.paused_at, str(seat.paused_by), seat.is_own_pause, seat.pause_reason)


def open_invitations(study: Study, now: datetime) -> QuerySet[Invitation]:
    """Return links that still work."""
    unused = study.invitations.filter(accepted_at=None, revoked_at=None)
    return unused.filter(expires_at__gt=now).order_by("-created_at")


def staff_seats(study: Study) -> QuerySet[Membership]:
    """Return the seats of everybody who does not read."""
    others = Membership.objects.filter(study=study).exclude(role=Membership.Role.READER)
    return others.select_related("user").order_by("code")


@dataclass(frozen=True)
class Cell:
    """One count of the draws table."""

    arm: str
    field: str
    count: int
    available: int
    typed: str = ""

    @property
    def shown(self) -> str | int:
        """Return what stands in the field: what was typed and refused, else the count."""
        return self.typed or self.count


@dataclass(frozen=True)
class Row:
    """One class of the draws table."""

    code: str
    name: str
    cells: list[Cell]
    certainty: str = ""


@dataclass(frozen=True)
class PartTable:
    """The draws of one part, with what its totals mean."""

    part: Any
    rows: list[Row]
    totals: list[int]
    total: int
    real_share: float
    without: tuple[str, ...] = ()
    matching: str = ""
    filled: str = ""
    is_short: bool = False
    form: dict[str, Any] = field(default_factory=dict)

    @property
    def real_percent(self) -> int:
        return round(100 * self.real_share)


def part_tables(
    study: Study, design: Design | None = None, refused: Refused | None = None
) -> list[PartTable]:
    """Return the draws of every part as class x arm tables, and the form of its protocol."""
    design = design or load_design(study)
    classes = list(study.domain.classes.filter(role=ImageClass.Role.EVALUATED).order_by("order"))
    counts = {(d.part_id, d.arm.code, d.image_class.code): d.count for d in design.draws}
    tables = []
    for part in design.parts:
        counted = refused.given("draws", part.order) if refused else None
        given: Mapping[str, Any] = counted or {}
        rows = [
            Row(
                c.code,
                c.name,
                [
                    Cell(
                        arm.code,
                        name := f"count_{arm.code}_{c.code}",
                        counts.get((part.pk, arm.code, c.code), 0),
                        design.available.get((arm.code, c.code), 0),
                        given.get(name, ""),
                    )
                    for arm in design.arms
                ],
                c.label_certainty,
            )
            for c in classes
        ]
        table = _shown(part, rows, [arm.pool.source for arm in design.arms])
        matching: list[str] = next((d.matching for d in design.by_part.get(part.pk, [])), [])
        form = part_form(part, refused.given("part", part.order) if refused else None)
        named = given.get("match", ", ".join(matching))
        tables.append(replace(table, matching=named, form=form))
    return tables


def _shown(part: Any, rows: list[Row], sources: list[str]) -> PartTable:
    """Leave out classes of which no arm has an image and none is asked for; name them instead."""
    filled = [row for row in rows if any(cell.available or cell.count for cell in row.cells)]
    empty = tuple(row.code for row in rows if row not in filled)
    return replace(summarise(part, filled, sources), without=empty)


def summarise(part: Any, rows: list[Row], sources: list[str]) -> PartTable:
    """Add totals and the share of real images to a table."""
    totals = [sum(row.cells[at].count for row in rows) for at in range(len(sources))]
    real = sum(n for n, source in zip(totals, sources, strict=True) if source == "real")
    total = sum(totals)
    return PartTable(part, rows, totals, total, real / total if total else 0)


@dataclass(frozen=True)
class PrepareProgress:
    """How far a preparation is."""

    stage: str
    done: int
    total: int
    error: str

    @property
    def is_running(self) -> bool:
        return self.stage in {Study.Stage.RENDERING, Study.Stage.AUDITING}


def prepare_progress(study: Study) -> PrepareProgress:
    """Count cases and renditions; two queries."""
    return PrepareProgress(
        stage=study.prepare_stage,
        done=Rendition.objects.filter(case__part__study=study).count(),
        total=Case.objects.filter(part__study=study).count(),
        error=study.prepare_error,
    )
