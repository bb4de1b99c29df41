"""What generators are made of.

prototype bank   the learned centres of each class on one encoder's embedding
checkpoint       a trained generator: weights, card, class list; named by its card's hash
training job     one training from a pool, run in segments by a worker
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from review.catalog.models import Domain, Pool
from review.jobs.models import Lease, LeaseQuerySet


class PrototypeBank(models.Model):
    """Prototypes of all classes of a pool, with the encoder they belong to."""

    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="prototype_banks")
    encoder = models.CharField(max_length=80)
    encoder_sha256 = models.CharField(max_length=64)
    dimension = models.PositiveIntegerField()
    per_class = models.PositiveIntegerField(help_text="K")
    classes = models.JSONField(help_text="class codes in order")
    shares = models.JSONField(default=dict, help_text="class code -> pi_ck of real images")
    card_sha256 = models.CharField(max_length=64, unique=True)
    storage_key = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.encoder} K={self.per_class} {self.card_sha256[:8]}"


class Checkpoint(models.Model):
    """A generator that can be sampled once it is ready."""

    class State(models.TextChoices):
        TRAINING = "training"
        READY = "ready"
        REJECTED = "rejected"
        RETIRED = "retired"

    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="checkpoints")
    name = models.CharField(max_length=120)
    family = models.CharField(max_length=40)
    preset = models.CharField(max_length=20)
    config = models.JSONField()
    bank = models.ForeignKey(PrototypeBank, null=True, on_delete=models.PROTECT, related_name="+")
    pool_manifest_sha256 = models.CharField(max_length=64)
    classes = models.JSONField(help_text="class codes in order")
    step = models.PositiveIntegerField()
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    state = models.CharField(max_length=10, choices=State.choices, default=State.READY)
    card_sha256 = models.CharField(max_length=64, unique=True)
    storage_key = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.card_sha256[:8]})"


class TrainingJob(Lease):
    """One training. Segments of at most ten minutes; each saves its state and re-enqueues."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        CANCELLING = "cancelling"
        CANCELLED = "cancelled"
        FAILED = "failed"
        DONE = "done"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    family = models.CharField(max_length=40)
    preset = models.CharField(max_length=20)
    objective = models.CharField(max_length=20, default="denoise")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="trainings")
    seed = models.PositiveBigIntegerField(default=0)
    options = models.JSONField(default=dict, help_text="steps, prototypes per class, early steps")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    step = models.PositiveIntegerField(default=0)
    total_steps = models.PositiveIntegerField(default=0)
    metrics = models.JSONField(default=dict)
    cancel_requested = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    work_key = models.CharField(max_length=120, blank=True, help_text="state between segments")
    checkpoint = models.ForeignKey(
        Checkpoint, null=True, on_delete=models.PROTECT, related_name="trainings"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = LeaseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return self.name
