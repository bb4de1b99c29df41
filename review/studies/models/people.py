"""Who has which seat in a study.

A reader's seat: invited -> consented -> calibrating -> reading -> complete, by how far the lists
are (services.sessions.settle_seat). Until it is complete it may be paused (services.pause), and
goes back to where the lists are; withdrawn is the end.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from review.studies.models.study import Study


class Membership(models.Model):
    """One seat. Nobody edits and reads the same study: one row per user and study."""

    class Role(models.TextChoices):
        READER = "reader"
        EDITOR = "editor"
        ANALYST = "analyst"
        ADJUDICATOR = "adjudicator"

    class State(models.TextChoices):
        INVITED = "invited"
        CONSENTED = "consented"
        CALIBRATING = "calibrating"
        READING = "reading"
        PAUSED = "paused"
        COMPLETE = "complete"
        WITHDRAWN = "withdrawn"

    UNDER_WAY: ClassVar[tuple[State, ...]] = (State.CONSENTED, State.CALIBRATING, State.READING)

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships"
    )
    code = models.CharField(max_length=8, help_text="R01.. for readers, E01.. for others")
    role = models.CharField(max_length=12, choices=Role.choices)
    experience = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.INVITED)
    consent_version = models.PositiveIntegerField(null=True)
    consented_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="the reader, or an editor; only they end it",
    )
    pause_reason = models.CharField(max_length=200, blank=True, help_text="for editors only")
    keep_data = models.BooleanField(default=True)
    preferences = models.JSONField(default=dict, help_text="shortcuts from the allow-list")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["study", "code"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["study", "user"], name="one_seat_per_user"),
            models.UniqueConstraint(fields=["study", "code"], name="one_seat_per_code"),
            models.CheckConstraint(
                condition=Q(consented_at=None) | Q(consent_version__isnull=False),
                name="consent_names_its_version",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["calibrating", "reading", "paused", "complete"])
                | Q(consent_version__isnull=False),
                name="no_reading_without_consent",
            ),
            models.CheckConstraint(
                condition=Q(state="paused", paused_at__isnull=False, paused_by__isnull=False)
                | (~Q(state="paused") & Q(paused_at=None, paused_by=None, pause_reason="")),
                name="paused_seat_says_since_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn", withdrawn_at__isnull=False)
                | (~Q(state="withdrawn") & Q(withdrawn_at=None)),
                name="withdrawn_seat_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.role})"

    @property
    def is_own_pause(self) -> bool:
        """Say whether the reader paused the seat, who then goes on without asking anybody."""
        return self.paused_by_id == self.user_id

    def end_pause(self) -> None:
        """Empty what only a paused seat holds; the caller sets another state and saves."""
        self.paused_at, self.paused_by, self.pause_reason = None, None, ""


class Invitation(models.Model):
    """A one-use link; only the hash of its token is stored."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=12, choices=Membership.Role.choices)
    experience = models.CharField(max_length=120, blank=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.email} to {self.study_id}"
