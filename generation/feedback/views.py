"""Pages of the loop: list, start, one loop with its plan, and the verbs on it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from generation.feedback import selectors, services
from generation.feedback.errors import FeedbackError
from generation.feedback.forms import AttachForm, LoopForm, OverrideForm
from generation.feedback.models import Loop, Plan, PlanCell
from generation.feedback.policies import may_turn, visible_loops
from generation.runs.errors import RunError
from review.results.policies import fresh_sign_in_required


@login_required
@require_safe
def loop_list(request: HttpRequest) -> HttpResponse:
    """List the loops that the user may see."""
    loops = visible_loops(request.user).select_related("domain", "checkpoint")
    context = {"loops": loops.prefetch_related("rounds"), "may_turn": may_turn(request.user)}
    return render(request, "generation/feedback/list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def loop_new(request: HttpRequest) -> HttpResponse:
    """Start a loop."""
    if not may_turn(request.user):
        raise Http404
    form = LoopForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            loop = services.create_loop(actor=request.user, **form.service_arguments())
        except FeedbackError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The loop is there. Propose its first plan.")
            return redirect("loops:detail", pk=loop.pk)
    status = 422 if form.errors else 200
    return render(request, "generation/feedback/new.html", {"form": form}, status=status)


@login_required
@require_safe
def loop_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show plausibility by round and the current plan."""
    loop = selectors.get_loop(request.user, pk)
    return render(request, "generation/feedback/loop.html", _page(request, loop))


def _page(request: HttpRequest, loop: Loop) -> dict[str, Any]:
    views = selectors.round_views(loop)
    lines = selectors.rate_lines(views, loop.checkpoint.classes)
    numbers = selectors.judged_numbers(views)
    plan = selectors.current_plan(loop)
    return {
        "loop": loop,
        "rounds": views,
        "lines": lines,
        "numbers": numbers,
        "figure": selectors.rate_figure(lines, numbers) if lines else None,
        "may_turn": may_turn(request.user),
        "studies": selectors.attachable_studies(loop) if may_turn(request.user) else [],
        "next_plan": selectors.next_plan(views, plan),
        "to_open": selectors.studies_to_open(request.user, loop),
    } | _plan_context(plan, may_turn(request.user))


def _plan_context(plan: Plan | None, is_admin: bool) -> dict[str, Any]:
    classes = selectors.plan_classes(plan) if plan else []
    total = sum(view.n_show for view in classes)
    return {
        "plan": plan,
        "plan_classes": classes,
        "plan_total": total,
        "why_no_launch": selectors.why_no_launch(plan, total),
        "may_change": bool(plan and is_admin and plan.state == Plan.State.DRAFT),
        "may_turn": is_admin,
    }


@login_required
@require_POST
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose the next plan."""
    loop = _turnable(request, pk)
    return _do(request, loop, lambda: services.propose_plan(actor=request.user, loop=loop))


@login_required
@fresh_sign_in_required
@require_POST
def approve(request: HttpRequest, pk: int, plan_pk: int) -> HttpResponse:
    """Approve a draft."""
    loop = _turnable(request, pk)
    plan = get_object_or_404(loop.plans, pk=plan_pk)
    return _do(request, loop, lambda: services.approve_plan(actor=request.user, plan=plan))


@login_required
@require_POST
def launch(request: HttpRequest, pk: int, plan_pk: int) -> HttpResponse:
    """Launch the run of an approved plan."""
    loop = _turnable(request, pk)
    plan = get_object_or_404(loop.plans, pk=plan_pk)
    return _do(request, loop, lambda: services.launch_plan(actor=request.user, plan=plan))


@login_required
@require_POST
def override(request: HttpRequest, pk: int, cell_pk: int) -> HttpResponse:
    """Change one cell of a draft; answers with the plan fragment for htmx."""
    loop = _turnable(request, pk)
    cell = get_object_or_404(PlanCell.objects.filter(plan__loop=loop), pk=cell_pk)
    form = OverrideForm(request.POST)
    error = "" if form.is_valid() else "Give a whole number of images, more or fewer."
    if form.is_valid():
        try:
            services.override_cell(actor=request.user, cell=cell, **form.cleaned_data)
        except FeedbackError as refused:
            error = str(refused)
    if not request.headers.get("HX-Request"):
        if error:
            messages.error(request, error)
        return redirect("loops:detail", pk=loop.pk)
    plan = selectors.current_plan(loop)
    context = {"loop": loop, "error": error} | _plan_context(plan, is_admin=True)
    status = 422 if error else 200
    return render(request, "generation/feedback/_plan.html", context, status=status)


@login_required
@require_POST
def attach(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """Say which study judges a round."""
    loop = _turnable(request, pk)
    round_ = get_object_or_404(loop.rounds, number=number)
    form = AttachForm(selectors.attachable_studies(loop), request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a loop study of this domain that judges no round yet.")
        return redirect("loops:detail", pk=loop.pk)
    study = form.cleaned_data["study"]
    return _do(
        request,
        loop,
        lambda: services.attach_study(round_=round_, study=study, actor=request.user),
    )


def _turnable(request: HttpRequest, pk: int) -> Loop:
    """Return a loop that an admin may turn; 404 for everybody else."""
    if not may_turn(request.user):
        raise Http404
    return selectors.get_loop(request.user, pk)


def _do(request: HttpRequest, loop: Loop, verb: Callable[[], object]) -> HttpResponse:
    """Run a service, show what it refuses, and return to the page."""
    try:
        verb()
    except (FeedbackError, RunError) as error:
        messages.error(request, str(error))
    return redirect("loops:detail", pk=loop.pk)
