"""Publication's audit actions and their words in the site history."""

from django.utils.translation import gettext_lazy as _

ACTIONS = [
    ("publishing.release.build", _("Build a release"), _("Release built")),
    ("publishing.release.approve", _("Approve a release"), _("Release approved")),
    ("publishing.release.return", _("Return a release"), _("Release returned with a reason")),
    ("publishing.release.withdraw", _("Withdraw a release"), _("Release withdrawn")),
    ("publishing.release.discard", _("Discard a release"), _("Release discarded")),
    ("publishing.release.import", _("Import published results"), _("Published results imported")),
    ("publishing.what_if", _("Order an assumption"), _("Assumption about other rules ordered")),
    ("publishing.terms", _("Fix terms for rounds below"), _("Terms for rounds below fixed")),
    ("publishing.plan.apply", _("Apply a plan to a round"), _("Deadlines set from a plan")),
    ("publishing.plan.progress", _("Report progress of a task"), _("Progress of a task reported")),
]
