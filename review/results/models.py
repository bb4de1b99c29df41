"""Frozen results.

look       an interim look that the plan set: one test statistic against its bound, kept for good
snapshot   one study's readings at unblinding, in one content-addressed file; reports and plans
           cite a snapshot, never live rows
export     a file built from a snapshot: the report, readings as CSV, tables for LaTeX
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from review.studies.models import Study


class Snapshot(models.Model):
    """One study's frozen readings joined with the truth."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="snapshots")
    at = models.DateTimeField()
    content_sha256 = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=120)
    rows = models.PositiveIntegerField()
    code_version = models.CharField(max_length=60)
    exclusions = models.JSONField(default=dict)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering: ClassVar[list[str]] = ["-at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["study", "content_sha256"], name="one_snapshot_per_content"
            )
        ]

    def __str__(self) -> str:
        return self.content_sha256[:12]


class InterimLook(models.Model):
    """One look before the end: the primary endpoint's statistic against the planned bound.

    `content_sha256` names the file of the readings that the look rests on.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="looks")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField()
    planned_fraction = models.FloatField()
    readings = models.PositiveIntegerField()
    planned_readings = models.PositiveIntegerField()
    statistic = models.FloatField(help_text="signed normal deviate of the planned test")
    bound = models.FloatField(help_text="of its absolute value")
    crossed = models.BooleanField()
    method = models.TextField()
    content_sha256 = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=120)
    code_version = models.CharField(max_length=60)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering: ClassVar[list[str]] = ["study", "number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["study", "number"], name="one_row_per_look")
        ]

    def __str__(self) -> str:
        return f"look {self.number} of study {self.study_id}"

    @property
    def size(self) -> float:
        """Give |z|, which is compared with the bound."""
        return abs(self.statistic)

    @property
    def fraction(self) -> float:
        """Give the share of the planned readings that the look rests on."""
        return self.readings / self.planned_readings


class Export(models.Model):
    """One file built from a snapshot by one version of the code: the report, a table of readings.

    The same snapshot and code give the same bytes, so that a file is built once.
    """

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="exports")
    name = models.CharField(max_length=80)
    code_version = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=120)
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["snapshot", "name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["snapshot", "name", "code_version"], name="one_export_per_version"
            )
        ]

    def __str__(self) -> str:
        return self.name
