"""Study, its parts, arms and draws."""

import secrets
import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from review.catalog.models import CriterionSet, Domain, ImageClass, Pool


def new_secret() -> bytes:
    """Return the 32 bytes that the order of a study is derived from."""
    return secrets.token_bytes(32)


class StudyQuerySet(models.QuerySet["Study"]):
    """The only entrance for views and API is `visible_to`."""

    def visible_to(self, user: Any) -> Self:
        """Studies in which the user has an active seat; all of them for an admin."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        return self.filter(memberships__user=user, memberships__withdrawn_at=None).distinct()

    def run_by(self, user: Any) -> Self:
        """Studies that the user may edit or analyse: never one that they read, admins included."""
        return self._seated(user, ["editor", "analyst"])

    def edited_by(self, user: Any) -> Self:
        """Studies that the user may change."""
        return self._seated(user, ["editor"])

    def _seated(self, user: Any, roles: list[str]) -> Self:
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self.exclude(pk__in=user.memberships.filter(role="reader").values("study"))
        return self.filter(
            memberships__user=user,
            memberships__withdrawn_at=None,
            memberships__role__in=roles,
        ).distinct()

    def read_by(self, user: Any) -> Self:
        """Studies in which the user is a reader."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            memberships__user=user, memberships__withdrawn_at=None, memberships__role="reader"
        ).distinct()


# Each state has the times of all before it and of none after it. A pause leaves its last time.
REACHED = ("prepared", "activated", "closed", "unblinded", "archived")
STATES_REACHED = {"draft": 0, "prepared": 1, "active": 2, "paused": 2, "closed": 3, "unblinded": 4}
STATES_REACHED |= {"archived": 5}


def states_with_their_times() -> Q:
    """Return the condition that a study's state and its times tell the same story."""
    found = Q()
    for state, reached in STATES_REACHED.items():
        times = {f"{name}_at__isnull": at >= reached for at, name in enumerate(REACHED)}
        if state in {"draft", "prepared"}:
            times["paused_at__isnull"] = True
        if state == "paused":
            times["paused_at__isnull"] = False
        found |= Q(state=state, **times)
    return found


class Study(models.Model):
    """One reader study."""

    class State(models.TextChoices):
        DRAFT = "draft"
        PREPARED = "prepared"
        ACTIVE = "active"
        PAUSED = "paused"
        CLOSED = "closed"
        UNBLINDED = "unblinded"
        ARCHIVED = "archived"

    class Stage(models.TextChoices):
        """Where a preparation is; meaningful while the study is a draft."""

        IDLE = "idle"
        RENDERING = "rendering"
        AUDITING = "auditing"
        BLOCKED = "blocked", "blocked by the blinding audit"
        FAILED = "failed"

    class Purpose(models.TextChoices):
        CONFIRMATORY = "confirmatory"
        LOOP = "loop", "loop (may feed a plan)"
        PILOT = "pilot", "pilot of the criteria (feeds no plan and no report)"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField(max_length=160)
    slug = models.SlugField(max_length=80, unique=True)
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.LOOP)
    pilot_of = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="pilots",
        help_text="the study whose criteria a pilot tries out",
    )
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="studies")
    criterion_set = models.ForeignKey(
        CriterionSet, on_delete=models.PROTECT, related_name="studies"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    secret = models.BinaryField(max_length=32, default=new_secret, editable=False)
    draw_seed = models.PositiveBigIntegerField(default=0)
    intro = models.TextField(blank=True, help_text="what readers are told")
    consent_text = models.TextField(blank=True)
    consent_version = models.PositiveIntegerField(default=1)
    min_readers = models.PositiveIntegerField(default=1)
    analysis_plan = models.JSONField(default=dict)
    protocol = models.JSONField(default=dict, help_text="frozen at activation")
    protocol_sha256 = models.CharField(max_length=64, blank=True)
    checklist = models.JSONField(default=dict, help_text="what the last prepare found")
    audit_report = models.JSONField(default=dict, help_text="the blinding audit at prepare")
    audit_override = models.JSONField(default=dict, help_text="reason, by whom and when")
    prepare_stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.IDLE)
    prepare_beat_at = models.DateTimeField(null=True, help_text="last sign of progress")
    prepare_error = models.TextField(blank=True)
    deadline = models.DateTimeField(null=True, help_text="when readers should be done")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    prepared_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    unblinded_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)

    objects = StudyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                name="study_state_has_its_time",
                condition=states_with_their_times(),
            ),
            models.CheckConstraint(
                name="only_pilots_are_of_a_study",
                condition=Q(purpose="pilot", pilot_of__isnull=False)
                | (~Q(purpose="pilot") & Q(pilot_of=None)),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_frozen(self) -> bool:
        """Say whether the protocol may no longer change."""
        return self.state not in {self.State.DRAFT, self.State.PREPARED}


# What may be practised with feedback: kinds whose answer an expert can have verified. Feedback on
# source would train readers to spot fakes, and no image has a right degree of acceptability.
CALIBRATED_KINDS = ("identify", "lesion", "plausibility")
# Where a verdict at a glance may be asked: beside criteria, from which the other one is derived.
GESTALT_KINDS = ("lesion", "plausibility")


class Part(models.Model):
    """One kind of question, asked about its own cases."""

    class Kind(models.TextChoices):
        IDENTIFY = "identify"
        PLAUSIBILITY = "plausibility"
        ACCEPTABILITY = "acceptability"
        LESION = "lesion"
        TURING = "turing", "real or synthetic"

    class DefectPoint(models.TextChoices):
        """Whether readers of a lesion part mark where the defect is."""

        OFF = "off", "not asked"
        OPTIONAL = "optional", "may be marked"
        REQUIRED = "required", "must be marked when implausible"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="parts")
    order = models.PositiveIntegerField()
    kind = models.CharField(max_length=14, choices=Kind.choices)
    readings_per_case = models.PositiveIntegerField(
        default=0, help_text="0 = every reader reads every case"
    )
    repeat_fraction = models.FloatField(default=0)
    min_repeat_gap = models.PositiveIntegerField(default=20)
    washout_days = models.PositiveIntegerField(default=0)
    revise_window = models.PositiveIntegerField(default=5)
    full_form_fraction = models.FloatField(default=0.15)
    control_fraction = models.FloatField(
        default=0.05, help_text="wrong-class controls, as a share of a plausibility part"
    )
    anchor_fraction = models.FloatField(
        default=0, help_text="read by everybody although readings_per_case says k"
    )
    calibration_count = models.PositiveIntegerField(
        default=0, help_text="practice cases with feedback before the part; never counted"
    )
    session_count = models.PositiveIntegerField(
        default=1, help_text="sittings that a reader's list is split into"
    )
    preset_below_min_px = models.BooleanField(default=False)
    show_intended_class = models.BooleanField(default=True)
    display = models.JSONField(default=dict, help_text="pixel size, scale law, window presets")
    scale = models.JSONField(default=list, help_text="answer labels of rating parts")
    stated_purpose = models.CharField(max_length=80, blank=True)
    findings = models.JSONField(default=list, help_text="class codes asked one by one, at most 9")
    gallery = models.BooleanField(
        default=False, help_text="readers may look up real images from outside the study"
    )
    outline = models.BooleanField(
        default=True, help_text="lesion parts: readers may ask for the outline, if all have a mask"
    )
    defect_point = models.CharField(
        max_length=8, choices=DefectPoint.choices, default=DefectPoint.OPTIONAL
    )
    gestalt = models.BooleanField(
        default=False, help_text="a verdict at a glance, asked once the criteria are said"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["study", "order"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["study", "order"], name="one_part_per_order"),
            models.CheckConstraint(
                condition=Q(repeat_fraction__gte=0, repeat_fraction__lte=0.5),
                name="repeat_fraction_is_at_most_half",
            ),
            models.CheckConstraint(
                condition=Q(control_fraction__gte=0, control_fraction__lte=0.2),
                name="control_fraction_is_at_most_a_fifth",
            ),
            models.CheckConstraint(
                condition=Q(full_form_fraction__gte=0, full_form_fraction__lte=1),
                name="full_form_fraction_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(anchor_fraction__gte=0, anchor_fraction__lte=0.5),
                name="anchor_fraction_is_at_most_half",
            ),
            models.CheckConstraint(
                condition=Q(session_count__gte=1, session_count__lte=10),
                name="one_to_ten_sessions",
            ),
            models.CheckConstraint(
                condition=Q(calibration_count=0) | Q(kind__in=CALIBRATED_KINDS),
                name="calibration_needs_a_verified_answer",
            ),
            models.CheckConstraint(
                condition=~Q(kind="turing", gallery=True), name="no_gallery_beside_turing"
            ),
            models.CheckConstraint(
                condition=Q(gestalt=False) | Q(kind__in=GESTALT_KINDS),
                name="gestalt_comes_after_criteria",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study_id} part {self.order}: {self.kind}"


class Arm(models.Model):
    """A pool inside a study. Reader code never reads this table."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="arms")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="arms")
    code = models.SlugField(max_length=40)
    label = models.CharField(max_length=80)
    centre_crop = models.FloatField(
        default=1, help_text="share of each side kept, so that all arms show the same field of view"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["study", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["study", "code"], name="one_arm_per_code"),
            models.CheckConstraint(
                condition=Q(centre_crop__gt=0, centre_crop__lte=1), name="centre_crop_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class Draw(models.Model):
    """How many images of a class go from an arm into a part, by a recorded seed."""

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="draws")
    arm = models.ForeignKey(Arm, on_delete=models.CASCADE, related_name="draws")
    image_class = models.ForeignKey(ImageClass, on_delete=models.PROTECT, related_name="+")
    count = models.PositiveIntegerField()
    seed = models.PositiveBigIntegerField()
    matching = models.JSONField(default=list, help_text="covariates to match on")

    class Meta:
        ordering: ClassVar[list[str]] = ["part", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["part", "arm", "image_class"], name="one_draw_per_cell")
        ]

    def __str__(self) -> str:
        return f"{self.count} of {self.image_class_id} from {self.arm_id}"


class Amendment(models.Model):
    """A reasoned change of an active study."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="amendments")
    kind = models.CharField(max_length=40)
    reason = models.TextField()
    before = models.TextField(blank=True, default="", help_text="what it was, in words")
    after = models.TextField(blank=True, default="", help_text="what it is now")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    sha256_before = models.CharField(max_length=64)
    sha256_after = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering: ClassVar[list[str]] = ["study", "pk"]

    def __str__(self) -> str:
        return f"{self.study_id}: {self.kind}"
