"""Add cases to a running study: ask, watch the work, look at what came of it, commit or discard."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from review.studies import services
from review.studies.errors import WrongState
from review.studies.forms import sent_cells
from review.studies.models import Addition, Study
from review.studies.policies import may_edit
from review.studies.selectors import additions as selectors
from review.studies.services.adding.asking import open_addition
from review.studies.services.amend import RUNNING
from review.studies.views.common import edits_on, load_study
from review.studies.views.preparation import sorted_sources


@login_required
@require_safe
def addition(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the form, or the addition that is on its way."""
    return _page(request, load_study(request, slug))


def _page(
    request: HttpRequest, study: Study, *, problem: str = "", status: int = 200
) -> HttpResponse:
    """Render the page, with what went wrong and what was typed."""
    page = selectors.addition_page(study, request.POST.dict())
    report = page["addition"].audit_report if page["addition"] else {}
    context = {
        "study": study,
        "problem": problem,
        "typed": request.POST,
        "is_running": study.state in RUNNING,
        "may_edit": may_edit(request.user, study),
        "report": sorted_sources(report),
        **page,
    }
    return render(request, "review/studies/addition.html", context, status=status)


@login_required
@require_safe
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how far the work is; polled by the page, and as JSON by scripts."""
    study = load_study(request, slug)
    held = open_addition(study)
    work = selectors.work_done(held) if held else selectors.WorkDone(0, 0)
    if request.GET.get("as") == "json":
        found = {"state": held.state, "error": held.error} if held else {"state": "", "error": ""}
        audit = held.audit_state if held else ""
        return JsonResponse({**found, "done": work.done, "total": work.total, "audit": audit})
    context = {"study": study, "addition": held, "work": work}
    response = render(request, "review/studies/_addition_progress.html", context)
    if held is None or not held.is_running:
        response["HX-Refresh"] = "true"  # the rest of the page has changed with the state
    return response


edits = edits_on(_page)


@edits
def change(request: HttpRequest, study: Study, verb: str) -> HttpResponse:
    """Start, commit, override, discard or try again."""
    if verb not in VERBS:
        raise Http404("No such page.")
    VERBS[verb](request, study)
    return redirect("studies:addition", slug=study.slug)


def _start(request: HttpRequest, study: Study) -> None:
    cells = [
        (draw.part.order, draw.arm.code, draw.image_class.code)
        for draw in selectors.design_cells(study)
    ]
    services.start_addition(
        actor=request.user,
        study=study,
        counts=sent_cells(request.POST, cells),
        reason=request.POST.get("reason", ""),
    )


def _commit(request: HttpRequest, study: Study) -> None:
    amendment = services.commit_addition(actor=request.user, addition=_held(request, study))
    messages.success(request, f"Done: {amendment.kind}. The protocol has a new hash.")


def _override(request: HttpRequest, study: Study) -> None:
    reason = request.POST.get("reason", "")
    services.override_addition(actor=request.user, addition=_held(request, study), reason=reason)
    messages.success(
        request, "Overridden; nothing is added yet. The reason goes into the protocol."
    )


def _discard(request: HttpRequest, study: Study) -> None:
    services.discard_addition(actor=request.user, addition=_held(request, study))
    messages.success(request, "Discarded. The study is as it was.")


def _retry(request: HttpRequest, study: Study) -> None:
    services.retry_addition(actor=request.user, addition=_held(request, study))


VERBS: dict[str, Callable[[HttpRequest, Study], Any]] = {
    "start": _start,
    "commit": _commit,
    "override": _override,
    "discard": _discard,
    "retry": _retry,
}


def _held(request: HttpRequest, study: Study) -> Addition:
    """Return the addition that is on its way, if the page showed this one. Raises WrongState."""
    held = open_addition(study)
    if held is None:
        raise WrongState("No cases are being added to this study now.")
    if request.POST.get("addition", str(held.pk)) != str(held.pk):
        raise WrongState(
            "Other cases than those you looked at are being added by now. Look at these first."
        )
    return held
