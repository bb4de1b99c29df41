"""The reference gallery of a part: real images from outside the study, rendered like its cases."""

import uuid
from typing import ClassVar

from django.db import models

from review.catalog.models import ImageAsset, ImageClass
from review.studies.models.study import Part


class GalleryImage(models.Model):
    """One real image that no part of the study draws, with bytes of its own.

    A reader request reads every column but `image`: nothing here depends on a case.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="gallery_images")
    image_class = models.ForeignKey(ImageClass, on_delete=models.PROTECT, related_name="+")
    image = models.ForeignKey(ImageAsset, on_delete=models.PROTECT, related_name="galleries")
    place = models.PositiveIntegerField(help_text="from 0 within the class")
    sha256 = models.CharField(max_length=64)
    byte_length = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    media = models.CharField(max_length=12, help_text="png or u16")
    bits = models.PositiveIntegerField(default=8)
    storage_key = models.CharField(max_length=120)
    pipeline = models.CharField(max_length=40)

    class Meta:
        ordering: ClassVar[list[str]] = ["part", "image_class", "place"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["part", "image"], name="one_reference_per_image"),
        ]

    def __str__(self) -> str:
        return f"{self.part_id}/{self.image_class_id}/{self.place}"
