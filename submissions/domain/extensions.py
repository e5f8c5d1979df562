"""More time for one unit: an extension of a phase, or the reopening of a form that was sent."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms import audit, clock
from cms.enums import Role
from cms.models import User
from cms.permissions import require_role
from submissions.domain.appraisal_gate import current_phase_deadline, lock_participant, when
from submissions.domain.definitions import definition_for
from submissions.domain.notices import notify
from submissions.domain.people import members_of
from submissions.domain.relatives import check_not_after_superior
from submissions.domain.sending import last_receipt
from submissions.domain.sending import reopen as reopen_submission
from submissions.enums import ExtensionScope, Phase, RoundState, SubmissionState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Extension, Participant


def grant_extension(
    *,
    participant: Participant,
    until: dt.datetime,
    reason: str,
    user: User,
    phase: str = Phase.SELF_ASSESSMENT,
    scope: str = ExtensionScope.ALL,
    code: str = "",
    reopen: bool = False,
) -> Extension:
    """Give one participant more time in one phase, for everything, one domain or one leaf.

    An extension unlocks, it does not reopen: where the form was sent, `reopen` says that it goes back to the unit and
    only what is named opens. Raises `PermissionRefused` unless the user is of the round's secretariat;
    `SubmissionError` for a time that has passed or lies after the superior round's, an unknown code or no reason;
    `WrongState` in a finalised round, or where a form was sent and is not to be reopened.
    """
    require_role(user, Role.SECRETARIAT, unit=participant.round.owner)
    _refuse_unsound(participant, phase=phase, scope=scope, code=code, until=until, reason=reason)
    with transaction.atomic():
        submission = lock_participant(participant)
        receipt = None
        if phase == Phase.SELF_ASSESSMENT and submission.state not in {SubmissionState.DRAFT, SubmissionState.SIGNED}:
            if not reopen:
                raise WrongState(
                    _("%(unit)s has sent its form; more time helps only if the form is reopened.")
                    % {"unit": participant.unit.name},
                    code="already_sent",
                )
            receipt = reopen_submission(user=user, submission=submission, reason=reason.strip())
        elif phase == Phase.SELF_ASSESSMENT:
            receipt = last_receipt(submission)
        if receipt is None:
            _refuse_no_gain(participant, phase=phase, until=until)
        extension = Extension.objects.create(
            participant=participant,
            phase=phase,
            scope=scope,
            code=code,
            until=until,
            reason=reason.strip(),
            granted_by=user,
            reopens=receipt,
        )
        audit.record(
            "submissions.extension",
            participant,
            user=user,
            after={
                "phase": str(phase),
                "scope": str(scope),
                "code": code,
                "until": until,
                "reason": reason.strip(),
                "reopens": receipt.number if receipt else None,
            },
        )
        _tell_unit(extension, submission_pk=submission.pk)
    return extension


def _tell_unit(extension: Extension, *, submission_pk: int) -> None:
    """Tell the unit's contributors and leaders what was granted."""
    participant = extension.participant

    def words() -> dict[str, str]:
        return {
            "unit": participant.unit_name or participant.unit.name,
            "phase": extension.get_phase_display(),
            "time": when(extension.until),
            "part": extension.part,
            "reason": extension.reason,
        }

    if extension.reopens_id:
        title = gettext_lazy("The form of %(unit)s is reopened until %(time)s.")
    else:
        title = gettext_lazy("%(unit)s has more time for “%(phase)s”: until %(time)s.")
    notify(
        users=members_of([participant.unit_id]).get(participant.unit_id, []),
        key=f"extension:{extension.pk}",
        title=lambda: str(title) % words(),
        text=lambda: _("For: %(part)s. Reason: %(reason)s") % words(),
        url=reverse("submissions:overview", args=[submission_pk]),
    )


def _refuse_no_gain(participant: Participant, *, phase: str, until: dt.datetime) -> None:
    """Raise `SubmissionError` where everybody has until then anyway. A form sent and reopened has only its own time."""
    closes_at = current_phase_deadline(participant.round, phase)
    if closes_at is not None and until <= closes_at:
        raise SubmissionError(
            _("“%(phase)s” locks for everybody at %(time)s: name a later time.")
            % {"phase": Phase(phase).label, "time": when(closes_at)},
            code="no_gain",
        )


def _refuse_unsound(
    participant: Participant, *, phase: str, scope: str, code: str, until: dt.datetime, reason: str
) -> None:
    if participant.round.state in {RoundState.DRAFT, RoundState.FINALISED}:
        raise WrongState(
            _("The round “%(round)s” is in the state “%(state)s”: nobody needs more time now.")
            % {"round": participant.round.name, "state": RoundState(participant.round.state).label},
            code="round_state",
        )
    if not reason.strip():
        raise SubmissionError(_("Give the reason for the extension."), code="reason_missing")
    if until <= clock.now():
        raise SubmissionError(
            _("The new deadline %(time)s has passed already.") % {"time": when(until)}, code="in_the_past"
        )
    check_not_after_superior(participant.round, phase=phase, closes_at=until)
    definition = definition_for(participant)
    known: dict[str, tuple[str, ...]] = {
        ExtensionScope.ALL: ("",),
        ExtensionScope.DOMAIN: tuple(domain.code for domain in definition.domains),
        ExtensionScope.LEAF: tuple(leaf.code for leaf in definition.leaves),
    }
    if code not in known[scope]:
        raise SubmissionError(
            _("%(unit)s has no part %(code)s in this round.") % {"unit": participant.unit.name, "code": code or "—"},
            code="unknown_code",
        )
