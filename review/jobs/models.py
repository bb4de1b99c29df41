"""Work that outlives a request.

outbox    a row per message to be sent, written in the same transaction as the work it announces
lease     the right of one worker to do one piece of work until it expires; each claim raises a
          fencing token, so that a worker that lost its lease can no longer commit
"""

from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Outbox(models.Model):
    """One Celery message to be published once its transaction has committed."""

    task = models.CharField(max_length=200)
    args = models.JSONField(default=list)
    queue = models.CharField(max_length=40, default="default")
    not_before = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["not_before"], name="outbox_unsent", condition=Q(sent_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.task}{tuple(self.args)}"


class LeaseQuerySet(models.QuerySet[Any]):
    """Claims by conditional UPDATE: whoever changes the row has it; works on every database."""

    def claim(self, pk: int, owner: str, *, states: list[str], leased: str) -> int | None:
        """Take the lease of a row in one of `states`. Return the fencing token, or None."""
        now = timezone.now()
        until = now + timedelta(seconds=settings.LEASE_SECONDS)
        free = Q(state__in=states) | Q(state=leased, lease_expires__lt=now)
        changed = self.filter(free, pk=pk).update(
            state=leased,
            lease_owner=owner,
            lease_expires=until,
            heartbeat_at=now,
            fence=F("fence") + 1,
        )
        if not changed:
            return None
        return self.filter(pk=pk, lease_owner=owner).values_list("fence", flat=True).first()

    def beat(self, pk: int, fence: int) -> bool:
        """Extend the lease; False when it is lost."""
        now = timezone.now()
        until = now + timedelta(seconds=settings.LEASE_SECONDS)
        held = self.filter(pk=pk, fence=fence).exclude(lease_owner="")
        return bool(held.update(lease_expires=until, heartbeat_at=now))

    def release(self, pk: int, fence: int, state: str, **fields: Any) -> bool:
        """Leave the row in `state`; False when the lease was lost meanwhile."""
        held = self.filter(pk=pk, fence=fence).exclude(lease_owner="")
        return bool(held.update(state=state, lease_owner="", lease_expires=None, **fields))

    def expired(self, leased: str) -> Self:
        """Return rows whose worker went silent."""
        return self.filter(state=leased, lease_expires__lt=timezone.now())


class Lease(models.Model):
    """Fields of a row that one worker at a time may work on; add a `state` field beside them."""

    lease_owner = models.CharField(max_length=120, blank=True, default="")
    lease_expires = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)

    class Meta:
        abstract = True
