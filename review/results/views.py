"""Pages of results: the list, the sections of a report, unblinding, downloads."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from review.accounts.limits import limit_exports
from review.audit.services import log_event, study_chain
from review.results import downloads, selectors
from review.results.errors import NotAllowedToLook, NothingToReport, ResultsError
from review.results.exports.browser import NO_BROWSER, find_browser
from review.results.exports.figures import SUFFIXES
from review.results.exports.tables import find_table, table_csv
from review.results.looks import look_state, planned_looks, take_look
from review.results.models import Snapshot
from review.results.pilots import pilot_reports
from review.results.policies import fresh_sign_in_required, may_look, may_unblind
from review.results.reports import ready_report
from review.results.services import unblind_study
from review.studies.models import Part, Study

SECTIONS = {
    "overview": "Overview",
    "plausibility": "Plausibility",
    "turing": "Turing test",
    "identify": "Identify",
    "findings": "Findings",
    "lesion": "Lesion",
    "acceptability": "Acceptability",
    "criteria": "Criteria",
    "agreement": "Agreement",
    "times": "Times",
    "flow": "Flow",
}


@login_required
@require_safe
def study_list(request: HttpRequest) -> HttpResponse:
    """List the studies whose results the user may see, now or once they are unblinded."""
    studies = selectors.studies_with_results(request.user)
    return render(request, "review/results/list.html", {"studies": studies})


@login_required
@require_safe
def section(request: HttpRequest, slug: str, key: str = "overview") -> HttpResponse:
    """Show one section of a study's report."""
    study = selectors.get_study(request.user, slug)
    snapshot = selectors.latest_snapshot(study)
    if snapshot is None:
        return not_yet(request, study)
    context = results_frame(study, snapshot, key)
    report = ready_report(snapshot)
    if request.headers.get("HX-Request"):  # the page of a report in the making looks again
        return HttpResponse(status=204) if report is None else HttpResponseClientRefresh()
    if report is None:
        return render(request, "review/results/building.html", context, status=202)
    found = [part for part in report["sections"] if part["key"] == key]
    if not found:
        raise Http404
    return render(request, "review/results/section.html", context | {"section": found[0]})


@login_required
@require_safe
def download_list(request: HttpRequest, slug: str) -> HttpResponse:
    """List every file of a snapshot."""
    study = selectors.get_study(request.user, slug)
    snapshot = selectors.latest_snapshot(study)
    if snapshot is None:
        return not_yet(request, study)
    report = ready_report(snapshot)
    context = results_frame(study, snapshot, "downloads") | {
        "downloads": downloads.available_downloads(snapshot),
        "report_sections": report["sections"] if report else [],
        "no_browser": "" if find_browser() else NO_BROWSER,
    }
    return render(request, "review/results/downloads.html", context)


@login_required
@limit_exports
@require_safe
def download(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Send one file; every download is logged."""
    study = selectors.get_study(request.user, slug)
    snapshot = selectors.latest_snapshot(study)
    if snapshot is None:
        return not_yet(request, study)
    try:
        content = downloads.ready_download(snapshot, name)
    except NothingToReport as error:
        raise Http404(str(error)) from error
    if content is None:
        context = results_frame(study, snapshot, "downloads") | {"waiting_for": name}
        return render(request, "review/results/building.html", context, status=202)
    _log_export(request, snapshot, name)
    kind = downloads.find_download(name).content_type
    return attachment(content, kind, _file_name(snapshot, name))


@login_required
@limit_exports
@require_safe
def figure(request: HttpRequest, slug: str, key: str, suffix: str) -> HttpResponse:
    """Send one figure as SVG or PNG."""
    study = selectors.get_study(request.user, slug)
    snapshot = selectors.latest_snapshot(study)
    if snapshot is None:
        return not_yet(request, study)
    try:
        content = downloads.ready_figure(snapshot, key, suffix)
    except NothingToReport as error:
        raise Http404(str(error)) from error
    if content is None:
        context = results_frame(study, snapshot, "downloads") | {"waiting_for": f"{key}.{suffix}"}
        return render(request, "review/results/building.html", context, status=202)
    _log_export(request, snapshot, f"figure {key}.{suffix}")
    return attachment(content, SUFFIXES[suffix], _file_name(snapshot, f"{key}.{suffix}"))


@login_required
@limit_exports
@require_safe
def table(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """Send one table's tidy records as CSV."""
    study = selectors.get_study(request.user, slug)
    snapshot = selectors.latest_snapshot(study)
    if snapshot is None:
        return not_yet(request, study)
    report = ready_report(snapshot)
    if report is None:
        context = results_frame(study, snapshot, "downloads")
        return render(request, "review/results/building.html", context, status=202)
    try:
        found = find_table(report, key)
    except NothingToReport as error:
        raise Http404(str(error)) from error
    _log_export(request, snapshot, f"table {key}")
    content = table_csv(found, snapshot.content_sha256)
    return attachment(content, "text/csv; charset=utf-8", _file_name(snapshot, f"{key}.csv"))


@login_required
@fresh_sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def looks(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the planned looks; an analyst takes the one that is due, with a reason."""
    study = selectors.get_study(request.user, slug)
    error, status = "", 200
    if request.method == "POST":
        try:
            look = take_look(actor=request.user, study=study, reason=request.POST.get("reason", ""))
        except NotAllowedToLook as problem:
            error, status = str(problem), 403
        except ResultsError as problem:
            error, status = str(problem), 409
        else:
            messages.success(request, f"Look {look.number} is taken and kept.")
            return redirect("results:looks", slug=study.slug)
    context = {
        "study": study,
        "state": look_state(study),
        "may_look": may_look(request.user, study),
        "shows_numbers": may_look(request.user, study) or study.unblinded_at is not None,
        "error": error,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "review/results/looks.html", context, status=status)


@login_required
@fresh_sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def unblind(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what unblinding means, then do it."""
    study = selectors.get_study(request.user, slug)
    if not may_unblind(request.user, study):
        raise Http404
    error = ""
    if request.method == "POST":
        try:
            unblind_study(actor=request.user, study=study)
        except ResultsError as problem:
            error = str(problem)
        else:
            messages.success(request, "The study is unblinded. Its readings are frozen.")
            return redirect("results:overview", slug=study.slug)
    if study.unblinded_at is not None and not error:
        return redirect("results:overview", slug=study.slug)
    context = {
        "study": study,
        "error": error,
        "is_closed": study.state == Study.State.CLOSED,
        "progress": selectors.reader_progress(study),
    }
    return render(request, "review/results/unblind.html", context, status=409 if error else 200)


@login_required
@require_safe
def pilots(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the agreement that pilots of a study's criteria reached, once they are closed."""
    study = selectors.get_study(request.user, slug)
    fragment = request.headers.get("HX-Request")
    template = "review/results/_pilots.html" if fragment else "review/results/pilots.html"
    return render(request, template, {"study": study, "pilots": pilot_reports(study)})


def not_yet(request: HttpRequest, study: Study) -> HttpResponse:
    """Say when results will appear and how far the readers are; status 409."""
    context = {
        "study": study,
        "progress": selectors.reader_progress(study),
        "may_unblind": may_unblind(request.user, study),
        "has_looks": planned_looks(study) is not None,
        "is_closed": study.state == Study.State.CLOSED,
    }
    return render(request, "review/results/not_yet.html", context, status=409)


def attachment(content: bytes, content_type: str, name: str) -> HttpResponse:
    """Return bytes that a browser saves and never shows."""
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def results_frame(study: Study, snapshot: Snapshot, current: str) -> dict[str, Any]:
    """Return what every page of a study's results says above its content."""
    return {
        "study": study,
        "snapshot": snapshot,
        "sections": _tabs(study, current),
        "current": current,
    }


def _tabs(study: Study, current: str) -> dict[str, str]:
    """Return the sections without those of questions that the study never asked."""
    asked = {current}
    for kind, findings in study.parts.values_list("kind", "findings"):
        asked |= {kind, "findings"} if findings else {kind}
    unasked = {*Part.Kind.values, "findings"} - asked
    return {key: title for key, title in SECTIONS.items() if key not in unasked}


def _file_name(snapshot: Snapshot, name: str) -> str:
    return f"{snapshot.study.slug}-{snapshot.content_sha256[:12]}-{name}"


def _log_export(request: HttpRequest, snapshot: Snapshot, name: str) -> None:
    log_event(
        actor=request.user,
        verb="results.exported",
        obj=snapshot,
        chain=study_chain(snapshot.study_id),
        after={"file": name, "snapshot": snapshot.content_sha256},
    )
