"""What the views of this room share: loading by seat, and errors as pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from review.catalog.errors import CatalogError
from review.studies.errors import (
    BadProtocol,
    InvitationGone,
    NotAllowed,
    StudyError,
    StudyFrozen,
    WrongState,
)
from review.studies.models import Study

View = Callable[..., HttpResponse]
CONFLICT, GONE, UNFIT, HIDDEN = 409, 410, 422, 404


def load_study(request: HttpRequest, slug: str) -> Study:
    """Return a study that the user runs, or 404."""
    return get_object_or_404(Study.objects.run_by(request.user).select_related("domain"), slug=slug)


def load_edited(request: HttpRequest, slug: str) -> Study:
    """Return a study that the user may change, or 404."""
    mine = Study.objects.edited_by(request.user).select_related("domain")
    return get_object_or_404(mine, slug=slug)


def status_of(error: Exception) -> int:
    """Return the HTTP status of an error of this room."""
    if isinstance(error, StudyFrozen | WrongState):
        return CONFLICT
    if isinstance(error, InvitationGone):
        return GONE
    return HIDDEN if isinstance(error, NotAllowed) else UNFIT


def moment(text: str) -> datetime:
    """Read a date, or a date with a time, as UTC."""
    try:
        found = parse_datetime(text) or datetime.strptime(text, "%Y-%m-%d")
    except ValueError as error:
        raise BadProtocol(f"{text!r} is no date; write it as 2027-01-31.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def edits(view: View) -> View:
    """Wrap a POST that changes a study: 404 unless editor; an error shows the study with it."""

    def study_with(request: HttpRequest, study: Study, **said: Any) -> HttpResponse:
        from review.studies.views.pages import study_page

        return study_page(request, study, **said)

    return edits_on(study_with)(view)


def edits_on(page: View) -> Callable[[View], View]:
    """Wrap like `edits`; an error shows `page`, which takes problem and status."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, **rest: Any) -> HttpResponse:
            study = load_edited(request, slug)
            try:
                return view(request, study, **rest)
            except (StudyError, CatalogError) as error:
                study.refresh_from_db()
                return page(request, study, problem=str(error), status=status_of(error))

        return login_required(require_POST(guarded))

    return wrap
