"""Rows of record leave Wagtail's reference index (`cms.reference_index`): what stands there already is removed."""

from __future__ import annotations

from typing import Any

from django.db import migrations

_LEFT_OUT = {
    "submissions": None,
    "publishing": ("indexrelease", "releaseentry", "releasescore", "releasesurvey"),
    "cms": ("jobrun", "membership", "storedfile"),
    "criteria_pages": ("criteriaedition", "guidanceedition", "questionnaireedition"),
}


def remove(apps: Any, schema_editor: Any) -> None:
    """Remove the references of models that are left out from now on."""
    rows = apps.get_model("wagtailcore", "ReferenceIndex").objects.using(schema_editor.connection.alias)
    for app, models in _LEFT_OUT.items():
        found = rows.filter(content_type__app_label=app)
        (found if models is None else found.filter(content_type__model__in=models)).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("submissions", "0025_survey_closing_by_places"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("wagtailcore", "0078_referenceindex"),
    ]

    operations = [migrations.RunPython(remove, migrations.RunPython.noop, elidable=True)]
