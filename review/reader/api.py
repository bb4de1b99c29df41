"""What the reading screen asks while it runs: the next cases, an image, and to store an answer."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_POST, require_safe

from review.catalog.storage import read_bytes
from review.reader.access import no_store, own_seat, signed_in_or_401
from review.reader.errors import BadPayload
from review.reader.payload import SubmitRequest, parse_submit
from review.reader.wire import news_for, pack_answer
from review.readings.errors import InvalidAnswer, NotReading, ReadingError
from review.readings.facts import find_facts
from review.readings.models import Reading
from review.readings.seats import Seat, open_session
from review.readings.selectors import find_rendition, standing_answers
from review.readings.services import Status, Submission, submit_for

MEDIA_TYPES = {"png": "image/png", "u16": "application/octet-stream"}
IMAGE_HEADERS = {
    "Content-Encoding": "identity",  # keeps GZip away: its length would tell real from synthetic
    "Cache-Control": "private, no-store, no-transform",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@require_safe
@signed_in_or_401
def next_cases(request: HttpRequest, slug: str) -> HttpResponse:
    """Return where the reader stands: state, next cases, revisable cases, a fresh CSRF token."""
    seat = own_seat(request, slug)
    if not seat.has_consented:
        return _refused(NotReading("Please agree to the study's consent text first."), 403)
    asked = request.GET.get("session", "")[:20]
    news = news_for(seat, open_session(seat.pk), asked, with_past=True)
    return no_store(JsonResponse({**news, "csrf": get_token(request)}))


@require_POST
@signed_in_or_401
def submit(request: HttpRequest, slug: str) -> HttpResponse:
    """Store an answer and return what became of it, with the next cases."""
    seat = own_seat(request, slug)
    try:
        sent = parse_submit(request.body)
        submission = _submit(seat, sent)
    except BadPayload as error:
        return no_store(JsonResponse({"error": "form", "message": str(error)}, status=400))
    except InvalidAnswer as error:
        return _refused(error, 422)
    except ReadingError as error:
        return _refused(error, 409)
    news = news_for(seat, open_session(seat.pk), sent.session, with_past=False)
    return no_store(JsonResponse({**news, **_outcome(sent, submission)}))


def _submit(seat: Seat, sent: SubmitRequest) -> Submission:
    facts = find_facts(seat.pk, sent.assignment)
    if facts is None:
        raise Http404
    return submit_for(
        facts=facts,
        answer=sent.answer,
        key=sent.key,
        base_revision=sent.base_revision,
        source=Reading.Source.SIMULATED if seat.is_simulated else Reading.Source.SCREEN,
    )


def _outcome(sent: SubmitRequest, submission: Submission) -> dict[str, object]:
    """Return what became of the answer; a stale tab also gets the answer that stands."""
    outcome: dict[str, object] = {
        "status": str(submission.status),
        "assignment": str(sent.assignment),
        "revision": submission.reading.revision,
    }
    if submission.status is Status.SUPERSEDED:
        standing = standing_answers([submission.reading.assignment_id])
        outcome["answer"] = pack_answer(standing[submission.reading.assignment_id])
    return outcome


def _refused(error: ReadingError, status: int) -> HttpResponse:
    return no_store(JsonResponse({"error": error.code, "message": str(error)}, status=status))


@require_safe
def image(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send the rendition of a case that its reader may see now; 404 for everybody else."""
    if isinstance(request.user, AnonymousUser):
        raise Http404
    rendition = find_rendition(request.user, public_id)
    if rendition is None:
        raise Http404
    content = read_bytes(rendition.storage_key)
    headers = {**IMAGE_HEADERS, "Content-Length": str(len(content))}
    return HttpResponse(content, content_type=MEDIA_TYPES[rendition.media], headers=headers)
