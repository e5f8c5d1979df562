"""The foundation's audit actions and their words in the site history."""

from django.utils.translation import gettext_lazy as _

ACTIONS = [
    ("cms.units_merge", _("Merge units"), _("Units merged")),
    ("cms.unit_split", _("Split a unit"), _("Unit split")),
    ("cms.unit_rename", _("Rename a unit"), _("Unit renamed")),
    ("cms.import_check", _("Check an import"), _("Import checked")),
    ("cms.import_apply", _("Apply an import"), _("Import applied")),
    ("cms.import_refuse", _("Refuse an import"), _("Import refused")),
    ("cms.files_swept", _("Remove files that nobody refers to"), _("Files that nobody refers to removed")),
    ("cms.membership_change", _("Change a membership"), _("Membership changed")),
    ("cms.job_retry", _("Start a job again"), _("Job started again")),
    (
        "cms.schedule_refused",
        _("Refuse a scheduled publication"),
        _("Scheduled publication refused, schedule taken back"),
    ),
    ("cms.sign_in", _("Sign in"), _("Signed in")),
    ("cms.sign_in_failed", _("Failed sign-in"), _("Sign-in failed")),
    ("cms.password_change", _("Change the password"), _("Password changed")),
]
