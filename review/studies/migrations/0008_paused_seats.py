"""Since when, by whom and why a reader is paused; states of a seat that fit its times."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("studies", "0007_gestalt"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="paused_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="membership",
            name="paused_by",
            field=models.ForeignKey(
                help_text="the reader, or an editor; only they end it",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="pause_reason",
            field=models.CharField(blank=True, help_text="for editors only", max_length=200),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=~Q(state__in=["calibrating", "reading", "paused", "complete"])
                | Q(consent_version__isnull=False),
                name="no_reading_without_consent",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=Q(state="paused", paused_at__isnull=False, paused_by__isnull=False)
                | (~Q(state="paused") & Q(paused_at=None, paused_by=None, pause_reason="")),
                name="paused_seat_says_since_when_and_by_whom",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=Q(state="withdrawn", withdrawn_at__isnull=False)
                | (~Q(state="withdrawn") & Q(withdrawn_at=None)),
                name="withdrawn_seat_has_its_time",
            ),
        ),
    ]
