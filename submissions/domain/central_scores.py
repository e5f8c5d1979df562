"""Points that come from outside the units' forms: entered centrally, or brought by the survey."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.enums import Role
from cms.models import User
from cms.numbers import read_number
from cms.permissions import require_role
from criteria_pages.definition import Leaf, plain
from criteria_pages.enums import Scorer
from submissions.domain.appraisal import refuse_stale
from submissions.domain.appraisal_gate import lock_participant
from submissions.domain.conflicts import barred_unit_ids, refuse_own_unit
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import append, check_points, current_entry
from submissions.enums import Basis, ParticipantStatus, RoundState, Stage
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AssessmentRound, Participant, ScoreEntry

OPEN_STATES = (RoundState.OPEN, RoundState.APPRAISAL, RoundState.COUNCIL)
STAGE_OF: dict[str, str] = {Scorer.CENTRAL: Stage.CENTRAL, Scorer.SURVEY: Stage.SURVEY}
ROLES_OF: dict[str, tuple[str, ...]] = {
    Scorer.CENTRAL: (Role.SECRETARIAT,),
    Scorer.SURVEY: (Role.SECRETARIAT, Role.SURVEY_OFFICER),
}


def central_leaves(round: AssessmentRound) -> list[Leaf]:
    """Return the leaves of the round whose points are entered centrally or come from the survey, in order."""
    return [leaf for leaf in round.edition.definition.leaves if leaf.scorer != Scorer.SELF]


def record_central(
    *,
    user: User,
    participant: Participant,
    code: str,
    points: str | Decimal,
    expected_entry_id: int | None,
    reason: str = "",
    imported: bool = False,
    now: dt.datetime | None = None,
) -> ScoreEntry:
    """Store the points of a leaf that the unit does not fill in; return the ledger's new entry.

    The first value needs no reason, a change does. Raises `PermissionRefused` unless the user is of the round's
    secretariat (or its survey officer for survey leaves) and works for another unit, `WrongState` before the round
    opens and after it is finalised, `StaleWrite`, and `SubmissionError` for points outside 0..maximum or a leaf that
    units fill in.
    """
    with transaction.atomic():
        locked = lock_participant(participant).participant
        leaf = central_leaf(locked, code)
        require_role(user, *ROLES_OF[leaf.scorer], unit=locked.round.owner)
        refuse_own_unit(locked.unit, barred_unit_ids(user, locked.round))
        check_central_state(locked)
        number = points if isinstance(points, Decimal) else read_number(points, largest=leaf.maximum)
        check_points(code, number, leaf.maximum)
        current = current_entry(locked, code)
        refuse_stale(current, expected_entry_id, typed={"points": plain(number), "reason": reason})
        if current is not None and not reason.strip():
            raise SubmissionError(
                _("%(code)s: changing points that were entered needs a reason.") % {"code": code}, code="reason_missing"
            )
        basis = Basis.IMPORTED if imported else Basis.RULE if current is None else Basis.SET
        entry = append(
            participant=locked,
            code=code,
            stage=STAGE_OF[leaf.scorer],
            points=number,
            basis=basis,
            inputs={"points": plain(number)},
            reason=reason.strip(),
            actor=user,
            agency=locked.round.owner,
            now=now,
        )
        audit.record(
            "submissions.central_score",
            locked,
            user=user,
            before={"entry": current.pk, "points": current.points} if current else None,
            after={"entry": entry.pk, "points": entry.points},
            code=code,
        )
    return entry


def central_leaf(participant: Participant, code: str) -> Leaf:
    """Return the leaf; `SubmissionError` where it is not asked of the unit or is filled in by units."""
    definition = definition_for(participant)
    if not definition.has_leaf(code):
        raise SubmissionError(
            _("Criterion %(code)s does not exist or is not asked of %(unit)s.")
            % {"code": code, "unit": participant.unit.name},
            code="unknown_code",
        )
    leaf = definition.leaf(code)
    if leaf.scorer not in STAGE_OF:
        raise SubmissionError(
            _("Criterion %(code)s is filled in by the unit and appraised; it is not entered centrally.")
            % {"code": code},
            code="not_central",
        )
    return leaf


def check_central_state(participant: Participant) -> None:
    """Refuse before the round opens, after it is finalised, and for a unit that is not assessed."""
    round_ = participant.round
    if round_.state not in OPEN_STATES:
        raise WrongState(
            _("The round “%(round)s” is in the state “%(state)s”: no points are entered now.")
            % {"round": round_.name, "state": RoundState(round_.state).label},
            code="round_state",
        )
    if participant.status == ParticipantStatus.NOT_ASSESSED:
        raise WrongState(
            _("%(unit)s is not assessed in this round.") % {"unit": participant.unit.name}, code="not_assessed"
        )
