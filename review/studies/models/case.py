"""Case, rendition, and the feedback of calibration cases.

The truth columns of Case are never read by a reader request.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from review.catalog.models import ImageAsset, ImageClass
from review.studies.models.study import Arm, Part

# A test asserts that no SQL of a reader request names one of these columns of studies_case.
TRUTH_COLUMNS = (
    "image_id",
    "arm_id",
    "role",
    "expected",
    "prototype",
    "round",
    "model_version",
    "cluster_key",
    "stratum",
    "inclusion_probability",
    "covariates",
    "findings",
)


class Case(models.Model):
    """One image inside a part. Facts of generation are copied from the image at the draw."""

    class Role(models.TextChoices):
        MAIN = "main"
        CALIBRATION = "calibration"
        CONTROL = "control"

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="cases")
    image = models.ForeignKey(ImageAsset, on_delete=models.PROTECT, related_name="cases")
    arm = models.ForeignKey(Arm, on_delete=models.PROTECT, related_name="cases")
    code = models.CharField(max_length=16, help_text="C0001..: opaque, in random order")
    intended_class = models.ForeignKey(ImageClass, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.MAIN)
    expected = models.JSONField(null=True)
    is_void = models.BooleanField(default=False, help_text="taken out by an amendment")
    full_form = models.BooleanField(default=False, help_text="every criterion must be answered")
    prototype = models.PositiveIntegerField(null=True)
    round = models.PositiveIntegerField(null=True)
    model_version = models.CharField(max_length=64, blank=True)
    cluster_key = models.CharField(max_length=64, blank=True)
    stratum = models.CharField(max_length=20, blank=True)
    inclusion_probability = models.FloatField(null=True)
    covariates = models.JSONField(default=dict)
    findings = models.JSONField(default=list, help_text="further class codes of the image")

    class Meta:
        ordering: ClassVar[list[str]] = ["part", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["part", "image"], name="one_case_per_image"),
            models.UniqueConstraint(fields=["part", "code"], name="one_case_per_code"),
            models.CheckConstraint(
                condition=Q(expected=None) | ~Q(role="main"), name="only_controls_expect_an_answer"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CaseFeedback(models.Model):
    """What a reader is told after answering a calibration case; written at prepare.

    A table of its own, with nothing but the words: a reader request reads it without reading the
    expected answer, the image's class or its source. Only calibration cases have a row.
    """

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="feedback")
    text = models.CharField(max_length=400)

    def __str__(self) -> str:
        return self.text


class Rendition(models.Model):
    """The bytes that stand for a case on the screen; equal length within a part."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="rendition")
    sha256 = models.CharField(max_length=64)
    byte_length = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    media = models.CharField(max_length=12, help_text="png or u16")
    bits = models.PositiveIntegerField(default=8)
    storage_key = models.CharField(max_length=120)
    outline_key = models.CharField(max_length=120, blank=True, help_text="mask on the same grid")
    pipeline = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.sha256[:12]
