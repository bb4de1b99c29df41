"""What is read and what it is read by.

domain        a field of medicine with its classes, criteria and display rules (bone_marrow, ...)
class         a diagnosis or cell type of a domain
criterion set one frozen version of a domain's criteria
signature     an expert's word that the texts of one criterion set are right
criterion     one question about an image; any failure of a counting one makes it implausible
pool          images with one origin: a real set, or the output of one run
image         one asset of a pool: pixels rebuilt at intake, stored under their hash
import        one reading of files into a pool, with what was left out and why
"""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from review.jobs.models import Lease, LeaseQuerySet


class Domain(models.Model):
    """A domain as loaded from its file; `content` is the whole validated file."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    version = models.CharField(max_length=20)
    status = models.CharField(max_length=80, help_text="e.g. 'expert to confirm'")
    content = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
    loaded_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["code"]

    def __str__(self) -> str:
        return self.name

    @property
    def header(self) -> dict[str, Any]:
        """Return the [domain] table: question, preamble, colour, display, augmentation rules."""
        header: dict[str, Any] = self.content["domain"]
        return header

    @property
    def standing_criteria(self) -> "CriterionSet | None":
        """The newest version of the domain file, or that was signed: no study's unsigned own."""
        drafts = {"status": CriterionSet.Status.DRAFT, "forked_from__isnull": False}
        return self.criterion_sets.exclude(**drafts).order_by("-version").first()

    @property
    def needs_expert(self) -> bool:
        """Whether the content is a draft that no expert has signed."""
        return not self.status.casefold().startswith("signed")

    @property
    def display(self) -> dict[str, Any]:
        display: dict[str, Any] = self.header["display"]
        return display


class ImageClass(models.Model):
    """A class of a domain."""

    class Role(models.TextChoices):
        EVALUATED = "evaluated"
        EXCLUDED = "excluded"

    class Certainty(models.TextChoices):
        HIGH = "high"
        MEDIUM = "medium"
        LOW = "low"

    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="classes")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    order = models.PositiveIntegerField()
    role = models.CharField(max_length=10, choices=Role.choices)
    group = models.CharField(max_length=40, blank=True)
    aliases = models.JSONField(default=list)
    note = models.TextField(blank=True)
    expectations = models.JSONField(default=dict, help_text="criterion code -> what to expect")
    confusable = models.JSONField(default=list, help_text="class codes")
    subtypes = models.JSONField(default=list)
    label_certainty = models.CharField(max_length=6, choices=Certainty.choices)
    status = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["domain", "order"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["domain", "code"], name="one_class_per_code"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class CriterionSet(models.Model):
    """One version of a domain's criteria; immutable once a study uses it."""

    class Status(models.TextChoices):
        DRAFT = "draft", "to be confirmed by an expert"
        SIGNED = "signed", "signed by an expert"
        FROZEN = "frozen", "signed and frozen"

    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="criterion_sets")
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    content_sha256 = models.CharField(max_length=64)
    forked_from = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="forks"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    frozen_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["domain", "-version"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["domain", "version"], name="one_set_per_version"),
            models.CheckConstraint(
                condition=Q(status="frozen", frozen_at__isnull=False)
                | (~Q(status="frozen") & Q(frozen_at=None)),
                name="frozen_criteria_have_their_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.domain.name}, criteria v{self.version}"

    @property
    def is_signed(self) -> bool:
        return self.status in {self.Status.SIGNED, self.Status.FROZEN}


class CriterionSignature(models.Model):
    """What an expert signed: name and credentials as typed, and the hash of the texts."""

    criterion_set = models.ForeignKey(
        CriterionSet, on_delete=models.PROTECT, related_name="signatures"
    )
    name = models.CharField(max_length=120)
    credentials = models.CharField(max_length=200)
    content_sha256 = models.CharField(max_length=64)
    account = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+", help_text="signed in with it"
    )
    at = models.DateTimeField(auto_now_add=True)

    append_only: ClassVar[bool] = True

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["criterion_set", "name"], name="one_signature_per_name")
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.credentials}"


class Criterion(models.Model):
    """One criterion of a set."""

    criterion_set = models.ForeignKey(
        CriterionSet, on_delete=models.CASCADE, related_name="criteria"
    )
    code = models.SlugField(max_length=40)
    label = models.CharField(max_length=120)
    help = models.TextField()
    order = models.PositiveIntegerField()
    counts = models.BooleanField(help_text="a failure makes the image implausible")
    min_px = models.PositiveIntegerField(default=0)
    applies_to = models.JSONField(default=list, help_text="class codes; empty = all")
    opens = models.CharField(max_length=20, blank=True, help_text="class_picker, or nothing")

    class Meta:
        ordering: ClassVar[list[str]] = ["criterion_set", "order"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["criterion_set", "code"], name="one_criterion_per_code")
        ]

    def __str__(self) -> str:
        return self.label

    def applies(self, class_code: str) -> bool:
        return not self.applies_to or class_code in self.applies_to


class Pool(models.Model):
    """Images with one origin. A pool never points to a run: runs point to their pool."""

    class Source(models.TextChoices):
        REAL = "real"
        SYNTHETIC = "synthetic"

    class State(models.TextChoices):
        BUILDING = "building"
        COMPLETE = "complete"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="pools")
    name = models.CharField(max_length=120)
    source = models.CharField(max_length=10, choices=Source.choices)
    is_phantom = models.BooleanField(
        default=False, help_text="procedural stand-in for real images, not patient data"
    )
    origin = models.JSONField(default=dict, help_text="importer, path name, licence, citation")
    state = models.CharField(max_length=10, choices=State.choices, default=State.BUILDING)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["domain", "name"], name="one_pool_per_name"),
            models.CheckConstraint(
                condition=Q(is_phantom=False) | Q(source="real"), name="phantoms_stand_in_for_real"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def verified_by(self) -> str:
        """Say who verified the label of every image (a control bank), or nothing."""
        return str(self.origin.get("verified_by", ""))


class ImageAsset(models.Model):
    """One image. The facts of generation are typed nullable columns, filled at intake."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="images")
    source_key = models.CharField(
        max_length=80, help_text="imports: the pixel hash; runs: the index in the run"
    )
    image_class = models.ForeignKey(ImageClass, on_delete=models.PROTECT, related_name="images")
    findings = models.JSONField(default=list, help_text="further class codes of a multi-label film")
    prototype = models.PositiveIntegerField(null=True)
    round = models.PositiveIntegerField(null=True)
    model_version = models.CharField(max_length=64, blank=True, help_text="checkpoint card hash")
    cluster_key = models.CharField(
        max_length=64, blank=True, help_text="hashed patient, lesion or seed"
    )
    stratum = models.CharField(max_length=20, blank=True)
    inclusion_probability = models.FloatField(null=True)
    covariates = models.JSONField(default=dict)
    intake_profile = models.JSONField(default=dict)
    pixel_sha256 = models.CharField(max_length=64, db_index=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    mode = models.CharField(max_length=8, help_text="RGB, L or I;16")
    storage_key = models.CharField(max_length=120)
    mask_key = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["pool", "image_class"], name="image_by_class")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["pool", "source_key"], name="one_image_per_key"),
            models.CheckConstraint(
                condition=Q(inclusion_probability=None)
                | Q(inclusion_probability__gt=0, inclusion_probability__lte=1),
                name="inclusion_probability_is_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pool_id}/{self.source_key[:12]}"


class ImportJob(Lease):
    """One import or upload, with its progress and what was left out."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="imports")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    upload_key = models.CharField(max_length=200, blank=True)
    options = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    imported = models.PositiveIntegerField(default=0)
    existing = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=list, help_text="[{file, reason}]")
    error = models.TextField(blank=True)
    requested_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = LeaseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return f"import {self.pk} into {self.pool_id}"
