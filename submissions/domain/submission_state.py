"""The workflow state of a submission: one function changes it, by the transition table, and writes the audit entry."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cms import audit
from cms.models import User
from submissions.enums import SUBMISSION_TRANSITIONS, SubmissionState
from submissions.exceptions import WrongState
from submissions.models import Submission


def change_state(*, submission: Submission, to: str, user: User | None, reason: str = "") -> None:
    """Move the submission to the state `to` and audit it; the given instance is brought up to date.

    Call inside the transaction of the step. Raises `WrongState` where the table does not allow the step or where the
    state is no longer the one that the caller read.
    """
    before = submission.state
    if to not in SUBMISSION_TRANSITIONS[before]:
        raise WrongState(
            _("The form of %(unit)s is in the state “%(state)s”; it cannot become “%(to)s” from there.")
            % {
                "unit": submission.participant.unit_name or submission.participant.unit.name,
                "state": SubmissionState(before).label,
                "to": SubmissionState(to).label,
            }
        )
    changed = Submission.objects.filter(pk=submission.pk, state=before, version=submission.version).update(
        state=to, version=submission.version + 1
    )
    if not changed:
        raise WrongState(_("Somebody changed the state of this form meanwhile. Reload the page."), code="stale_state")
    submission.state = to
    submission.version += 1
    audit.record(
        "submissions.state", submission, user=user, before={"state": before}, after={"state": to}, reason=reason
    )
