"""How somebody comes in by an invitation link, and how a reader leaves."""

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from review.accounts.limits import limit
from review.accounts.models import User
from review.studies import services
from review.studies.errors import InvitationGone, StudyError
from review.studies.models import Membership, Study
from review.studies.views.common import GONE, UNFIT, status_of

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@limit("join", 60, 60)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Use an invitation: name and password, or the account of that address."""
    try:
        invitation = services.find_invitation(token)
    except InvitationGone as error:
        return render(request, "review/studies/gone.html", {"problem": str(error)}, status=GONE)
    known = User.objects.filter(email__iexact=invitation.email).first()
    context: dict[str, Any] = {
        "invitation": invitation,
        "study": invitation.study,
        "has_account": known is not None,
        "is_me": known is not None and known.pk == request.user.pk,
        "name": request.POST.get("name", ""),
    }
    if request.method != "POST":
        return render(request, "review/studies/join.html", context)
    return _accept(request, token, context)


def _accept(request: HttpRequest, token: str, context: dict[str, Any]) -> HttpResponse:
    try:
        seat = services.accept_invitation(
            token=token,
            password=request.POST.get("password", ""),
            name=request.POST.get("name", "")[:120],
            user=request.user,
        )
    except ValidationError as error:
        context["problems"] = error.messages
        return render(request, "review/studies/join.html", context, status=UNFIT)
    except StudyError as error:
        context["problems"] = [str(error)]
        status = UNFIT if status_of(error) == 404 else status_of(error)
        return render(request, "review/studies/join.html", context, status=status)
    if not request.user.is_authenticated:
        login(request, seat.user, backend=BACKEND)
    if seat.role == Membership.Role.READER:
        return redirect("reader:consent", slug=seat.study.slug)
    if seat.role == Membership.Role.ADJUDICATOR:
        return redirect("adjudication:queue")
    return redirect("studies:detail", slug=seat.study.slug)


def _own_seat(request: HttpRequest, slug: str) -> Membership:
    """Return the user's reader's seat in a study, or 404."""
    mine = Study.objects.read_by(request.user)
    study = get_object_or_404(mine, slug=slug)
    return study.memberships.select_related("study").get(user=request.user.pk or 0)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Let a reader stop for good, with or without the answers given so far."""
    seat = _own_seat(request, slug)
    context: dict[str, Any] = {
        "study": seat.study,
        "seat": seat,
        "may_pause": services.may_pause(seat),
    }
    if request.method != "POST":
        return render(request, "review/studies/leave.html", context)
    try:
        keep = bool(request.POST.get("keep_data"))
        services.withdraw_reader(actor=request.user, membership=seat, keep_data=keep)
    except StudyError as error:
        context["problem"] = str(error)
        return render(request, "review/studies/leave.html", context, status=status_of(error))
    return redirect("reader:worklist")
