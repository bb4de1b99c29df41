"""Read, and in a draft edit, the criteria of a study."""

from itertools import zip_longest

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from review.accounts.limits import limit
from review.catalog.models import Pool
from review.studies.errors import BadProtocol
from review.studies.models import Study
from review.studies.policies import may_edit
from review.studies.services import criteria as services
from review.studies.services.pilot import MOST_EXPERTS, PILOT_IMAGES, start_pilot
from review.studies.views.common import edits_on, load_study


@login_required
@require_safe
def criteria(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the criteria with their help texts."""
    return _page(request, load_study(request, slug))


def _page(
    request: HttpRequest, study: Study, *, problem: str = "", status: int = 200
) -> HttpResponse:
    """Render the criteria, with what went wrong and what was typed."""
    is_editor = may_edit(request.user, study)
    emails = request.POST.getlist("email")
    context = {
        "study": study,
        "problem": problem,
        "given": request.POST,
        "refused": request.resolver_match.kwargs.get("code", "") if request.resolver_match else "",
        "chosen": request.POST.getlist("pools"),
        "criteria": study.criterion_set.criteria.order_by("order"),
        "signatures": study.criterion_set.signatures.select_related("account"),
        "pilots": study.pilots.select_related("criterion_set__domain").order_by("-created_at"),
        "may_edit": is_editor and services.is_own_version(study),
        "may_sign": study.state == Study.State.DRAFT and services.may_sign(request.user, study),
        "may_fork": is_editor and study.state == Study.State.DRAFT,
        "pools": _pools(study),
        "n_images": PILOT_IMAGES,
        "experts": zip_longest(range(1, MOST_EXPERTS + 1), emails[:MOST_EXPERTS], fillvalue=""),
    }
    return render(request, "review/studies/criteria.html", context, status=status)


edits = edits_on(_page)


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
    if not pixels.isdecimal() or len(pixels) > 4 or int(pixels) > 4096:
        raise BadProtocol(f"Pixels needed: {pixels[:20]!r} is no whole number up to 4096.")
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


@limit("pilot", 40, 3600)  # three e-mails each: as many as invitations
@edits
def pilot(request: HttpRequest, study: Study) -> HttpResponse:
    """Start a pilot of the criteria and go to its page."""
    chosen = set(request.POST.getlist("pools"))
    made = start_pilot(
        actor=request.user,
        study=study,
        pools=[pool for pool in _pools(study) if str(pool.uuid) in chosen],
        emails=request.POST.getlist("email"),
    )
    messages.success(request, "The pilot is being prepared; its experts are invited by e-mail.")
    return redirect("studies:detail", slug=made.slug)


@edits
def sign(request: HttpRequest, study: Study) -> HttpResponse:
    """Store the signature of an expert under the criteria."""
    given = request.POST
    services.sign_criteria(
        actor=request.user,
        study=study,
        name=given.get("name", ""),
        credentials=given.get("credentials", ""),
    )
    messages.success(request, "Signed. The texts of this version never change again.")
    return redirect("studies:criteria", slug=study.slug)


@edits
def freeze(request: HttpRequest, study: Study) -> HttpResponse:
    """Close a signed version."""
    services.freeze_criteria(actor=request.user, study=study)
    messages.success(request, "Frozen: no further change and no further signature.")
    return redirect("studies:criteria", slug=study.slug)


def _pools(study: Study) -> list[Pool]:
    """Return the complete pools of the study's domain, real ones first."""
    ready = Pool.objects.filter(domain=study.domain_id, state=Pool.State.COMPLETE)
    return list(ready.order_by("source", "name"))
