"""The list of a study's cases, and their pictures; one case has a page in generation.feedback."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from review.blinding.container import PNG_TYPE, viewable_png
from review.catalog.errors import MediaMissing
from review.catalog.storage import read_bytes
from review.readings.image_response import image_response
from review.results import selectors
from review.results.cases import (
    OPINIONS,
    SHARES,
    Selection,
    opinion_of,
    ready_cases,
    select_cases,
)
from review.results.errors import FilterRefused, SnapshotBroken
from review.results.policies import cases_open_to, closed_cases
from review.results.views import not_yet, results_frame
from review.studies.models import Rendition, Study

PER_PAGE = 50
THUMB_PX = 72
HEADERS = (
    ("case", "Case"),
    ("share", ""),  # named by what the part asks
    ("opinion", "Readers"),
    ("judged", "Judged by"),
    ("class", "Class"),
    ("arm", "Arm"),
    ("flags", "Flags"),
)


@login_required
@require_safe
def case_list(request: HttpRequest, slug: str) -> HttpResponse:
    """List the cases of a part: what they were, and what readers said."""
    study = selectors.get_study(request.user, slug)
    snapshot = selectors.latest_snapshot(study)
    if snapshot is None:
        return not_yet(request, study)
    context = results_frame(study, snapshot, "cases")
    try:
        lines = ready_cases(snapshot)
    except (SnapshotBroken, MediaMissing) as error:
        return render(request, "review/results/cases.html", context | {"broken": str(error)})
    if lines is None:
        return render(request, "review/results/building.html", context, status=202)
    closed = closed_cases(request.user, study)
    lines = tuple(line for line in lines if (line.part, line.case) not in closed)
    problem, query = "", request.GET.dict()
    try:
        chosen = select_cases(lines, query)
    except FilterRefused as error:
        problem, chosen = str(error), select_cases(lines, {})
    context |= _table(study, chosen, query.get("page", "1")) | {
        "problem": problem,
        "n_closed": len(closed),
        "filters": _filters(study, lines, chosen),
    }
    return render(request, "review/results/cases.html", context, status=400 if problem else 200)


def _table(study: Study, chosen: Selection, number: str) -> dict[str, Any]:
    kinds = dict(study.parts.values_list("order", "kind"))
    page = Paginator(chosen.lines, PER_PAGE).get_page(number)
    return {
        "page": page,
        "rows": [{"line": line, "opinion": opinion_of(line)} for line in page],
        "kept": urlencode(chosen.query),
        "heads": [_head(name, title, chosen) for name, title in HEADERS],
        "share_title": SHARES[kinds[chosen.part]] if chosen.part in kinds else "Share",
    }


def _head(name: str, title: str, chosen: Selection) -> dict[str, Any]:
    """Return a column's header: its address sorts by it, and turns the order round if it does."""
    is_up, is_down = chosen.order == name, chosen.order == f"-{name}"
    query = {**chosen.query, "order": f"-{name}" if is_up else name}
    return {
        "name": name,
        "title": title,
        "query": urlencode(query),
        "sorted": "ascending" if is_up else "descending" if is_down else "",
        "is_number": name in {"judged", "share", "flags"},
    }


def _filters(study: Study, lines: Any, chosen: Selection) -> list[dict[str, Any]]:
    """Return the choices above the table; parts ask different things, so one is always chosen."""
    kinds = study.parts.order_by("order").values_list("order", "kind")
    listed = {line.part for line in lines}
    parts = [(str(order), f"{order}: {kind}") for order, kind in kinds if order in listed]
    classes = sorted({line.class_code for line in lines})
    arms = sorted({line.arm for line in lines})
    offered = [
        ("part", "Part", parts),
        ("class", "Class", [("", "all"), *((one, one) for one in classes)]),
        ("arm", "Arm", [("", "all"), *((one, one) for one in arms)]),
        ("opinion", "Readers", [("", "all"), *((one, one) for one in OPINIONS)]),
    ]
    return [
        {"name": name, "title": title, "choices": choices,
         "chosen": str(chosen.part) if name == "part" else chosen.query.get(name, "")}
        for name, title, choices in offered
    ]  # fmt: skip


@login_required
@require_safe
def case_image(
    request: HttpRequest, slug: str, order: int, case: str, side: int | None = None
) -> HttpResponse:
    """Send what readers were shown of a case, as an 8-bit PNG; never the file it came from."""
    mine = cases_open_to(request.user).filter(part__study__slug=slug)
    found = get_object_or_404(mine, part__order=order, code=case)
    rendition = get_object_or_404(Rendition.objects.only("storage_key", "bits"), case=found)
    try:
        content = read_bytes(rendition.storage_key)
    except MediaMissing as error:
        raise Http404(str(error)) from error
    return image_response(viewable_png(content, rendition.bits, side=side), PNG_TYPE)
