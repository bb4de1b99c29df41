"""Pages of trainings and checkpoints, for admins.

POST /training/new/          pool (pk), family, preset, seed, prototypes, steps, early_steps,
                             guidance, name
POST /training/<uuid>/cancel/
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from generation.training import services
from generation.training.errors import TrainingError
from generation.training.figures import loss_figure
from generation.training.forms import TrainingForm
from generation.training.models import Checkpoint, TrainingJob
from review.accounts.guards import admin_only


@admin_only
@require_safe
def training_list(request: HttpRequest) -> HttpResponse:
    """List trainings and the checkpoints they made."""
    context = {
        "jobs": TrainingJob.objects.select_related("pool__domain")[:100],
        "checkpoints": Checkpoint.objects.select_related("domain", "bank")[:100],
    }
    return render(request, "generation/training/list.html", context)


@admin_only
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Start a training."""
    form = TrainingForm(request.POST or None, initial={"pool": request.GET.get("pool")})
    if request.method == "POST" and form.is_valid():
        try:
            job = services.start_training(actor=request.user, **form.service_arguments())
        except TrainingError as error:
            form.add_error(None, str(error))
        else:
            return redirect("training:detail", uuid=job.uuid)
    status = 422 if form.errors else 200
    return render(request, "generation/training/new.html", {"form": form}, status=status)


@admin_only
@require_safe
def detail(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Show a training; its live part asks again every second until it has ended."""
    found = TrainingJob.objects.select_related("pool__domain", "checkpoint", "requested_by")
    job = get_object_or_404(found, uuid=uuid)
    made = Checkpoint.objects.filter(bank__card_sha256=job.options.get("bank", "none"))
    context = {
        "job": job,
        "checkpoints": made.filter(family=job.family).order_by("step"),
        "is_open": job.finished_at is None,
        "percent": 100 * job.step // max(job.total_steps, 1),
        "figure": loss_figure(job.metrics.get("curve", [])),
    }
    is_fragment = getattr(request, "htmx", False)
    name = "generation/training/_job.html" if is_fragment else "generation/training/detail.html"
    return render(request, name, context)


@admin_only
@require_POST
def cancel(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Stop a training; checkpoints kept so far stay."""
    job = get_object_or_404(TrainingJob, uuid=uuid)
    services.cancel_training(actor=request.user, job=job)
    messages.success(request, "The training stops within a second. Checkpoints kept so far stay.")
    return redirect("training:detail", uuid=uuid)
