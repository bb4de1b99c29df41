"""API tokens: hashed in the database, expiring, shown once on the page that makes them."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from knox.models import AuthToken

from review.audit.services import log_event
from review.results.policies import fresh_sign_in_required
from review.studies.models import Study

DAYS = ((1, "1 day"), (7, "7 days"), (30, "30 days"), (90, "90 days"))
MOST = 10


class TokenForm(forms.Form):
    """How long a token lives."""

    days = forms.TypedChoiceField(choices=DAYS, coerce=int, initial=7, label="Valid for")


@login_required
@fresh_sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def token_page(request: HttpRequest) -> HttpResponse:
    """List the user's tokens and make a new one, which is shown in this answer only."""
    _check_may_hold(request)
    form, token = TokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        if _living(request).count() >= MOST:
            form.add_error(None, f"You hold {MOST} tokens. Revoke one first.")
        else:
            token = make_token(actor=request.user, days=form.cleaned_data["days"])
    context = {
        "form": form if not token else TokenForm(),
        "token": token,
        "tokens": _living(request),
        "site": request.build_absolute_uri("/api/"),
    }
    status = 422 if form.errors else 200
    response = render(request, "review/results/tokens.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@login_required
@require_POST
def revoke_token(request: HttpRequest, key: str) -> HttpResponse:
    """Delete one token of the user."""
    with transaction.atomic():
        deleted, _ = AuthToken.objects.filter(user=request.user, token_key=key).delete()
        if not deleted:
            raise Http404
        log_event(actor=request.user, verb="api.token_revoked", obj=f"token:{key}")
    messages.success(request, "The token is revoked; programs that use it are refused from now.")
    return redirect("results:tokens")


@transaction.atomic
def make_token(*, actor: Any, days: int) -> str:
    """Return a new token's text. Only its SHA-512 is stored."""
    row, token = AuthToken.objects.create(user=actor, expiry=timedelta(days=days))
    log_event(
        actor=actor,
        verb="api.token_created",
        obj=f"token:{row.token_key}",
        after={"expires": row.expiry.isoformat()},
    )
    return str(token)


def _living(request: HttpRequest) -> Any:
    mine = AuthToken.objects.filter(user=request.user, expiry__gt=timezone.now())
    return mine.order_by("-created")


def _check_may_hold(request: HttpRequest) -> None:
    """Raise Http404 for users who run no study: the API would have nothing for them."""
    is_admin = getattr(request.user, "is_staff", False)
    if not is_admin and not Study.objects.run_by(request.user).exists():
        raise Http404
