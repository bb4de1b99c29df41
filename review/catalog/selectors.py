"""Reads over several tables for the admin pages."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from review.catalog.models import Domain, ImageClass, Pool


@dataclass(frozen=True)
class ClassCount:
    """How many images of a class a pool holds."""

    code: str
    name: str
    role: str
    n: int


def pools_open_to(user: Any) -> QuerySet[Pool]:
    """Return the pools that an admin may look into: none of a study that they still read.

    A pool's page shows which image is real.
    """
    reads = user.memberships.filter(role="reader", withdrawn_at=None, study__unblinded_at=None)
    return Pool.objects.exclude(arms__study__in=reads.values("study"))


def pools_with_counts(user: Any) -> QuerySet[Pool]:
    """Return the pools open to an admin, with `n_images` and `n_classes`; one query."""
    counted = (
        pools_open_to(user)
        .select_related("domain")
        .annotate(n_images=Count("images"), n_classes=Count("images__image_class", distinct=True))
    )
    return counted.order_by("-created_at", "-pk")


def class_counts(pool: Pool) -> list[ClassCount]:
    """Count a pool's images per class, in the order of the domain file; empty classes as well."""
    counted = dict(pool.images.order_by().values_list("image_class").annotate(n=Count("pk")))
    classes = ImageClass.objects.filter(domain=pool.domain)
    return [ClassCount(c.code, c.name, c.role, counted.get(c.pk, 0)) for c in classes]


def domains_with_counts() -> QuerySet[Domain]:
    """Return all domains with `n_classes` and `n_pools`; one query."""
    counted = Domain.objects.annotate(
        n_classes=Count("classes", distinct=True), n_pools=Count("pools", distinct=True)
    )
    return counted.order_by("code")
