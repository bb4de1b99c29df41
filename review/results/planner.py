"""The planner page: what a study of so many readers and images could show."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


class PlannerForm(forms.Form):
    """What the planner is asked. Rates as fractions."""

    rate_1 = forms.FloatField(
        label="Plausible, first arm", initial=0.5, min_value=0.02, max_value=0.98
    )
    rate_2 = forms.FloatField(
        label="Plausible, second arm", initial=0.65, min_value=0.02, max_value=0.98
    )
    auc = forms.FloatField(
        label="AUC that readers may reach", initial=0.6, min_value=0.5, max_value=0.95
    )
    margin = forms.FloatField(label="Margin around .5", initial=0.1, min_value=0.02, max_value=0.3)
    readers = forms.IntegerField(label="Readers", initial=3, min_value=1, max_value=30)
    images = forms.IntegerField(label="Images per arm", initial=100, min_value=5, max_value=1000)
    accept_rate = forms.FloatField(
        label="Acceptable in truth", initial=0.9, min_value=0.5, max_value=0.99
    )


@login_required
@require_safe
def planner(request: HttpRequest) -> HttpResponse:
    """Show the form and, once it is valid, curves and tables. Nothing is stored.

    What the address does not ask for keeps its usual value.
    """
    from metrics.report.planner import Wish, plan_section

    form = PlannerForm(asdict(Wish()) | request.GET.dict())
    context: dict[str, Any] = {"form": form, "section": None}
    if form.is_valid():
        context["section"] = asdict(plan_section(Wish(**form.cleaned_data)))
    status = 200 if form.is_valid() else 422
    return render(request, "review/results/planner.html", context, status=status)
