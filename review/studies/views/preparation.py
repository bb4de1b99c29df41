"""Prepare a study and read its blinding audit; then the states of a running study."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from review.accounts.limits import limit_exports
from review.studies import services
from review.studies.models import Study
from review.studies.policies import may_edit
from review.studies.protocol import canonical_sha256
from review.studies.selectors import pages
from review.studies.services.guards import log_study
from review.studies.views.common import edits, load_study

VERBS: dict[str, tuple[Callable[..., Study], str]] = {
    "activate": (services.activate_study, "The study is open. Readers see it in their list."),
    "pause": (services.pause_study, "Paused: readers can send no answers for now."),
    "resume": (services.resume_study, "The study goes on."),
    "close": (services.close_study, "Closed: no more answers are taken."),
    "archive": (services.archive_study, "Archived."),
}


@edits
def prepare(request: HttpRequest, study: Study) -> HttpResponse:
    """Draw the images and start rendering."""
    services.prepare_study(actor=request.user, study=study)
    return redirect("studies:detail", slug=study.slug)


@edits
def discard(request: HttpRequest, study: Study) -> HttpResponse:
    """Go back to draft."""
    services.discard_prepare(actor=request.user, study=study)
    messages.success(request, "Back to draft: cases and lists were discarded.")
    return redirect("studies:detail", slug=study.slug)


@login_required
@require_safe
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how far the preparation is; polled by the page, and as JSON by scripts."""
    study = load_study(request, slug)
    found = pages.prepare_progress(study)
    if request.GET.get("as") == "json":
        return JsonResponse(
            {
                "state": study.state,
                "stage": found.stage,
                "done": found.done,
                "total": found.total,
                "error": found.error,
                "audit": study.audit_report.get("state", ""),
            }
        )
    response = render(
        request, "review/studies/_prepare_progress.html", {"study": study, "progress": found}
    )
    if not found.is_running:
        response["HX-Refresh"] = "true"  # the rest of the page has changed with the state
    return response


@login_required
@require_safe
def audit(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the blinding audit."""
    study = load_study(request, slug)
    context = {
        "study": study,
        "report": sorted_sources(study.audit_report),
        "may_edit": may_edit(request.user, study),
        "is_blocked": study.prepare_stage == Study.Stage.BLOCKED,
    }
    return render(request, "review/studies/audit.html", context)


def sorted_sources(report: dict[str, Any]) -> dict[str, Any]:
    """Put the facts of the source files that differ apart from those that do not."""
    parts = []
    for part in report.get("parts", []):
        sources = part.get("sources", [])
        differing = [found for found in sources if found["auc"] != 0.5]
        alike = [found for found in sources if found["auc"] == 0.5]
        parts.append({**part, "differing": differing, "alike": alike})
    return {**report, "parts": parts} if report else {}


@login_required
@limit_exports
@require_safe
def audit_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the blinding audit as JSON; every download is logged."""
    study = load_study(request, slug)
    after = {"sha256": canonical_sha256(study.audit_report)}
    log_study(request.user, study, "audit.exported", after=after)
    return JsonResponse({"report": study.audit_report, "override": study.audit_override})


@edits
def override(request: HttpRequest, study: Study) -> HttpResponse:
    """Go on although a cue blocks, for a written reason."""
    services.override_audit(actor=request.user, study=study, reason=request.POST.get("reason", ""))
    messages.success(request, "Prepared. The override is part of the protocol.")
    return redirect("studies:detail", slug=study.slug)


@edits
def change_state(request: HttpRequest, study: Study, verb: str) -> HttpResponse:
    """Activate, pause, resume, close or archive."""
    if verb not in VERBS:
        raise Http404("No such page.")
    change, said = VERBS[verb]
    change(actor=request.user, study=study)
    messages.success(request, said)
    return redirect("studies:detail", slug=study.slug)
