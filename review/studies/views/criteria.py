"""Read, and in a draft edit, the criteria of a study."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from review.studies.errors import BadProtocol
from review.studies.models import Study
from review.studies.policies import may_edit
from review.studies.services import criteria as services
from review.studies.views.common import edits, load_study


@login_required
@require_safe
def criteria(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the criteria with their help texts."""
    study = load_study(request, slug)
    is_editor = may_edit(request.user, study)
    context = {
        "study": study,
        "criteria": study.criterion_set.criteria.order_by("order"),
        "may_edit": is_editor and services.is_own_version(study),
        "may_fork": is_editor and study.state == Study.State.DRAFT,
    }
    return render(request, "review/studies/criteria.html", context)


@edits
def fork(request: HttpRequest, study: Study) -> HttpResponse:
    """Make a version of the study's own."""
    services.fork_criteria(actor=request.user, study=study)
    return redirect("studies:criteria", slug=study.slug)


@edits
def change(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """Change a criterion, or take it out."""
    criterion = get_object_or_404(study.criterion_set.criteria, code=code)
    if "remove" in request.POST:
        services.remove_criterion(actor=request.user, study=study, criterion=criterion)
        return redirect("studies:criteria", slug=study.slug)
    pixels = request.POST.get("min_px", "").strip() or "0"
    if not pixels.isdigit() or int(pixels) > 4096:
        raise BadProtocol(f"Pixels needed: {pixels!r} is no whole number up to 4096.")
    services.update_criterion(
        actor=request.user,
        study=study,
        criterion=criterion,
        label=request.POST.get("label", "").strip()[:120],
        help=request.POST.get("help", "").strip(),
        counts="counts" in request.POST,
        min_px=int(pixels),
    )
    messages.success(request, f"{criterion.label} saved.")
    return redirect("studies:criteria", slug=study.slug)


@edits
def sign(request: HttpRequest, study: Study) -> HttpResponse:
    """Record that an expert confirmed the criteria."""
    services.sign_criteria(actor=request.user, study=study, expert=request.POST.get("expert", ""))
    messages.success(request, "Signed. This version never changes again.")
    return redirect("studies:criteria", slug=study.slug)
