"""Audit actions of criteria and their words in the site history."""

from django.utils.translation import gettext_lazy as _

ACTIONS = [
    ("criteria.freeze_edition", _("Freeze an edition"), _("Edition frozen")),
    ("criteria.reconcile_edition", _("Repair a missed edition"), _("Missed edition repaired")),
    (
        "criteria.publish_without_approval",
        _("Publish without approval"),
        _("Published directly, without the approval of a second person"),
    ),
    ("criteria.start_next_set", _("Start next year's set"), _("Next year's set started")),
    ("criteria.edit_lineage", _("Edit the comparison with the set before"), _("Comparison with the set before edited")),
    ("criteria.import_appendix", _("Import an appendix table"), _("Appendix table imported into a draft")),
    (
        "criteria.confirm_import",
        _("Confirm what an import read"),
        _("What the import had guessed or left open was confirmed"),
    ),
    ("criteria.freeze_guidance", _("Freeze a version of guidance"), _("Version of guidance frozen")),
    ("criteria.freeze_questionnaire", _("Freeze a questionnaire"), _("Questionnaire frozen")),
]
