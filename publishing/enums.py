"""Closed vocabularies of publication."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReleaseState(models.TextChoices):
    """State of a release. Whether citizens see it depends on `publish_at` too, asked at every read."""

    DRAFT = "draft", _("Draft")
    RETURNED = "returned", _("Returned with a reason")
    APPROVED = "approved", _("Approved for publication")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    DISCARDED = "discarded", _("Discarded before approval")


RELEASE_TRANSITIONS: dict[str, tuple[str, ...]] = {
    ReleaseState.DRAFT: (ReleaseState.APPROVED, ReleaseState.RETURNED, ReleaseState.DISCARDED),
    ReleaseState.RETURNED: (ReleaseState.DISCARDED,),
    ReleaseState.APPROVED: (ReleaseState.WITHDRAWN,),
    ReleaseState.WITHDRAWN: (),
    ReleaseState.DISCARDED: (),
}


class ReleaseKind(models.TextChoices):
    """Where the figures come from."""

    COMPUTED = "computed", _("Computed from the ledger")
    HISTORIC = "historic", _("Imported from published sources")


class TieRule(models.TextChoices):
    """How equal results are ranked; the rule is printed."""

    COMPETITION = "competition", _("Equal results share a rank, the next rank is skipped (1, 2, 2, 4)")
    DENSE = "dense", _("Equal results share a rank, no rank is skipped (1, 2, 2, 3)")


class RankScope(models.TextChoices):
    """Among which units a unit is ranked."""

    TIER = "tier", _("Among the units of its own tier")
    ALL = "all", _("Among all units of the release")


class EntryStatus(models.TextChoices):
    """How a unit appears in a release."""

    RANKED = "ranked", _("Assessed and ranked")
    NOT_RANKED = "not_ranked", _("Assessed, not ranked")
    NOT_ASSESSED = "not_assessed", _("Not assessed")


class SourceKind(models.TextChoices):
    """How a figure of a historic release came to us; printed beside it."""

    PUBLISHED = "published", _("Printed in the source")
    DERIVED = "derived", _("Derived from printed figures")
    SECONDARY = "secondary", _("From a secondary source")


class PlanRole(models.TextChoices):
    """What a unit does in a task of a plan."""

    LEAD = "lead", _("Lead")
    SUPPORT = "support", _("Support")


class TaskStatus(models.TextChoices):
    """How far a task of a plan is, kept by its lead units."""

    PLANNED = "planned", _("Not started")
    RUNNING = "running", _("Under way")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("No longer planned")
