"""Cases added to a running study: additions, their candidates, and sittings made for them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_signatures"),
        ("studies", "0008_paused_seats"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="session",
            name="is_added",
            field=models.BooleanField(
                default=False,
                help_text="made while the study ran; waits for the end of the sitting under way",
            ),
        ),
        migrations.CreateModel(
            name="Addition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "lease_owner",
                    models.CharField(blank=True, default="", max_length=120),
                ),
                ("lease_expires", models.DateTimeField(blank=True, null=True)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                ("fence", models.PositiveBigIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting for a worker"),
                            ("working", "being rendered and audited"),
                            ("ready", "ready to be added"),
                            ("blocked", "blocked by the blinding audit"),
                            ("failed", "stopped by an error"),
                            ("added", "in the study already"),
                        ],
                        default="queued",
                        max_length=8,
                    ),
                ),
                ("reason", models.TextField()),
                (
                    "asked",
                    models.JSONField(help_text="[[part, arm code, class code, count]]"),
                ),
                (
                    "notes",
                    models.JSONField(default=list, help_text="what was passed over or fell short"),
                ),
                (
                    "audit_report",
                    models.JSONField(default=dict, help_text="of the parts that grow"),
                ),
                (
                    "audit_override",
                    models.JSONField(default=dict, help_text="reason, by whom and when"),
                ),
                ("error", models.TextField(blank=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
                (
                    "amendment",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="addition",
                        to="studies.amendment",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="additions",
                        to="studies.study",
                    ),
                ),
            ],
            options={
                "ordering": ["study", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Candidate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("main", "Main"),
                            ("calibration", "Calibration"),
                            ("control", "Control"),
                        ],
                        default="main",
                        max_length=12,
                    ),
                ),
                (
                    "rendition",
                    models.JSONField(
                        default=dict,
                        help_text="columns of the rendition to be; its bytes are stored",
                    ),
                ),
                (
                    "refusal",
                    models.CharField(
                        blank=True, help_text="why it cannot be shown", max_length=300
                    ),
                ),
                (
                    "addition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="candidates",
                        to="studies.addition",
                    ),
                ),
                (
                    "arm",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="candidates",
                        to="studies.arm",
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="candidate",
                        to="studies.case",
                    ),
                ),
                (
                    "image",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="candidates",
                        to="catalog.imageasset",
                    ),
                ),
                (
                    "intended_class",
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
                        related_name="candidates",
                        to="studies.part",
                    ),
                ),
            ],
            options={
                "ordering": ["addition", "pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="addition",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "added"), _negated=True),
                fields=("study",),
                name="one_addition_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="addition",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amendment__isnull", False), ("state", "added")),
                    models.Q(models.Q(("state", "added"), _negated=True), ("amendment", None)),
                    _connector="OR",
                ),
                name="added_by_an_amendment",
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.UniqueConstraint(
                fields=("addition", "image"), name="drawn_once_per_addition"
            ),
        ),
        migrations.AddConstraint(
            model_name="candidate",
            constraint=models.CheckConstraint(
                condition=models.Q(("refusal", ""), ("case", None), _connector="OR"),
                name="refused_images_are_no_cases",
            ),
        ),
    ]
