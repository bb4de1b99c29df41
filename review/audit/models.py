"""The audit trail.

event     one thing that somebody did: who, what, to which object, when
chain     events in order, each holding the hash of the one before; one chain per study, one global
head      the last hash of a chain; locked while an event is added
"""

from typing import ClassVar

from django.conf import settings
from django.db import models

GLOBAL = "global"


class ChainHead(models.Model):
    """The end of one chain. `key` is `global` or `study:<pk>`: no foreign key points upwards."""

    key = models.CharField(max_length=64, unique=True)
    length = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"{self.key} #{self.length}"


class AuditEvent(models.Model):
    """One append-only event. The database refuses UPDATE and DELETE."""

    chain = models.CharField(max_length=64)
    number = models.PositiveBigIntegerField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    verb = models.CharField(max_length=64)
    object = models.CharField(max_length=160)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    at = models.DateTimeField()
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering: ClassVar[list[str]] = ["chain", "number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["chain", "number"], name="one_event_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.chain} #{self.number} {self.verb} {self.object}"
