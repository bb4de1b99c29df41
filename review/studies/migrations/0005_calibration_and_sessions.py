import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0004_findings_and_pilots"),
    ]

    operations = [
        migrations.AddField(
            model_name="part",
            name="calibration_count",
            field=models.PositiveIntegerField(
                default=0, help_text="practice cases with feedback before the part; never counted"
            ),
        ),
        migrations.AddField(
            model_name="part",
            name="session_count",
            field=models.PositiveIntegerField(
                default=1, help_text="sittings that a reader's list is split into"
            ),
        ),
        migrations.AddField(
            model_name="session",
            name="is_calibration",
            field=models.BooleanField(
                default=False, help_text="practice with feedback; its answers are never counted"
            ),
        ),
        migrations.CreateModel(
            name="CaseFeedback",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=400)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feedback",
                        to="studies.case",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="part",
            constraint=models.CheckConstraint(
                condition=models.Q(("session_count__gte", 1), ("session_count__lte", 10)),
                name="one_to_ten_sessions",
            ),
        ),
        migrations.AddConstraint(
            model_name="part",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("calibration_count", 0),
                    ("kind__in", ("identify", "lesion", "plausibility")),
                    _connector="OR",
                ),
                name="calibration_needs_a_verified_answer",
            ),
        ),
    ]
