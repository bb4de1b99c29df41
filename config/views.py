"""The first page: everybody lands where their work is."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from review.studies.models import Study


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Send readers to their worklist and everybody else to their studies."""
    runs_studies = Study.objects.run_by(request.user).exists()
    is_admin = getattr(request.user, "is_staff", False)
    return redirect("studies:list" if is_admin or runs_studies else "reader:worklist")
