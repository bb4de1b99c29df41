"""A verdict at a glance beside the derived one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("studies", "0006_gallery_and_lesion"),
    ]

    operations = [
        migrations.AddField(
            model_name="part",
            name="gestalt",
            field=models.BooleanField(
                default=False, help_text="a verdict at a glance, asked once the criteria are said"
            ),
        ),
        migrations.AddConstraint(
            model_name="part",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("gestalt", False), ("kind__in", ("lesion", "plausibility")), _connector="OR"
                ),
                name="gestalt_comes_after_criteria",
            ),
        ),
    ]
