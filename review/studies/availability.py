"""How many images an arm can still give per class, and who the readers are."""

from django.db.models import Count, Q, QuerySet

from review.catalog.models import ImageAsset, Pool
from review.studies.models import Arm, Assignment, Membership, Study

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


def seen_unblinded(users: QuerySet[Membership, int] | list[int]) -> set[int]:
    """Return the images that these users read in studies that are unblinded by now."""
    read = Assignment.objects.filter(
        session__membership__user__in=users,
        case__part__study__state__in=UNBLINDED,
        opened_at__isnull=False,
    ) | Assignment.objects.filter(
        session__membership__user__in=users,
        case__part__study__state__in=UNBLINDED,
        state=Assignment.State.ANSWERED,
    )
    return set(read.values_list("case__image", flat=True).distinct())


def drawable(pools: list[int]) -> QuerySet[ImageAsset]:
    """Return the images that may be shown: of a screened pool only those that were chosen."""
    screened = (
        ImageAsset.objects.filter(pool__in=pools).exclude(stratum="").values("pool").distinct()
    )
    kept = Q(stratum="", pool__in=screened)
    return ImageAsset.objects.filter(pool__in=pools).exclude(kept)


def count_pools(pools: list[Pool], users: list[int]) -> dict[tuple[int, str], int]:
    """Count drawable images per (pool pk, class code), without those the readers know."""
    images = drawable([pool.pk for pool in pools])
    seen = seen_unblinded(users) if users else set()
    if seen:
        images = images.exclude(pk__in=seen)
    rows = images.values_list("pool", "image_class__code").annotate(n=Count("pk")).order_by()
    return {(pool, code): n for pool, code, n in rows}


def count_arms(study: Study) -> dict[tuple[str, str], int]:
    """Count drawable images per (arm code, class code)."""
    arms = list(Arm.objects.filter(study=study).select_related("pool"))
    counts = count_pools([arm.pool for arm in arms], list(reader_users(study)))
    code_of = {arm.pool_id: arm.code for arm in arms}
    return {(code_of[pool], name): n for (pool, name), n in counts.items()}
