"""Who may see which results, and how far a study is before there are any."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.shortcuts import get_object_or_404

from review.results.models import Snapshot
from review.studies.models import Membership, Study


@dataclass(frozen=True)
class ReaderProgress:
    """How far one reader is. Never by arm, class or source."""

    code: str
    state: str
    done: int
    total: int

    @property
    def percent(self) -> int:
        return round(100 * self.done / self.total) if self.total else 0


def studies_with_results(user: Any) -> list[Study]:
    """Return the studies that the user runs, newest first."""
    return list(Study.objects.run_by(user).select_related("domain"))


def get_study(user: Any, slug: str) -> Study:
    """Return a study that the user runs. Raises Http404 for readers and strangers alike."""
    return get_object_or_404(Study.objects.run_by(user).select_related("domain"), slug=slug)


def latest_snapshot(study: Study) -> Snapshot | None:
    """Return the snapshot of an unblinded study; None before unblinding."""
    if study.unblinded_at is None:
        return None
    return study.snapshots.order_by("-at", "-pk").first()


def reader_progress(study: Study) -> list[ReaderProgress]:
    """Return answered and assigned cases per reader, without any truth."""
    seats = Membership.objects.filter(study=study, role=Membership.Role.READER)
    assignments = "sessions__assignments"
    counted = seats.annotate(
        total=Count(assignments, filter=~Q(**{f"{assignments}__state": "void"})),
        done=Count(assignments, filter=Q(**{f"{assignments}__state": "answered"})),
    ).order_by("code")
    return [
        ReaderProgress(seat.code, seat.get_state_display(), seat.done, seat.total)
        for seat in counted
    ]
