"""Generation batches.

run       so many images per class and prototype from one checkpoint; its output is one pool
cell      class x prototype of a run with its counts
shard     a range of image indices that one worker samples under a lease
worker    a process that samples, with its last heartbeat
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from generation.training.models import Checkpoint
from review.catalog.models import ImageAsset, ImageClass, Pool
from review.jobs.models import Lease, LeaseQuerySet


class GenerationRun(models.Model):
    """One generation batch."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        CANCELLING = "cancelling"
        CANCELLED = "cancelled"
        FAILED = "failed"
        COMPLETE = "complete"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="runs")
    seed = models.PositiveBigIntegerField()
    round = models.PositiveIntegerField(null=True)
    sampler = models.JSONField(default=dict, help_text="name, steps, guidance")
    batch = models.PositiveIntegerField(default=16)
    fingerprint = models.JSONField(default=dict, help_text="device, torch, dtype, batch, threads")
    pool = models.OneToOneField(Pool, on_delete=models.PROTECT, related_name="run")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    total = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField(default=0, help_text="blank or constant samples")
    error = models.TextField(blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="finished_run_has_its_time",
                condition=~Q(state__in=["complete", "cancelled", "failed"])
                | Q(finished_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name


class RunCell(models.Model):
    """Counts of one class x prototype."""

    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="cells")
    image_class = models.ForeignKey(ImageClass, on_delete=models.PROTECT, related_name="+")
    prototype = models.PositiveIntegerField(default=0)
    n_generate = models.PositiveIntegerField()
    n_show = models.PositiveIntegerField()
    n_audit = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["run", "image_class__order", "prototype"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["run", "image_class", "prototype"], name="one_cell_per_prototype"
            )
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.image_class_id}/{self.prototype}: {self.n_generate}"


class Shard(Lease):
    """Indices first <= i < last of a run."""

    class State(models.TextChoices):
        QUEUED = "queued"
        LEASED = "leased"
        DONE = "done"
        FAILED = "failed"

    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="shards")
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    objects = LeaseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["run", "first"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "first"], name="one_shard_per_first_index"),
            models.CheckConstraint(condition=Q(last__gt=F("first")), name="shard_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} [{self.first}, {self.last})"


class GeneratedImage(models.Model):
    """One image of a run: planned at launch, taken in when sampled."""

    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="images")
    index = models.PositiveIntegerField()
    seed = models.BigIntegerField()
    image_class = models.ForeignKey(ImageClass, on_delete=models.PROTECT, related_name="+")
    prototype = models.PositiveIntegerField(default=0)
    condition = models.JSONField(default=dict, help_text="mask, text, findings")
    ms = models.FloatField(null=True)
    pixel_sha256 = models.CharField(max_length=64, blank=True)
    rejected = models.CharField(max_length=80, blank=True, help_text="why it was not taken in")
    reward = models.FloatField(null=True)
    provenance = models.JSONField(default=dict, help_text="versions, device, dtype, sampler")
    asset = models.OneToOneField(
        ImageAsset, null=True, on_delete=models.PROTECT, related_name="generated"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["run", "index"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "index"], name="one_image_per_index"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}#{self.index}"


class Worker(models.Model):
    """A process that samples or trains."""

    name = models.CharField(max_length=120, unique=True)
    device = models.CharField(max_length=40)
    queues = models.JSONField(default=list)
    last_heartbeat = models.DateTimeField()
    current_shard = models.ForeignKey(Shard, null=True, on_delete=models.SET_NULL, related_name="+")
    images_per_second = models.FloatField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-last_heartbeat"]

    def __str__(self) -> str:
        return self.name
