"""How many images an arm can still give per class, and who the readers are."""

from django.db.models import Count, Q, QuerySet

from review.catalog.models import ImageAsset, ImageClass, Pool
from review.studies.models import Arm, Assignment, Case, GalleryImage, Membership, Part, Study

READY = (
    Membership.State.CONSENTED,
    Membership.State.CALIBRATING,
    Membership.State.READING,
    Membership.State.PAUSED,
    Membership.State.COMPLETE,
)
UNBLINDED = (Study.State.UNBLINDED, Study.State.ARCHIVED)


def reader_users(study: Study) -> QuerySet[Membership, int]:
    """Return the users who read the study."""
    readers = Membership.objects.filter(study=study, role=Membership.Role.READER, withdrawn_at=None)
    return readers.values_list("user", flat=True)


def ready_readers(study: Study) -> QuerySet[Membership]:
    """Return the readers who consented and have not withdrawn, by code."""
    readers = Membership.objects.filter(
        study=study, role=Membership.Role.READER, withdrawn_at=None, state__in=READY
    )
    return readers.order_by("code")


def unpaused_readers(study: Study) -> QuerySet[Membership]:
    """Return the ready readers who may be given more: a paused one keeps the list as it is."""
    return ready_readers(study).exclude(state=Membership.State.PAUSED)


def seen_unblinded(users: QuerySet[Membership, int] | list[int]) -> set[int]:
    """Return the images that these users know: read in studies that are unblinded by now, of cases
    whose pages they may open since as editor or analyst, or shown to them as real in the gallery of
    any study. The same picture in another pool counts."""
    read = Assignment.objects.filter(
        session__membership__user__in=users,
        case__part__study__state__in=UNBLINDED,
        opened_at__isnull=False,
    ) | Assignment.objects.filter(
        session__membership__user__in=users,
        case__part__study__state__in=UNBLINDED,
        state=Assignment.State.ANSWERED,
    )
    opened = Case.objects.filter(
        part__study__state__in=UNBLINDED,
        part__study__memberships__user__in=users,
        part__study__memberships__role__in=(Membership.Role.EDITOR, Membership.Role.ANALYST),
    )
    shown = GalleryImage.objects.filter(part__sessions__membership__user__in=users)
    known = (
        Q(pixel_sha256__in=read.values("case__image__pixel_sha256"))
        | Q(pixel_sha256__in=opened.order_by().values("image__pixel_sha256"))
        | Q(pixel_sha256__in=shown.order_by().values("image__pixel_sha256"))
    )
    return set(ImageAsset.objects.filter(known).order_by().values_list("pk", flat=True))


def nameable_classes(domain_pk: int, findings: list[str]) -> QuerySet[ImageClass]:
    """Return the classes that an identify part may be answered with, in order."""
    evaluated = ImageClass.objects.filter(domain_id=domain_pk, role=ImageClass.Role.EVALUATED)
    return (evaluated.filter(code__in=findings) if findings else evaluated).order_by("order")


def gallery_classes(part: Part) -> QuerySet[ImageClass]:
    """Return the classes that are asked; of an identify part all that may be named, drawn or not.

    A gallery of the drawn classes alone would tell which answers can be right.
    """
    if part.kind == Part.Kind.IDENTIFY:
        return nameable_classes(part.study.domain_id, part.findings)
    asked = part.cases.values("intended_class")
    return ImageClass.objects.filter(pk__in=asked).order_by("order")


def drawable(pools: list[int]) -> QuerySet[ImageAsset]:
    """Return the images that may be shown: of a screened pool only those that were chosen."""
    screened = (
        ImageAsset.objects.filter(pool__in=pools).exclude(stratum="").values("pool").distinct()
    )
    kept = Q(stratum="", pool__in=screened)
    return ImageAsset.objects.filter(pool__in=pools).exclude(kept)


def practised_elsewhere(study: Study | None) -> QuerySet[Case, str]:
    """Return the pixel hashes that other studies gave feedback on: never shown again, anywhere."""
    practised = Case.objects.filter(role=Case.Role.CALIBRATION)
    if study is not None:
        practised = practised.exclude(part__study=study)
    return practised.order_by().values_list("image__pixel_sha256", flat=True)


def piloted(study: Study | None) -> QuerySet[Case, str]:
    """Return the pixel hashes of pilots that the study's readers must not meet again.

    Pilots of the study, of the same criteria, and those that one of its readers took part in.
    """
    pilots = Case.objects.filter(part__study__purpose=Study.Purpose.PILOT).order_by()
    if study is None:
        return pilots.none().values_list("image__pixel_sha256", flat=True)
    of_study = Q(part__study__pilot_of=study.pilot_of_id or study.pk)
    of_criteria = Q(part__study__criterion_set=study.criterion_set_id)
    of_readers = Q(part__study__memberships__user__in=reader_users(study))
    found = pilots.filter(of_study | of_criteria | of_readers).exclude(part__study=study)
    return found.values_list("image__pixel_sha256", flat=True)


def shown_elsewhere(study: Study) -> set[str]:
    """Return the pixel hashes of cases in other studies that are not unblinded yet.

    Feedback on one of them would tell its readers the truth of a study that is still blind.
    """
    cases = Case.objects.filter(part__study__domain=study.domain_id).exclude(part__study=study)
    blind = cases.exclude(part__study__state__in=UNBLINDED).order_by()
    return set(blind.values_list("image__pixel_sha256", flat=True))


def count_pools(
    pools: list[Pool], users: list[int], study: Study | None = None
) -> dict[tuple[int, str], int]:
    """Count drawable images per (pool pk, class code), without those the readers know.

    Images that a study other than `study` gave feedback on, or that piloted its criteria, are left
    out too.
    """
    images = _free(pools, users, study)
    rows = images.values_list("pool", "image_class__code").annotate(n=Count("pk")).order_by()
    return {(pool, code): n for pool, code, n in rows}


def _free(pools: list[Pool], users: list[int], study: Study | None) -> QuerySet[ImageAsset]:
    """Return the drawable images that nobody of `users` knows and no study has used up."""
    images = drawable([pool.pk for pool in pools])
    images = images.exclude(pixel_sha256__in=practised_elsewhere(study))
    images = images.exclude(pixel_sha256__in=piloted(study))
    seen = seen_unblinded(users) if users else set()
    return images.exclude(pk__in=seen) if seen else images


def count_arms(study: Study) -> dict[tuple[str, str], int]:
    """Count drawable images per (arm code, class code)."""
    arms = list(Arm.objects.filter(study=study).select_related("pool"))
    counts = count_pools([arm.pool for arm in arms], list(reader_users(study)), study)
    code_of = {arm.pool_id: arm.code for arm in arms}
    return {(code_of[pool], name): n for (pool, name), n in counts.items()}


def count_left(study: Study) -> dict[tuple[str, str], int]:
    """Count the images per (arm code, class code) that a study does not show yet.

    Of real pools neither a case nor a reference counts, nor the same picture in another pool. What
    shares patient or lesion with a reference counts in none: readers know it as real.
    """
    arms = list(Arm.objects.filter(study=study).select_related("pool"))
    images = _free([arm.pool for arm in arms], list(reader_users(study)), study)
    cases = Case.objects.filter(part__study=study).order_by()
    references = GalleryImage.objects.filter(part__study=study).order_by()
    shown = Q(pixel_sha256__in=cases.values("image__pixel_sha256")) | Q(
        pixel_sha256__in=references.values("image__pixel_sha256")
    )
    images = images.exclude(pk__in=cases.values("image"))
    images = images.exclude(shown, pool__source=Pool.Source.REAL)
    kin = references.exclude(image__cluster_key="").values("image__cluster_key")
    images = images.exclude(cluster_key__in=kin)
    rows = images.values_list("pool", "image_class__code").annotate(n=Count("pk")).order_by()
    code_of = {arm.pool_id: arm.code for arm in arms}
    return {(code_of[pool], name): n for pool, name, n in rows}
