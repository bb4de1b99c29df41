"""The loop from readings to the next batch.

plan input   snapshots + checkpoint lineage + targets, under one content hash
plan         how many images of which class and prototype to draw next, and why
loop         a domain's rounds of run, study and plan
round        one turn of a loop
"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from generation.runs.models import GenerationRun
from generation.training.models import Checkpoint
from review.catalog.models import Domain, ImageClass
from review.results.models import Snapshot
from review.studies.models import Study


class Loop(models.Model):
    """Rounds of one domain towards targets per class."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="loops")
    name = models.CharField(max_length=120, unique=True)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="loops")
    targets = models.JSONField(help_text="class code -> N_c accepted images wanted")
    budget = models.PositiveIntegerField(help_text="images to show per round")
    config = models.JSONField(default=dict, help_text="plan config, feedback.md 3")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return self.name


class PlanInput(models.Model):
    """What a plan was computed from; immutable."""

    content_sha256 = models.CharField(max_length=64, unique=True)
    content = models.JSONField()
    snapshots = models.ManyToManyField(Snapshot, related_name="plan_inputs")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.content_sha256[:12]


class Plan(models.Model):
    """A proposal until an admin approves it."""

    class State(models.TextChoices):
        DRAFT = "draft"
        APPROVED = "approved"
        LAUNCHED = "launched"
        SUPERSEDED = "superseded"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    loop = models.ForeignKey(Loop, on_delete=models.PROTECT, related_name="plans")
    round_number = models.PositiveIntegerField(help_text="the round that this plan draws")
    input = models.ForeignKey(PlanInput, on_delete=models.PROTECT, related_name="plans")
    policy = models.CharField(max_length=40)
    config = models.JSONField()
    summary = models.JSONField(default=dict, help_text="per class status, totals, warnings")
    plan_sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    run = models.OneToOneField(
        GenerationRun, null=True, on_delete=models.PROTECT, related_name="plan"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["loop", "round_number"],
                condition=Q(state="launched"),
                name="one_launched_plan_per_round",
            )
        ]

    def __str__(self) -> str:
        return f"{self.loop_id} round {self.round_number}"


class PlanCell(models.Model):
    """One class x prototype of a plan, with its reasons in words."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="cells")
    image_class = models.ForeignKey(ImageClass, on_delete=models.PROTECT, related_name="+")
    prototype = models.PositiveIntegerField()
    share = models.FloatField()
    n_show = models.PositiveIntegerField()
    n_audit = models.PositiveIntegerField()
    n_generate = models.PositiveIntegerField()
    rate = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    need = models.FloatField()
    escalated = models.BooleanField(default=False)
    reasons = models.JSONField(default=list)
    override = models.JSONField(null=True, help_text="delta, user, reason")

    class Meta:
        ordering: ClassVar[list[str]] = ["plan", "image_class__order", "prototype"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["plan", "image_class", "prototype"], name="one_plan_cell_per_prototype"
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.image_class_id}/{self.prototype}: {self.n_show}"


class Round(models.Model):
    """One turn: the run that drew it, the study that judged it, the plan that followed."""

    loop = models.ForeignKey(Loop, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveIntegerField()
    run = models.ForeignKey(
        GenerationRun, null=True, on_delete=models.PROTECT, related_name="rounds"
    )
    study = models.ForeignKey(Study, null=True, on_delete=models.PROTECT, related_name="rounds")
    plan = models.ForeignKey(
        Plan, null=True, on_delete=models.PROTECT, related_name="rounds_proposed_from"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["loop", "number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["loop", "number"], name="one_round_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.loop_id} round {self.number}"
