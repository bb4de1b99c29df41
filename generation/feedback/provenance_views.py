"""The page of one case of an unblinded study: its image, where it came from, who said what."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generation.feedback.provenance import case_to_show, origin_of
from review.catalog.errors import MediaMissing
from review.catalog.storage import media_exists
from review.results.case_readings import CaseReading, case_adjudication, case_readings
from review.results.case_views import PER_PAGE
from review.results.cases import ready_cases, select_cases
from review.results.errors import FilterRefused, SnapshotBroken
from review.results.models import Snapshot
from review.results.policies import closed_cases
from review.results.selectors import latest_snapshot
from review.results.views import results_frame
from review.studies.models import Case


@dataclass(frozen=True)
class Neighbours:
    """The cases beside one in the list it was opened from; `kept` says how that list was chosen."""

    before: str = ""
    after: str = ""
    kept: str = ""
    page: int = 1


@login_required
@require_safe
def case_page(request: HttpRequest, slug: str, order: int, case: str) -> HttpResponse:
    """Show one case; 404 before unblinding, and to everybody who does not run the study."""
    found = case_to_show(request.user, slug, order, case)
    study = found.part.study
    snapshot = latest_snapshot(study)
    if snapshot is None:
        raise Http404
    context = results_frame(study, snapshot, "cases") | _said(snapshot, found)
    context |= {
        "case": found,
        "image": found.image,
        "rendition": shown(found),
        "origin": origin_of(request.user, found),
        "adjudication": case_adjudication(found),
        "beside": _beside(request, snapshot, found),
    }
    return render(request, "generation/feedback/provenance.html", context)


def shown(case: Case) -> Any:
    """Return the rendition of a case if its bytes are still in the store, else None."""
    found = getattr(case, "rendition", None)
    return found if found and media_exists(found.storage_key) else None


def _said(snapshot: Snapshot, case: Case) -> dict[str, Any]:
    """Return the readings, or why they cannot be shown."""
    readings: tuple[CaseReading, ...] = ()
    problem = ""
    try:
        readings = case_readings(snapshot, case)
    except (SnapshotBroken, MediaMissing) as error:
        problem = str(error)
    withdrawn = snapshot.exclusions["flow"]["readers"].get("withdrawn_removed", 0)
    return {"readings": readings, "problem": problem, "n_withdrawn": withdrawn}


def _beside(request: HttpRequest, snapshot: Snapshot, case: Case) -> Neighbours:
    try:
        lines = ready_cases(snapshot)
    except (SnapshotBroken, MediaMissing):  # the readings above say it
        lines = None
    if lines is None:
        return Neighbours()
    closed = closed_cases(request.user, case.part.study)
    lines = tuple(line for line in lines if (line.part, line.case) not in closed)
    here = (case.part.order, case.code)
    try:
        chosen = select_cases(lines, request.GET.dict())
    except FilterRefused:
        chosen = select_cases(lines, {})
    if chosen.place_of(*here) is None:  # not in the list it names: walk through its own part
        own = {"part": str(case.part.order)}
        chosen = select_cases(lines, own if any(line.part == here[0] for line in lines) else {})
    before, after = chosen.beside(*here)
    return Neighbours(
        before=before.case if before else "",
        after=after.case if after else "",
        kept=urlencode(chosen.query),
        page=(chosen.place_of(*here) or 0) // PER_PAGE + 1,
    )
