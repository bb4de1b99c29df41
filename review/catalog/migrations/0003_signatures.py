"""Experts sign criterion sets with name and credentials; signed sets can be frozen."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_import_job_lease"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="criterionset",
            name="forked_from",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="forks",
                to="catalog.criterionset",
            ),
        ),
        migrations.AddField(
            model_name="criterionset",
            name="frozen_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="criterionset",
            name="status",
            field=models.CharField(
                choices=[
                    ("draft", "to be confirmed by an expert"),
                    ("signed", "signed by an expert"),
                    ("frozen", "signed and frozen"),
                ],
                default="draft",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="criterionset",
            constraint=models.CheckConstraint(
                condition=models.Q(("frozen_at__isnull", False), ("status", "frozen"))
                | models.Q(models.Q(("status", "frozen"), _negated=True), ("frozen_at", None)),
                name="frozen_criteria_have_their_time",
            ),
        ),
        migrations.CreateModel(
            name="CriterionSignature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("credentials", models.CharField(max_length=200)),
                ("content_sha256", models.CharField(max_length=64)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "account",
                    models.ForeignKey(
                        help_text="signed in with it",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "criterion_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to="catalog.criterionset",
                    ),
                ),
            ],
            options={"ordering": ["pk"]},
        ),
        migrations.AddConstraint(
            model_name="criterionsignature",
            constraint=models.UniqueConstraint(
                fields=("criterion_set", "name"), name="one_signature_per_name"
            ),
        ),
    ]
