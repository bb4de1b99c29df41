"""Image metrics of a run, for whoever may see the run.

POST /runs/<uuid>/metrics/new/    extractor (bank, untrained), seed
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from generation.quality import selectors, services
from generation.quality.errors import QualityError
from generation.quality.forms import MeasureForm
from generation.quality.words import copy_sentence
from generation.runs.models import GenerationRun
from generation.runs.selectors import runs_open_to
from review.accounts.guards import admin_only
from review.accounts.limits import limit_exports
from review.audit.services import log_event

LONGEST_PK = 19  # decimal places that a database counts


def _run(request: HttpRequest, uuid: Any) -> GenerationRun:
    found = runs_open_to(request.user).select_related("checkpoint__bank", "pool__domain")
    return get_object_or_404(found, uuid=uuid)


@admin_only
@require_safe
def detail(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Show the newest measurement, or ?of=PK; its live part asks again until it has ended."""
    run = _run(request, uuid)
    rows = selectors.measurements_of(request.user, run)
    chosen = request.GET.get("of", "")
    row = get_object_or_404(rows, pk=_number(chosen)) if chosen else rows.first()
    context = {
        "run": run,
        "measurement": row,
        "report": selectors.report_of(row) if row and row.result else None,
        "copies": copy_sentence(row.found) if row and row.result else "",
        "others": [one for one in rows[:20] if row and one.pk != row.pk],
        "form": MeasureForm(run.checkpoint),
    }
    is_fragment = getattr(request, "htmx", False)
    name = "_measurement.html" if is_fragment else "detail.html"
    return render(request, f"generation/quality/{name}", context)


def _number(text: str) -> int:
    """Return a row's number, 0 for what is none: an address may hold anything."""
    return int(text) if text.isdecimal() and len(text) < LONGEST_PK else 0


@admin_only
@require_POST
def start(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Queue a measurement."""
    run = _run(request, uuid)
    form = MeasureForm(run.checkpoint, request.POST)
    if not form.is_valid():
        messages.error(request, "Choose features from the list, and a seed of 0 or more.")
        return redirect("quality:detail", uuid=uuid)
    try:
        services.start_measurement(actor=request.user, run=run, **form.cleaned_data)
    except QualityError as error:
        messages.error(request, str(error))
    return redirect("quality:detail", uuid=uuid)


@admin_only
@require_safe
def original(request: HttpRequest, uuid: Any, pk: int, number: int) -> HttpResponse:
    """Send the training image of a closest pair, framed and turned as it was compared."""
    rows = selectors.measurements_of(request.user, _run(request, uuid))
    row = get_object_or_404(rows.exclude(result=None), pk=pk)
    content = selectors.original_png(row, number)
    if content is None:
        raise Http404("No such picture.")
    answer = HttpResponse(content, content_type="image/png")
    answer["Cache-Control"] = "private, max-age=3600"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@admin_only
@limit_exports
@require_safe
def result(request: HttpRequest, uuid: Any, pk: int) -> HttpResponse:
    """Send a result as JSON, with its hash; every download is logged."""
    rows = selectors.measurements_of(request.user, _run(request, uuid))
    row = get_object_or_404(rows.exclude(result=None), pk=pk)
    after = {"result": row.result_sha256}
    log_event(actor=request.user, verb="measurement.exported", obj=row, after=after)
    content = {"sha256": row.result_sha256, "measured_at": row.finished_at, "result": row.result}
    answer = JsonResponse(content, json_dumps_params={"indent": 1})
    answer["Content-Disposition"] = f'attachment; filename="image-metrics-{uuid}-{pk}.json"'
    return answer
