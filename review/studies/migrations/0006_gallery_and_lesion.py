"""Reference galleries; outline and defect point of lesion parts."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_import_job_lease"),
        ("studies", "0005_calibration_and_sessions"),
    ]

    operations = [
        migrations.AddField(
            model_name="part",
            name="gallery",
            field=models.BooleanField(
                default=False, help_text="readers may look up real images from outside the study"
            ),
        ),
        migrations.AddField(
            model_name="part",
            name="outline",
            field=models.BooleanField(
                default=True,
                help_text="lesion parts: readers may ask for the outline, if all have a mask",
            ),
        ),
        migrations.AddField(
            model_name="part",
            name="defect_point",
            field=models.CharField(
                choices=[
                    ("off", "not asked"),
                    ("optional", "may be marked"),
                    ("required", "must be marked when implausible"),
                ],
                default="optional",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="part",
            constraint=models.CheckConstraint(
                condition=models.Q(("gallery", True), ("kind", "turing"), _negated=True),
                name="no_gallery_beside_turing",
            ),
        ),
        migrations.AddField(
            model_name="rendition",
            name="outline_key",
            field=models.CharField(
                blank=True, default="", help_text="mask on the same grid", max_length=120
            ),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="GalleryImage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("place", models.PositiveIntegerField(help_text="from 0 within the class")),
                ("sha256", models.CharField(max_length=64)),
                ("byte_length", models.PositiveIntegerField()),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("media", models.CharField(help_text="png or u16", max_length=12)),
                ("bits", models.PositiveIntegerField(default=8)),
                ("storage_key", models.CharField(max_length=120)),
                ("pipeline", models.CharField(max_length=40)),
                (
                    "image",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="galleries",
                        to="catalog.imageasset",
                    ),
                ),
                (
                    "image_class",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.imageclass",
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="gallery_images",
                        to="studies.part",
                    ),
                ),
            ],
            options={
                "ordering": ["part", "image_class", "place"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("part", "image"), name="one_reference_per_image"
                    )
                ],
            },
        ),
    ]
