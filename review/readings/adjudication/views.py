"""The adjudicator's pages: queue, case, image."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from review.blinding.container import PNG_TYPE, viewable_png
from review.catalog.storage import read_bytes
from review.readings.adjudication.selectors import load_case, open_for, studies_to_adjudicate
from review.readings.adjudication.services import Vote, cast_vote
from review.readings.image_response import image_response
from review.studies.models import Rendition

LONGEST_PK = 19  # decimal places that a database counts


@login_required
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """List the studies that wait for the user's opinion."""
    rows = [
        {"study": study, "open": open_for(request.user, study).count()}
        for study in studies_to_adjudicate(request.user)
    ]
    return render(request, "review/readings/adjudication_queue.html", {"rows": rows})


@login_required
@require_http_methods(["GET", "POST"])
def next_case(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the next open case of a study, or take the vote on one."""
    study = get_object_or_404(studies_to_adjudicate(request.user), slug=slug)
    waiting = open_for(request.user, study)
    if request.method == "POST":
        asked = request.POST.get("adjudication", "")
        row = get_object_or_404(
            waiting, pk=int(asked) if asked.isdecimal() and len(asked) < LONGEST_PK else 0
        )
        value, words = request.POST.get("value", ""), request.POST.get("rationale", "")
        if value not in Vote.values:
            messages.error(request, "Choose one of the three answers first.")
        else:
            cast_vote(adjudicator=request.user, adjudication=row, value=value, rationale=words)
        return redirect("adjudication:next", slug=slug)
    first = waiting.first()
    context = {"study": study, "left": waiting.count(), "values": Vote.choices}
    if first is not None:
        context["case"] = load_case(first.pk)
    return render(request, "review/readings/adjudication_case.html", context)


@login_required
@require_safe
def image(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Send the rendition of an open case as an 8-bit PNG, as long as every other of its size."""
    study = get_object_or_404(studies_to_adjudicate(request.user), slug=slug)
    row = get_object_or_404(open_for(request.user, study), pk=pk)
    found = get_object_or_404(Rendition.objects.only("storage_key", "bits"), case_id=row.case_id)
    return image_response(viewable_png(read_bytes(found.storage_key), found.bits), PNG_TYPE)
