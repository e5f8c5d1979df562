"""The code of an invitation is used up: so far the same as that the person has answered."""

from django.db import migrations, models
from django.db.models import F


def copy(apps, schema_editor):
    """Codes of people who have answered open nothing, as before."""
    apps.get_model("submissions", "Invitation").objects.update(spent=F("used"))


class Migration(migrations.Migration):
    dependencies = [
        ("submissions", "0019_second_readings"),
    ]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="spent",
            field=models.BooleanField(default=False, verbose_name="code used up"),
        ),
        migrations.RunPython(copy, migrations.RunPython.noop),
    ]
