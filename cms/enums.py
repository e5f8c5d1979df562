"""Closed vocabularies of the foundation."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a user does for a unit. All row permissions derive from memberships with these roles."""

    EDITOR = "editor", _("Editor")
    SECRETARIAT = "secretariat", _("Secretariat of the council")
    CONTRIBUTOR = "contributor", _("Unit contributor")
    LEADER = "leader", _("Unit leader")
    APPRAISER = "appraiser", _("Appraiser")
    COUNCIL_MEMBER = "council_member", _("Council member")
    APPROVER = "approver", _("Approver")
    SURVEY_OFFICER = "survey_officer", _("Survey officer")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


class SuccessionKind(models.TextChoices):
    """How one unit follows another."""

    MERGE = "merge", _("Merger")
    SPLIT = "split", _("Split")
    RENAME = "rename", _("Renaming")


class FileKind(models.TextChoices):
    """What a stored file is for; each kind has its own rule of who may read it (cms.domain.files)."""

    EVIDENCE = "evidence", _("Evidence")
    IMPORT = "import", _("Import file")
    RESULT = "result", _("Result of a job")
    REPORT = "report", _("Report")
    SIGNED_REPORT = "signed_report", _("Signed report")
    ATTACHMENT = "attachment", _("Attachment")


class JobStatus(models.TextChoices):
    """States of a background job."""

    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Done")
    FAILED = "failed", _("Failed")
