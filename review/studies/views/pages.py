"""The list of studies and the page of one study."""

import json

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from review.accounts.limits import limit_exports
from review.catalog.models import ImageClass, Pool
from review.studies.defaults import FINDINGS_KINDS, MOST_FINDINGS
from review.studies.models import Membership, Part, Study
from review.studies.policies import may_create, may_edit
from review.studies.protocol import verify_protocol
from review.studies.selectors import pages
from review.studies.selectors.checklist import (
    activation_checklist,
    checklist,
    load_design,
)
from review.studies.selectors.looks import looks_form
from review.studies.selectors.part_form import Refused
from review.studies.selectors.shown import shown_parts
from review.studies.services.adding.asking import open_addition
from review.studies.services.guards import log_study
from review.studies.views.common import load_study

State = Study.State


@login_required
@require_safe
def study_list(request: HttpRequest) -> HttpResponse:
    """List the studies that the user runs."""
    context = {"studies": pages.study_rows(request.user), "may_create": may_create(request.user)}
    return render(request, "review/studies/list.html", context)


@login_required
@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a study to those who run it."""
    return study_page(request, load_study(request, slug))


def study_page(
    request: HttpRequest, study: Study, *, problem: str = "", status: int = 200, join_url: str = ""
) -> HttpResponse:
    """Render the page of a study, with what went wrong and was typed, or the link to hand on."""
    refused = _refused(request) if problem else None
    readers = pages.reader_progress(study)
    context = {
        "study": study,
        "problem": problem,
        "refused": refused,
        "join_url": join_url,
        "invitation_hours": settings.INVITATION_HOURS,
        "may_edit": may_edit(request.user, study),
        "readers": readers,
        "staying": [reader for reader in readers if not reader.is_withdrawn],
        "staff": pages.staff_seats(study),
        "invitations": pages.open_invitations(study, timezone.now()),
        "roles": Membership.Role.choices,
        "progress": pages.prepare_progress(study),
        "addition": open_addition(study),
        **_state_context(study, refused),
    }
    return render(request, "review/studies/detail.html", context, status=status)


def _refused(request: HttpRequest) -> Refused | None:
    """Return the form that was sent to this address, for a page that says why it was refused."""
    match = request.resolver_match
    if match is None:
        return None
    at = match.kwargs.get("order", match.kwargs.get("code"))
    return Refused(match.url_name or "", at, request.POST)


def _state_context(study: Study, refused: Refused | None) -> dict[str, object]:
    """Return what only this state shows: the design of a draft, the balance of what was drawn."""
    if study.state != State.DRAFT:
        items = activation_checklist(study) if study.state == State.PREPARED else []
        return {"items": items, "is_ready": _is_clear(items), "arms": _arms(study)}
    design = load_design(study)
    items = checklist(study, design)
    used = {arm.pool_id for arm in design.arms}
    free = Pool.objects.filter(domain=study.domain, state=Pool.State.COMPLETE).exclude(pk__in=used)
    return {
        "items": items,
        "is_ready": _is_clear(items),
        "texts": (refused and refused.given("settings")) or study,
        "looks": looks_form(study, refused.typed if refused else {}),
        "arms": design.arms,
        "tables": pages.part_tables(study, design, refused),
        "free_pools": free.order_by("source", "name"),
        "part_kinds": Part.Kind.choices,
        "findings_kinds": FINDINGS_KINDS,
        "most_findings": MOST_FINDINGS,
        "finding_choices": list(study.domain.classes.filter(role=ImageClass.Role.EVALUATED)),
    }


def _arms(study: Study) -> object:
    return study.arms.select_related("pool")


def _is_clear(items: list) -> bool:
    return not any(item.state == "bad" for item in items)


@login_required
@require_safe
def protocol(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the frozen protocol, its hash, and whether anything differs from it."""
    study = load_study(request, slug)
    context = {
        "study": study,
        "faults": verify_protocol(study) if study.protocol_sha256 else [],
        "amendments": study.amendments.select_related("approved_by"),
        "criteria": study.criterion_set.criteria.order_by("order"),
        "parts": shown_parts(study.protocol),
        "protocol_text": json.dumps(study.protocol, indent=2, ensure_ascii=False),
    }
    return render(request, "review/studies/protocol.html", context)


@login_required
@limit_exports
@require_safe
def protocol_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Return the frozen protocol as JSON; every download is logged."""
    study = load_study(request, slug)
    log_study(request.user, study, "protocol.exported", after={"sha256": study.protocol_sha256})
    return JsonResponse({"sha256": study.protocol_sha256, "protocol": study.protocol})
