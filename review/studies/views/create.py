"""Start a study on one page."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from review.studies.errors import StudyError
from review.studies.forms import NewStudyForm
from review.studies.policies import may_create
from review.studies.services.design import design_study
from review.studies.views.common import UNFIT, status_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Show the form, fill its count tables (a POST with `fill`), or make the draft."""
    if not may_create(request.user):
        raise Http404("No such page.")
    fill = "fill" in request.POST
    form = NewStudyForm(request.POST or request.GET, fill=fill)
    if fill or request.method != "POST":
        return _form(request, form)
    design = form.design()
    if design is None:
        return _form(request, form, UNFIT)
    try:
        study = design_study(actor=request.user, design=design)
    except StudyError as error:
        form.errors["form"] = str(error)
        return _form(request, form, status_of(error))
    return redirect("studies:detail", slug=study.slug)


def _form(request: HttpRequest, form: NewStudyForm, status: int = 200) -> HttpResponse:
    fragment = getattr(request, "htmx", None)
    template = "review/studies/_new_form.html" if fragment else "review/studies/new.html"
    return render(request, template, {"form": form}, status=status)
