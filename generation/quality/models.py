"""How the images of a run compare with real ones.

measurement  the image metrics of one run: computed once and kept; measuring again adds another
copy         an image of the run that repeats a training image, or an earlier image of the run
training set the real images that the run's generator, or what it was fine-tuned from, learned from
held-out set real images of the same domain and classes that none of them learned from
"""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from generation.runs.models import GenerationRun
from review.catalog.models import ImageAsset, Pool
from review.jobs.models import Lease, LeaseQuerySet


class Measurement(Lease):
    """The image metrics of one run by one extractor."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    class Extractor(models.TextChoices):
        BANK = "bank", "Encoder of the checkpoint's prototypes"
        UNTRAINED = "untrained", "Untrained network with fixed random weights"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="measurements")
    extractor = models.CharField(max_length=10, choices=Extractor.choices)
    seed = models.PositiveIntegerField(default=0, help_text="of every subsample")
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    stage = models.CharField(max_length=80, blank=True)
    done = models.PositiveIntegerField(default=0, help_text="images read")
    total = models.PositiveIntegerField(default=0, help_text="images to read")
    error = models.TextField(blank=True)
    pools = models.ManyToManyField(
        Pool, related_name="measurements", help_text="real images to compare with"
    )
    encoder = models.CharField(max_length=80, blank=True)
    encoder_sha256 = models.CharField(max_length=64, blank=True)
    method_version = models.CharField(max_length=20, blank=True)
    result = models.JSONField(null=True)
    result_sha256 = models.CharField(max_length=64, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = LeaseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["run"],
                condition=Q(state__in=["queued", "running"]),
                name="one_open_measurement_per_run",
            ),
            models.CheckConstraint(
                condition=~Q(state="done")
                | Q(result__isnull=False, finished_at__isnull=False) & ~Q(result_sha256=""),
                name="done_measurement_has_its_result",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.extractor} {self.state}"

    @property
    def found(self) -> dict[str, Any]:
        """The result; empty before the measurement is done."""
        return self.result or {}

    @property
    def is_open(self) -> bool:
        """Whether a worker has still to do it."""
        return self.state in {self.State.QUEUED, self.State.RUNNING}


class Copy(models.Model):
    """An image that repeats another. distance in grey levels, root mean square over the pixels."""

    class Kind(models.TextChoices):
        TRAINING = "training", "of a training image"
        REPEAT = "repeat", "of an image of the run"

    measurement = models.ForeignKey(Measurement, on_delete=models.CASCADE, related_name="copies")
    image = models.ForeignKey(ImageAsset, on_delete=models.CASCADE, related_name="copies")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    original = models.ForeignKey(
        ImageAsset, null=True, on_delete=models.SET_NULL, related_name="repeated_by"
    )
    distance = models.FloatField()

    class Meta:
        ordering: ClassVar[list[str]] = ["measurement", "distance", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["measurement", "image", "kind"], name="one_copy_per_image_and_kind"
            ),
            models.CheckConstraint(condition=Q(distance__gte=0), name="distance_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} {self.kind} {self.original_id}: {self.distance:.2f}"
