"""Parts may ask several findings of one image; pilots of criteria are studies of their own."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("studies", "0003_anchors")]

    operations = [
        migrations.AddField(
            model_name="part",
            name="findings",
            field=models.JSONField(
                default=list, help_text="class codes asked one by one, at most 9"
            ),
        ),
        migrations.AddField(
            model_name="case",
            name="findings",
            field=models.JSONField(default=list, help_text="further class codes of the image"),
        ),
        migrations.AddField(
            model_name="study",
            name="pilot_of",
            field=models.ForeignKey(
                help_text="the study whose criteria a pilot tries out",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="pilots",
                to="studies.study",
            ),
        ),
        migrations.AlterField(
            model_name="study",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("confirmatory", "Confirmatory"),
                    ("loop", "loop (may feed a plan)"),
                    ("pilot", "pilot of the criteria (feeds no plan and no report)"),
                ],
                default="loop",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="study",
            constraint=models.CheckConstraint(
                condition=models.Q(("pilot_of__isnull", False), ("purpose", "pilot"))
                | models.Q(models.Q(("purpose", "pilot"), _negated=True), ("pilot_of", None)),
                name="only_pilots_are_of_a_study",
            ),
        ),
    ]
