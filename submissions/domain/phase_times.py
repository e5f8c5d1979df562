"""The times of several phases of a round, set with one act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import User
from cms.permissions import require_role
from submissions.domain.rounds import set_deadline
from submissions.exceptions import DeadlinesRefused, WrongState
from submissions.models import AssessmentRound, PhaseDeadline


@dataclass(frozen=True, slots=True)
class PhaseTimes:
    """When a phase shall open and lock, and why it locks earlier than announced, where it does."""

    phase: str
    opens_at: dt.datetime
    closes_at: dt.datetime
    reason: str = ""


def set_deadlines(*, round: AssessmentRound, times: Iterable[PhaseTimes], user: User) -> list[PhaseDeadline]:
    """Set when several phases open and lock, all or nothing; each is checked and audited as `set_deadline` does.

    Raises `PermissionRefused`, `WrongState` in a finalised round, `DeadlinesRefused` with the refusal of every phase
    that cannot be set: then none is.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    refusals: dict[str, PortalError] = {}
    stored = []
    with transaction.atomic():
        for one in times:
            try:
                stored.append(
                    set_deadline(
                        round=round,
                        phase=one.phase,
                        opens_at=one.opens_at,
                        closes_at=one.closes_at,
                        user=user,
                        reason=one.reason,
                    )
                )
            except (PermissionRefused, WrongState):
                raise
            except PortalError as refusal:
                refusals[one.phase] = refusal
        if refusals:
            raise DeadlinesRefused(
                _("Nothing is stored yet; first mend what is wrong with these deadlines."), refusals=refusals
            )
    return stored
