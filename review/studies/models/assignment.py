"""Session and assignment: who reads what, when, at which position."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from review.studies.models.case import Case
from review.studies.models.people import Membership
from review.studies.models.study import Part


class Session(models.Model):
    """One sitting of a reader in a part: the practice block, or a share of the reader's list."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="sessions")
    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="sessions")
    index = models.PositiveIntegerField(default=0)
    is_calibration = models.BooleanField(
        default=False, help_text="practice with feedback; its answers are never counted"
    )
    is_added = models.BooleanField(
        default=False,
        help_text="made while the study ran; waits for the end of the sitting under way",
    )
    not_before = models.DateTimeField(null=True)
    display_check = models.JSONField(default=dict)
    order_note = models.JSONField(default=dict, help_text="what the order repair reached")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    chain_head = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        ordering: ClassVar[list[str]] = ["membership", "part__order", "index"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["membership", "part", "index"], name="one_session_per_index"
            )
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} part {self.part_id} #{self.index}"


class Assignment(models.Model):
    """A case for a reader. `rank` is sparse, so that an amendment can add cases to the tail."""

    class State(models.TextChoices):
        QUEUED = "queued"
        ANSWERED = "answered"
        VOID = "void"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="assignments")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="assignments")
    rank = models.BigIntegerField()
    replicate = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    opened_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["session", "rank"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["session", "rank"], name="queued_in_order", condition=Q(state="queued")
            )
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["session", "rank"], name="one_assignment_per_rank"),
            models.UniqueConstraint(
                fields=["session", "case", "replicate"], name="one_assignment_per_replicate"
            ),
            models.CheckConstraint(
                condition=~Q(state="answered") | Q(answered_at__isnull=False),
                name="answered_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)
