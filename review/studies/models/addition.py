"""Cases on their way into a running study. No reader request reads these tables."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from review.catalog.models import ImageAsset, ImageClass
from review.jobs.models import Lease, LeaseQuerySet
from review.studies.models.case import Case
from review.studies.models.study import Amendment, Arm, Part, Study


class Addition(Lease):
    """One addition: drawn, rendered and audited beside the study, then committed at once or not.

    Until it is committed nothing of the study has changed; discarding it deletes the row.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "waiting for a worker"
        WORKING = "working", "being rendered and audited"
        READY = "ready", "ready to be added"
        BLOCKED = "blocked", "blocked by the blinding audit"
        FAILED = "failed", "stopped by an error"
        ADDED = "added", "in the study already"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="additions")
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    reason = models.TextField()
    asked = models.JSONField(help_text="[[part, arm code, class code, count]]")
    notes = models.JSONField(default=list, help_text="what was passed over or fell short")
    audit_report = models.JSONField(default=dict, help_text="of the parts that grow")
    audit_override = models.JSONField(default=dict, help_text="reason, by whom and when")
    error = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    amendment = models.OneToOneField(
        Amendment, null=True, on_delete=models.PROTECT, related_name="addition"
    )

    objects = LeaseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["study", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["study"], condition=~Q(state="added"), name="one_addition_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state="added", amendment__isnull=False)
                | (~Q(state="added") & Q(amendment=None)),
                name="added_by_an_amendment",
            ),
        ]

    def __str__(self) -> str:
        return f"addition {self.pk} to {self.study_id}"

    @property
    def is_running(self) -> bool:
        return self.state in {self.State.QUEUED, self.State.WORKING}

    @property
    def audit_state(self) -> str:
        return str(self.audit_report.get("state", ""))


class Candidate(models.Model):
    """An image that an addition drew: refused with a reason, or rendered, and a case in the end."""

    addition = models.ForeignKey(Addition, on_delete=models.CASCADE, related_name="candidates")
    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="candidates")
    image = models.ForeignKey(ImageAsset, on_delete=models.PROTECT, related_name="candidates")
    arm = models.ForeignKey(Arm, on_delete=models.PROTECT, related_name="candidates")
    intended_class = models.ForeignKey(ImageClass, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=12, choices=Case.Role.choices, default=Case.Role.MAIN)
    rendition = models.JSONField(
        default=dict, help_text="columns of the rendition to be; its bytes are stored"
    )
    refusal = models.CharField(max_length=300, blank=True, help_text="why it cannot be shown")
    case = models.OneToOneField(Case, null=True, on_delete=models.CASCADE, related_name="candidate")

    class Meta:
        ordering: ClassVar[list[str]] = ["addition", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["addition", "image"], name="drawn_once_per_addition"),
            models.CheckConstraint(
                condition=Q(refusal="") | Q(case=None), name="refused_images_are_no_cases"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} for {self.addition_id}"
