"""Answers.

reading      one answer of a reader to an assignment, append-only; the highest revision counts
answer       one typed value of a reading, e.g. `criterion:nucleus` = fails
flag         what a reader noticed about a case, apart from the answer
adjudication a case that needs a further opinion, with the votes on it
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from review.studies.models import Assignment, Case


class Reading(models.Model):
    """One revision of an answer. The database refuses UPDATE and DELETE."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered"
        CANNOT_JUDGE = "cannot_judge"

    class Source(models.TextChoices):
        SCREEN = "screen"
        LABEL_STUDIO = "label_studio"
        SIMULATED = "simulated"

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="readings")
    revision = models.PositiveIntegerField()
    idempotency_key = models.UUIDField(unique=True)
    nonce = models.UUIDField()
    prev_sha = models.CharField(max_length=64, help_text="hash of the session's reading before")
    sha = models.CharField(max_length=64)
    source = models.CharField(max_length=12, choices=Source.choices, default=Source.SCREEN)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    reason = models.CharField(max_length=40, blank=True, help_text="why it cannot be judged")
    verdict = models.BooleanField(
        null=True, help_text="plausible, derived from the criteria; null = not judged"
    )
    created_at = models.DateTimeField(help_text="received, server time")
    issued_at = models.DateTimeField(null=True)
    shown_at = models.DateTimeField(null=True, help_text="client's claim")
    first_input_at = models.DateTimeField(null=True, help_text="client's claim")
    committed_at = models.DateTimeField(null=True, help_text="client's claim")
    active_ms = models.PositiveIntegerField(null=True)
    visible_ms = models.PositiveIntegerField(null=True)
    idle_ms = models.PositiveIntegerField(null=True)
    wall_ms = models.PositiveIntegerField(null=True)
    context = models.JSONField(default=dict, help_text="zoom, window/level, gallery opens")

    append_only: ClassVar[bool] = True

    class Meta:
        ordering: ClassVar[list[str]] = ["assignment", "revision"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["assignment", "revision"], name="one_reading_per_revision"
            ),
            models.CheckConstraint(condition=Q(revision__gte=1), name="revisions_start_at_one"),
            models.CheckConstraint(
                condition=~Q(outcome="cannot_judge") | Q(verdict=None),
                name="cannot_judge_has_no_verdict",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assignment_id} r{self.revision}"


class ReadingAnswer(models.Model):
    """One value. Questions: `criterion:<code>`, `finding:<code>`, `class`, `gestalt`, `rating`, ..

    The place of a defect: `defect_x` and `defect_y`, in ten-thousandths from the top left.
    """

    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="answers")
    question = models.CharField(max_length=60)
    choice = models.CharField(max_length=40, null=True)  # noqa: DJ001  null = another type holds it
    number = models.IntegerField(null=True)
    text = models.TextField(null=True)  # noqa: DJ001

    append_only: ClassVar[bool] = True

    class Meta:
        ordering: ClassVar[list[str]] = ["reading", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["reading", "question"], name="one_answer_per_question"),
            models.CheckConstraint(
                name="exactly_one_value",
                condition=(
                    Q(choice__isnull=False, number=None, text=None)
                    | Q(choice=None, number__isnull=False, text=None)
                    | Q(choice=None, number=None, text__isnull=False)
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question}={self.choice or self.number or self.text}"


class CaseFlag(models.Model):
    """Something a reader noticed."""

    class Kind(models.TextChoices):
        TECHNICAL = "technical", "technical fault"
        RECOGNISED = "recognised", "I recognise this image"
        DUPLICATE = "duplicate", "seen before in this study"
        NOT_ASSESSABLE = "not_assessable", "not assessable"
        OTHER = "other", "something else"

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="flags")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} on {self.assignment_id}"


class Adjudication(models.Model):
    """A case that a rule sent to adjudicators."""

    class State(models.TextChoices):
        OPEN = "open"
        RESOLVED = "resolved"

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="adjudication")
    rule = models.CharField(max_length=20, help_text="split, flagged or disputed")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return f"{self.rule} {self.case_id}"


class AdjudicationVote(models.Model):
    """One adjudicator's opinion; readings are never changed by it."""

    adjudication = models.ForeignKey(Adjudication, on_delete=models.PROTECT, related_name="votes")
    adjudicator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    value = models.CharField(max_length=20)
    rationale = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["adjudication", "adjudicator"], name="one_vote_per_adjudicator"
            )
        ]

    def __str__(self) -> str:
        return f"{self.adjudication_id}: {self.value}"
