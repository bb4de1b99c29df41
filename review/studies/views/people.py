"""Invite, withdraw, and amend a running study."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from review.accounts.limits import limit
from review.studies import services
from review.studies.errors import BadProtocol
from review.studies.models import Case, Membership, Study
from review.studies.views.common import edits, moment
from review.studies.views.pages import study_page


@limit("invite", 120, 3600)
@edits
def invite(request: HttpRequest, study: Study) -> HttpResponse:
    """Make an invitation; the page shows its link once."""
    email = request.POST.get("email", "").strip()
    if "@" not in email:
        raise BadProtocol("Give the e-mail address of the person to invite.")
    _, token = services.invite(
        actor=request.user,
        study=study,
        email=email,
        role=request.POST.get("role", Membership.Role.READER),
        experience=request.POST.get("experience", "")[:120],
    )
    return study_page(request, study, join_url=services.join_url(token))


@edits
def revoke(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Make a link useless."""
    invitation = get_object_or_404(study.invitations, pk=pk)
    services.revoke_invitation(actor=request.user, invitation=invitation)
    return redirect("studies:detail", slug=study.slug)


@limit("invite", 120, 3600)
@edits
def withdraw(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """End a reader's seat; with an address, invite who takes it over and show the link once."""
    seat = _reader(study, code)
    email = request.POST.get("email", "").strip()
    given: dict[str, Any] = {
        "actor": request.user,
        "membership": seat,
        "keep_data": bool(request.POST.get("keep_data")),
        "reason": request.POST.get("reason", ""),
    }
    if not email:
        services.withdraw_reader(**given)
        messages.success(request, f"{code} is withdrawn.")
        return redirect("studies:detail", slug=study.slug)
    if "@" not in email:
        raise BadProtocol(f"{email[:80]!r} is no e-mail address; {code} was not withdrawn.")
    _, token = services.replace_reader(email=email, **given)
    study.refresh_from_db()
    messages.success(request, f"{code} is withdrawn; {email} is invited instead.")
    return study_page(request, study, join_url=services.join_url(token))


def _reader(study: Study, code: str) -> Membership:
    return get_object_or_404(study.memberships, code=code, role=Membership.Role.READER)


@edits
def pause_reader(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """Stop one reader for now, with a reason."""
    reason = request.POST.get("reason", "")
    services.pause_reader(actor=request.user, membership=_reader(study, code), reason=reason)
    messages.success(request, f"{code} is paused, and is told so.")
    return redirect("studies:detail", slug=study.slug)


@edits
def resume_reader(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """Let one reader go on."""
    services.resume_reader(actor=request.user, membership=_reader(study, code))
    messages.success(request, f"{code} may go on.")
    return redirect("studies:detail", slug=study.slug)


@edits
def amend(request: HttpRequest, study: Study) -> HttpResponse:
    """Change a running study, with a reason."""
    kind, value = request.POST.get("kind", ""), request.POST.get("value", "").strip()
    common: dict[str, Any] = {"actor": request.user, "reason": request.POST.get("reason", "")}
    if kind == "deadline":
        services.extend_study(study=study, deadline=moment(value), **common)
    elif kind == "intro":
        services.change_intro(study=study, intro=value, **common)
    elif kind == "void":
        case = Case.objects.filter(part__study=study, code=value.upper()).first()
        if case is None:
            raise BadProtocol(f"Case {value!r} is not in this study. Codes look like C0001.")
        services.void_case(case=case, **common)
    else:
        raise BadProtocol("Choose what is amended: the deadline, the introduction, or a case.")
    messages.success(request, "Amended; the protocol has a new hash.")
    return redirect("studies:detail", slug=study.slug)
