"""What an amendment changed, in words; a state that has all times before it and none after."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0009_additions"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="study",
            name="study_state_has_its_time",
        ),
        migrations.AddField(
            model_name="amendment",
            name="after",
            field=models.TextField(blank=True, default="", help_text="what it is now"),
        ),
        migrations.AddField(
            model_name="amendment",
            name="before",
            field=models.TextField(blank=True, default="", help_text="what it was, in words"),
        ),
        migrations.AddConstraint(
            model_name="study",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("activated_at__isnull", True),
                        ("archived_at__isnull", True),
                        ("closed_at__isnull", True),
                        ("paused_at__isnull", True),
                        ("prepared_at__isnull", True),
                        ("state", "draft"),
                        ("unblinded_at__isnull", True),
                    ),
                    models.Q(
                        ("activated_at__isnull", True),
                        ("archived_at__isnull", True),
                        ("closed_at__isnull", True),
                        ("paused_at__isnull", True),
                        ("prepared_at__isnull", False),
                        ("state", "prepared"),
                        ("unblinded_at__isnull", True),
                    ),
                    models.Q(
                        ("activated_at__isnull", False),
                        ("archived_at__isnull", True),
                        ("closed_at__isnull", True),
                        ("prepared_at__isnull", False),
                        ("state", "active"),
                        ("unblinded_at__isnull", True),
                    ),
                    models.Q(
                        ("activated_at__isnull", False),
                        ("archived_at__isnull", True),
                        ("closed_at__isnull", True),
                        ("paused_at__isnull", False),
                        ("prepared_at__isnull", False),
                        ("state", "paused"),
                        ("unblinded_at__isnull", True),
                    ),
                    models.Q(
                        ("activated_at__isnull", False),
                        ("archived_at__isnull", True),
                        ("closed_at__isnull", False),
                        ("prepared_at__isnull", False),
                        ("state", "closed"),
                        ("unblinded_at__isnull", True),
                    ),
                    models.Q(
                        ("activated_at__isnull", False),
                        ("archived_at__isnull", True),
                        ("closed_at__isnull", False),
                        ("prepared_at__isnull", False),
                        ("state", "unblinded"),
                        ("unblinded_at__isnull", False),
                    ),
                    models.Q(
                        ("activated_at__isnull", False),
                        ("archived_at__isnull", False),
                        ("closed_at__isnull", False),
                        ("prepared_at__isnull", False),
                        ("state", "archived"),
                        ("unblinded_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="study_state_has_its_time",
            ),
        ),
    ]
