"""Putting a motion to the vote, and taking it back. What could not be written if it were carried is refused here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.models import StoredFile, User
from cms.permissions import require_role
from submissions.council_enums import MOTIONS_OF, ItemState, MotionKind, MotionState, SessionState
from submissions.domain.adjustments import check_adjustment, typed_points
from submissions.domain.agenda import open_item
from submissions.domain.appraisal import refuse_stale, set_decision
from submissions.domain.appraisal_gate import check_council
from submissions.domain.council import lock_session, require_quorum, require_state
from submissions.domain.council_votes import voting_motion
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import current_entry
from submissions.enums import AdjustmentKind, ParticipantStatus
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AgendaItem, CouncilMotion, CouncilSession, ScoreEntry

ADJUSTMENT_OF = {MotionKind.BONUS: AdjustmentKind.BONUS, MotionKind.PENALTY: AdjustmentKind.PENALTY}


@dataclass(frozen=True, slots=True)
class MotionText:
    """A motion as it is typed; the domain reads and bounds it."""

    kind: str
    reason: str
    points: str | Decimal = ""
    inputs: Mapping[str, str] | None = None
    status: str = ""
    conditions: str = ""
    public_note: str = ""
    evidence: StoredFile | None = None


def put_motion(
    *,
    item: AgendaItem,
    user: User,
    text: MotionText,
    expected_entry_id: int | None = None,
    now: dt.datetime | None = None,
) -> CouncilMotion:
    """Put a motion on an open item to the vote; return it.

    What could not be written if it were carried is refused now: points above the maximum or off the step, no reason, no
    evidence or no room under the cap for a bonus, a unit that did not send. Raises what the gate raises, `WrongState`
    where another motion is being voted on, `StaleWrite` where the score changed since it was seen.
    """
    with transaction.atomic():
        session = lock_session(item.session)
        require_role(user, Role.SECRETARIAT, unit=session.round.owner)
        require_state(session, SessionState.SITTING)
        require_quorum(session)
        row = open_item(session, item.pk)
        if text.kind not in MOTIONS_OF[row.subject]:
            raise SubmissionError(
                _("An item “%(subject)s” takes no such motion.") % {"subject": row.get_subject_display()},
                code="unknown_kind",
            )
        if not text.reason.strip():
            raise SubmissionError(_("Give the reason of the motion."), code="reason_missing")
        check_council(user=user, participant=row.participant, code=row.code, now=now)
        values, seen = _checked(row, text, expected_entry_id)
        motion = CouncilMotion(
            session=session,
            item=row,
            kind=text.kind,
            reason=text.reason.strip(),
            conditions=text.conditions.strip(),
            public_note=text.public_note.strip(),
            seen_entry=seen,
            put_by=user,
            put_at=now or clock.now(),
            **values,
        )
        _store_motion(motion)
        CouncilSession.objects.filter(pk=session.pk).update(current_item=row)
        audit.record(
            "submissions.council_motion",
            session,
            user=user,
            after={"motion": motion.pk, "item": row.pk, "kind": str(text.kind), **_plain(values)},
        )
    return motion


def put_rest(*, session: CouncilSession, user: User, reason: str, now: dt.datetime | None = None) -> CouncilMotion:
    """Put to the vote to adopt the rest: every open item as the scores stand, and all that is not on the agenda.

    Raises as `put_motion`; special cases, bonus and penalty are not adopted in one act and stand in the way.
    """
    with transaction.atomic():
        locked = lock_session(session)
        require_role(user, Role.SECRETARIAT, unit=locked.round.owner)
        require_state(locked, SessionState.SITTING)
        require_quorum(locked)
        if not reason.strip():
            raise SubmissionError(_("Give the reason of the motion."), code="reason_missing")
        refuse_single_matters(locked.items.filter(state=ItemState.OPEN).select_related("participant__unit"))
        motion = CouncilMotion(
            session=locked, kind=MotionKind.REST, reason=reason.strip(), put_by=user, put_at=now or clock.now()
        )
        _store_motion(motion)
        CouncilSession.objects.filter(pk=locked.pk).update(current_item=None)
        audit.record(
            "submissions.council_motion",
            locked,
            user=user,
            after={"motion": motion.pk, "kind": str(MotionKind.REST)},
        )
    return motion


def refuse_single_matters(items: Iterable[AgendaItem]) -> None:
    """Refuse to adopt the rest while a special case, a bonus or a penalty is open: each is voted on by itself."""
    single = [item for item in items if not item.code]
    if single:
        raise WrongState(
            _("Special cases, bonus and penalty are decided one by one first: %(units)s.")
            % {
                "units": ", ".join(
                    f"{item.participant.unit.name} ({item.get_subject_display()})" for item in single[:5]
                )
            },
            code="single_matters",
        )


def withdraw_motion(*, motion: CouncilMotion, user: User) -> None:
    """Take a motion back before its result is recorded; the votes on it go with it."""
    require_role(user, Role.SECRETARIAT, unit=motion.session.round.owner)
    with transaction.atomic():
        session = lock_session(motion.session)
        row = voting_motion(session, motion.pk)
        row.votes.all().delete()
        row.state = MotionState.WITHDRAWN
        row.save(update_fields=["state"])
        audit.record(
            "submissions.council_motion",
            session,
            user=user,
            before={"motion": row.pk, "state": str(MotionState.VOTING)},
            after={"motion": row.pk, "state": row.state},
        )


def _store_motion(motion: CouncilMotion) -> None:
    try:
        with transaction.atomic():
            motion.save(force_insert=True)
    except IntegrityError as error:
        raise WrongState(
            _("Another motion is being voted on. Record its result or withdraw it first."), code="voting"
        ) from error


def _checked(
    item: AgendaItem, text: MotionText, expected_entry_id: int | None
) -> tuple[dict[str, Any], ScoreEntry | None]:
    """Return the motion's own fields, and the entry on which a motion about points rests."""
    match text.kind:
        case MotionKind.KEEP | MotionKind.SET:
            return _checked_score(item, text, expected_entry_id)
        case MotionKind.STATUS:
            if text.status not in ParticipantStatus.values:
                raise SubmissionError(_("Choose the status."), code="status_missing")
            return {"status": text.status}, None
        case MotionKind.BONUS | MotionKind.PENALTY:
            kind = ADJUSTMENT_OF[MotionKind(text.kind)]
            points = typed_points(item.participant, kind, text.points)
            check_adjustment(item.participant, kind, points)
            if text.evidence is None:
                raise SubmissionError(
                    _("A bonus or penalty needs evidence: attach the document as PDF."), code="evidence_missing"
                )
            return {"points": points, "evidence": text.evidence}, None
        case _:
            return {}, None


def _checked_score(
    item: AgendaItem, text: MotionText, expected_entry_id: int | None
) -> tuple[dict[str, Any], ScoreEntry | None]:
    seen = current_entry(item.participant, item.code)
    refuse_stale(seen, expected_entry_id, typed={"points": text.points, "reason": text.reason})
    if text.kind == MotionKind.KEEP:
        if seen is None:
            raise SubmissionError(
                _("%(code)s has no score yet that could be adopted.") % {"code": item.code}, code="nothing_to_keep"
            )
        return {"points": seen.points, "inputs": dict(seen.inputs)}, seen
    leaf = definition_for(item.participant).leaf(item.code)
    decision = set_decision(leaf, points=text.points, inputs=text.inputs, reason=text.reason)
    return {"points": decision.points, "inputs": dict(decision.inputs)}, seen


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.pk if isinstance(value, StoredFile) else value for name, value in values.items()}
