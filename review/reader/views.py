"""Pages of a reader: worklist, consent, start of a session, the reading screen, shortcuts."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from review.reader.access import no_store, own_seat
from review.reader.config import part_texts, reader_config, rules_of
from review.reader.display import refuses_touch
from review.reader.forms import ShortcutsForm, checked, start_form_for
from review.reader.shortcuts import CODES, shortcuts_of
from review.readings.answers import Reason
from review.readings.models import CaseFlag
from review.readings.seats import Situation, open_session, pause_of, situation_of
from review.readings.services import save_preferences, start_session
from review.readings.wording import wording_of
from review.readings.worklist import worklist_of
from review.studies.errors import StudyError
from review.studies.models import Membership
from review.studies.services import consent as give_consent
from review.studies.services import pause_reader, resume_reader


@login_required
@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    rows = worklist_of(request.user)
    return no_store(render(request, "review/reader/worklist.html", {"rows": rows}))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the consent text; a click on agree is recorded with its version and time."""
    seat = own_seat(request, slug)
    if request.method == "POST" and request.POST.get("agree") == "yes":
        give_consent(Membership.objects.get(pk=seat.pk))
        return redirect("reader:screen", slug=slug)
    return no_store(render(request, "review/reader/consent.html", {"seat": seat}))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Say what the part asks, check the display, and open the session."""
    seat = own_seat(request, slug)
    session = open_session(seat.pk)
    if session is None or situation_of(seat, session) not in (Situation.START, Situation.READING):
        return redirect("reader:screen", slug=slug)
    wording = wording_of(seat)
    rules = rules_of(session, wording)
    form = start_form_for(rules)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["touch"] and refuses_touch(rules, session):
            return tablet(request, slug)
        start_session(session_pk=session.pk, display_check=checked(form.cleaned_data))
        return redirect("reader:screen", slug=slug)
    part = part_texts(seat, session, wording)
    page = {"seat": seat, "part": part, "rules": rules, "form": form}
    page["shortcuts"], keys = shortcuts_of(seat.preferences)
    page["names"] = {action: CODES[code] for action, code in keys.items()}
    page["question"] = part["question"].replace("{class_name}", "[named class]")
    return no_store(render(request, "review/reader/start.html", page))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tablet(request: HttpRequest, slug: str) -> HttpResponse:
    """Say that these images are not read on a tablet or a telephone, and what to do instead."""
    page = {"seat": own_seat(request, slug)}
    return no_store(render(request, "review/reader/tablet.html", page, status=403))


@login_required
@require_safe
def screen(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the reading screen, or whatever stands before it."""
    seat = own_seat(request, slug)
    session = open_session(seat.pk)
    situation = situation_of(seat, session)
    if situation is Situation.CONSENT:
        return redirect("reader:consent", slug=slug)
    if situation is Situation.START:
        return redirect("reader:start", slug=slug)
    if situation is not Situation.READING or session is None:
        page = {"seat": seat, "situation": str(situation), "session": session}
        page["pause"] = pause_of(seat.pk)
        return no_store(render(request, "review/reader/waiting.html", page))
    page = {
        "seat": seat,
        "config": reader_config(request, seat, session),
        "reasons": Reason.choices,
        "flags": CaseFlag.Kind.choices,
    }
    return no_store(render(request, "review/reader/screen.html", page))


@login_required
@require_POST
def pause(request: HttpRequest, slug: str) -> HttpResponse:
    """Let the reader rest: no case comes until they go on."""
    seat = own_seat(request, slug)
    try:
        pause_reader(actor=request.user, membership=Membership.objects.get(pk=seat.pk))
    except StudyError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"You have paused “{seat.title}”. Your list is kept.")
    return redirect("reader:worklist")


@login_required
@require_POST
def resume(request: HttpRequest, slug: str) -> HttpResponse:
    """End the reader's own pause; an editor's pause shows its page again."""
    seat = own_seat(request, slug)
    try:
        resume_reader(actor=request.user, membership=Membership.objects.get(pk=seat.pk))
    except StudyError as error:
        messages.error(request, str(error))
    return redirect("reader:screen", slug=slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def shortcuts(request: HttpRequest, slug: str) -> HttpResponse:
    """Let the reader move shortcuts within the allow-list, or switch them off."""
    seat = own_seat(request, slug)
    form = ShortcutsForm(request.POST or None, preferences=seat.preferences)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            save_preferences(membership_pk=seat.pk, preferences=form.preferences())
            messages.success(request, "Your shortcuts are saved.")
            return redirect("reader:screen", slug=slug)
        status = 422
    page = {"seat": seat, "form": form}
    return no_store(render(request, "review/reader/shortcuts.html", page, status=status))
