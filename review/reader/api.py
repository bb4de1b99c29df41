"""What the reading screen asks while it runs: the next cases, an image, and to store an answer."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_POST, require_safe

from review.catalog.storage import read_bytes
from review.reader.access import no_store, own_seat, signed_in_or_401
from review.reader.errors import BadPayload
from review.reader.payload import SubmitRequest, parse_submit
from review.reader.wire import news_for, pack_answer, pack_gallery
from review.readings.errors import InvalidAnswer, NotReading, ReadingError
from review.readings.facts import Facts, find_facts
from review.readings.gallery import find_gallery, find_reference
from review.readings.image_response import image_response
from review.readings.models import Reading
from review.readings.outline import find_outline
from review.readings.seats import Seat, open_session
from review.readings.selectors import feedback_of, find_rendition, standing_answers
from review.readings.services import Status, Submission, submit_for

RAW = "application/octet-stream"
MEDIA_TYPES = {"png": "image/png", "u16": RAW, "bits": RAW}


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
        facts = _facts(seat, sent)
        submission = submit_for(
            facts=facts,
            answer=sent.answer,
            key=sent.key,
            base_revision=sent.base_revision,
            source=Reading.Source.SIMULATED if seat.is_simulated else Reading.Source.SCREEN,
        )
    except BadPayload as error:
        return no_store(JsonResponse({"error": "form", "message": str(error)}, status=400))
    except InvalidAnswer as error:
        return _refused(error, 422)
    except ReadingError as error:
        return _refused(error, 409)
    news = news_for(seat, open_session(seat.pk), sent.session, with_past=False)
    outcome = _outcome(sent, submission)
    if facts.is_calibration:
        outcome |= _feedback(submission)
    return no_store(JsonResponse({**news, **outcome}))


def _facts(seat: Seat, sent: SubmitRequest) -> Facts:
    facts = find_facts(seat.pk, sent.assignment)
    if facts is None:
        raise Http404
    return facts


def _feedback(submission: Submission) -> dict[str, object]:
    """Return what the reader of a practice case is told, now that the answer is stored for good."""
    text = feedback_of(submission.reading.assignment_id)
    return {"feedback": text} if text else {}


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
    rendition = _found(request, find_rendition, public_id)
    return _bytes(rendition.storage_key, rendition.media)


@require_safe
def outline(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send the mask of a lesion beside the case that shows it, one bit a pixel."""
    return _bytes(_found(request, find_outline, public_id), "bits")


@require_safe
def gallery(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """List the real images that may be looked up beside a case; 404 where the part has none."""
    return no_store(JsonResponse(pack_gallery(_found(request, find_gallery, public_id))))


@require_safe
def reference(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send an image of the gallery while its reader reads that part."""
    image = _found(request, find_reference, public_id)
    return _bytes(image.storage_key, image.media)


def _found(request: HttpRequest, find: Callable[[Any, UUID], Any], public_id: UUID) -> Any:
    """Return what a reader may see, or raise Http404."""
    found = None if isinstance(request.user, AnonymousUser) else find(request.user, public_id)
    if found is None:
        raise Http404
    return found


def _bytes(storage_key: str, media: str) -> HttpResponse:
    return image_response(read_bytes(storage_key), MEDIA_TYPES[media])
