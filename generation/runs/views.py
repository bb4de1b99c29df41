"""Pages of generation runs, for admins: list, launch, one run live.

POST /runs/new/      checkpoint (pk), counts ("BAS=20,EOS=20" or one number), name, seed
POST /runs/<uuid>/cancel/
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from generation.runs import selectors, services
from generation.runs.errors import RunError
from generation.runs.forms import LaunchForm
from generation.training.models import Checkpoint
from review.accounts.guards import admin_only


@admin_only
@require_safe
def run_list(request: HttpRequest) -> HttpResponse:
    """List runs, newest first."""
    runs = selectors.runs_open_to(request.user).select_related("checkpoint", "pool__domain")[:200]
    return render(request, "generation/runs/list.html", {"runs": runs})


@admin_only
@require_http_methods(["GET", "HEAD", "POST"])
def launch(request: HttpRequest) -> HttpResponse:
    """Launch a run."""
    initial = {"counts": "20", "checkpoint": request.GET.get("checkpoint")}
    form = LaunchForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            run = services.launch_run(actor=request.user, **form.cleaned_data)
        except RunError as error:
            form.add_error(None, str(error))
        else:
            return redirect("runs:detail", uuid=run.uuid)
    context = {"form": form, "has_checkpoint": Checkpoint.objects.exists()}
    status = 422 if form.errors else 200
    return render(request, "generation/runs/launch.html", context, status=status)


@admin_only
@require_safe
def detail(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Show a run; its live part asks again every second until the run has ended."""
    runs = selectors.runs_open_to(request.user)
    found = runs.select_related("checkpoint", "pool__domain", "requested_by")
    run = get_object_or_404(found, uuid=uuid)
    context = {
        "run": run,
        "progress": selectors.progress_of(run),
        "recent": selectors.recent_images(run, request.user),
        "cells": selectors.cells_of(run),
        "is_open": run.finished_at is None,
    }
    is_fragment = getattr(request, "htmx", False)
    name = "generation/runs/_run.html" if is_fragment else "generation/runs/detail.html"
    return render(request, name, context)


@admin_only
@require_POST
def cancel(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Stop a run; what is drawn stays."""
    run = get_object_or_404(selectors.runs_open_to(request.user), uuid=uuid)
    services.cancel_run(actor=request.user, run=run)
    messages.success(request, "The workers stop after the batch in hand. Images drawn so far stay.")
    return redirect("runs:detail", uuid=uuid)
