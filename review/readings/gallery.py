"""The reference gallery as a reader may see it: real images from outside the study.

The images were chosen, rendered and stored at prepare; nothing here reads where a case is from.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import F

from review.readings.selectors import RenditionRef, find_rendition
from review.readings.windows import is_open
from review.readings.wording import wording_of
from review.studies.availability import nameable_classes
from review.studies.models import Assignment, GalleryImage, Part, Session, Study


@dataclass(frozen=True)
class Reference:
    """One image of a gallery. FIELDS is the allow-list of columns."""

    public_id: UUID
    width: int
    height: int
    media: str
    bits: int

    FIELDS: ClassVar[tuple[str, ...]] = ("public_id", "width", "height", "media", "bits")


@dataclass(frozen=True)
class ReferenceClass:
    """The references of one class; `images` is empty where the study had none to spare."""

    name: str
    images: list[Reference]


def offers_gallery(*, kind: str, gallery: bool, shows_class: bool) -> bool:
    """Say whether a part has a gallery: never in turing, nor of a class that is not shown."""
    if kind == Part.Kind.TURING:
        return False
    return gallery and (shows_class or kind == Part.Kind.IDENTIFY)


def find_gallery(user: Any, public_id: UUID) -> list[ReferenceClass] | None:
    """Return the references beside a case that its reader sees now; None where there are none.

    The asked class alone; in an identify part all that may be named, so that none is singled out.
    """
    if find_rendition(user, public_id) is None:
        return None
    own = Assignment.objects.filter(public_id=public_id).order_by()
    beside = _Beside(*own.values_list(*_Beside.FIELDS).get())
    if not offers_gallery(
        kind=beside.kind, gallery=beside.gallery, shows_class=beside.show_intended_class
    ):
        return None
    images = GalleryImage.objects.filter(part_id=beside.part_pk)
    if beside.kind == Part.Kind.IDENTIFY:
        codes = nameable_classes(beside.domain_pk, beside.findings).values_list("code", flat=True)
        return _by_class(beside, images, set(codes))
    asked = own.values_list("case__intended_class__code", flat=True).get()
    return _by_class(beside, images.filter(image_class__code=asked), {asked})


@dataclass(frozen=True)
class _Beside:
    """The part beside whose case a gallery is asked for. FIELDS is the allow-list of columns."""

    part_pk: int
    kind: str
    gallery: bool
    show_intended_class: bool
    findings: list[str]
    domain_pk: int
    criterion_set_pk: int
    protocol_sha256: str

    FIELDS: ClassVar[tuple[str, ...]] = (
        "session__part_id",
        "session__part__kind",
        "session__part__gallery",
        "session__part__show_intended_class",
        "session__part__findings",
        "session__part__study__domain_id",
        "session__part__study__criterion_set_id",
        "session__part__study__protocol_sha256",
    )


def _by_class(beside: _Beside, images: Any, codes: set[str]) -> list[ReferenceClass]:
    """Return the references under the names that the study froze, in its order of classes.

    A class of `codes` without any is listed empty.
    """
    found: dict[str, list[Reference]] = defaultdict(list)
    rows = images.order_by("place").values_list("image_class__code", *Reference.FIELDS)
    for code, *values in rows:
        found[code].append(Reference(*values))
    return [
        ReferenceClass(words.name, found[code])
        for code, words in wording_of(beside).classes.items()
        if code in codes or code in found
    ]


def find_reference(user: Any, public_id: UUID) -> RenditionRef | None:
    """Return the bytes of a gallery image while its reader reads that part, else None."""
    images = GalleryImage.objects.filter(
        public_id=public_id, part__gallery=True, part__study__state=Study.State.ACTIVE
    ).exclude(part__kind=Part.Kind.TURING)
    row = images.order_by().values_list("storage_key", "media", "part_id").first()
    return RenditionRef(*row[:2]) if row and _reads_now(user, row[2]) else None


def _reads_now(user: Any, part_pk: int) -> bool:
    """Say whether the user has started a session of the part that is open now."""
    sessions = Session.objects.filter(
        part_id=part_pk,
        membership__user=user,
        membership__role="reader",
        membership__withdrawn_at=None,
        membership__paused_at=None,
        membership__consent_version__gte=F("part__study__consent_version"),
        started_at__isnull=False,
        finished_at=None,
    )
    rows = sessions.order_by().values_list("membership_id", "part__order", "index", "not_before")
    return any(
        is_open(membership_pk=seat, part_order=order, session_index=index, not_before=opens)
        for seat, order, index, opens in rows
    )
