"""The result of a vote, recorded by the secretariat and decided by the votes; what is carried passes the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.models import Unit, User
from cms.permissions import require_role
from submissions.council_enums import DiscrepancyState, ItemState, MotionKind, MotionState
from submissions.domain.adjustments import record_adjustment
from submissions.domain.agenda import open_item
from submissions.domain.appraisal import refuse_stale
from submissions.domain.appraisal_gate import check_council
from submissions.domain.council import lock_session
from submissions.domain.council_motions import ADJUSTMENT_OF, refuse_single_matters
from submissions.domain.council_votes import Roll, voting_motion
from submissions.domain.ledger import append, current_entry
from submissions.domain.rounds import set_participant_status
from submissions.domain.tally import Ballot, Tally
from submissions.enums import Basis, ParticipantStatus, Stage
from submissions.exceptions import SubmissionError
from submissions.models import (
    Adjustment,
    AgendaItem,
    CouncilDecision,
    CouncilMotion,
    CouncilSession,
    Discrepancy,
    ScoreEntry,
)


@dataclass(frozen=True, slots=True)
class Written:
    """What a carried motion put into the books."""

    entry: ScoreEntry | None = None
    adjustment: Adjustment | None = None


def record_result(*, motion: CouncilMotion, user: User, now: dt.datetime | None = None) -> CouncilDecision:
    """Count the votes on an item's motion and write what they decided; return the decision.

    Carried, the motion goes into the ledger (or becomes a bonus, a penalty, a status) and the item is decided; not
    carried, the item stays open for another motion. Raises what the gate raises, `StaleWrite` where another score
    counts than the one that was voted on, `SubmissionError` without a quorum for this unit or with a vote missing.
    """
    with transaction.atomic():
        session = lock_session(motion.session)
        require_role(user, Role.SECRETARIAT, unit=session.round.owner)
        row = voting_motion(session, motion.pk)
        if row.item is None:
            raise SubmissionError(_("The rest is adopted by an act of its own."), code="unknown_kind")
        item, unit = open_item(session, row.item.pk), row.item.participant.unit
        roll = Roll(session, row)
        result = roll.tally(unit)
        _require_complete(result, unit)
        written = Written()
        if result.carried:
            written = _write(row, item, user, now)
            _settle(item)
        row.state = MotionState.CARRIED if result.carried else MotionState.REJECTED
        row.save(update_fields=["state"])
        return _decide(
            motion=row, item=item, result=result, ballots=roll.ballots(unit), written=written, user=user, now=now
        )


def adopt_rest(*, motion: CouncilMotion, user: User, now: dt.datetime | None = None) -> list[CouncilDecision]:
    """Count the vote on the rest, unit by unit without whoever is excluded there; return the decisions.

    The first decision is about all that is not on the agenda and names the units for which it was not carried; then
    comes one for each open item about points, which is adopted as it stands. What is not carried stays open. Raises
    `WrongState` while special cases, bonus or penalty are undecided, else as `record_result`.
    """
    with transaction.atomic():
        session = lock_session(motion.session)
        require_role(user, Role.SECRETARIAT, unit=session.round.owner)
        row = voting_motion(session, motion.pk)
        if row.item is not None:
            raise SubmissionError(_("This motion is about one item."), code="unknown_kind")
        items = list(session.items.filter(state=ItemState.OPEN).select_related("participant__unit"))
        refuse_single_matters(items)
        roll = Roll(session, row)
        overall = roll.tally(None)
        _require_complete(overall, None)
        tallies = {unit.pk: (unit, roll.tally(unit)) for unit in _units_of(session)}
        left = [unit for unit, result in tallies.values() if not result.carried]
        decisions = [
            _decide(
                motion=row,
                item=None,
                result=overall,
                ballots=roll.ballots(None),
                written=Written(),
                user=user,
                now=now,
                facts={"units": len(tallies) - len(left), "left": [unit.name for unit in left]},
            )
        ]
        if overall.carried:
            for item in items:
                item.participant.round = session.round
                result, seen = tallies[item.participant.unit_id][1], current_entry(item.participant, item.code)
                if result.carried and seen is not None:
                    decisions.append(_adopt_item(row, item, seen, roll, user, now))
        row.state = MotionState.CARRIED if overall.carried else MotionState.REJECTED
        row.save(update_fields=["state"])
    return decisions


def _adopt_item(
    motion: CouncilMotion, item: AgendaItem, seen: ScoreEntry, roll: Roll, user: User, now: dt.datetime | None
) -> CouncilDecision:
    check_council(user=user, participant=item.participant, code=item.code, now=now)
    entry = _append(motion, item, user, points=seen.points, inputs=seen.inputs, now=now)
    _settle(item)
    unit = item.participant.unit
    return _decide(
        motion=motion,
        item=item,
        result=roll.tally(unit),
        ballots=roll.ballots(unit),
        written=Written(entry=entry),
        user=user,
        now=now,
    )


def _units_of(session: CouncilSession) -> list[Unit]:
    rows = session.round.participants.exclude(status=ParticipantStatus.NOT_ASSESSED).select_related("unit")
    return [row.unit for row in rows]


def _require_complete(result: Tally, unit: Unit | None) -> None:
    if not result.is_quorate:
        name = unit.name if unit is not None else _("all units")
        raise SubmissionError(
            _("No quorum for %(unit)s: %(present)s of %(members)s members who may vote here are present.")
            % {"unit": name, "present": result.present, "members": result.members},
            code="no_quorum",
        )
    if result.silent:
        raise SubmissionError(
            _("Votes are missing: %(names)s. Enter them; whoever does not vote abstains.")
            % {"names": ", ".join(result.silent)},
            code="votes_missing",
        )


def _write(motion: CouncilMotion, item: AgendaItem, user: User, now: dt.datetime | None) -> Written:
    """Put a carried motion into the books, through the gate."""
    check_council(user=user, participant=item.participant, code=item.code, now=now)
    if motion.kind in {MotionKind.KEEP, MotionKind.SET}:
        current = current_entry(item.participant, item.code)
        refuse_stale(current, motion.seen_entry_id, typed={"points": motion.points, "reason": motion.reason})
        return Written(entry=_append(motion, item, user, points=motion.points, inputs=motion.inputs, now=now))
    if motion.kind == MotionKind.STATUS:
        set_participant_status(participant=item.participant, status=motion.status, reason=motion.reason, user=user)
    if motion.kind in ADJUSTMENT_OF and motion.points is not None:
        adjustment = record_adjustment(
            participant=item.participant,
            kind=ADJUSTMENT_OF[MotionKind(motion.kind)],
            points=motion.points,
            reason=motion.reason,
            evidence=motion.evidence,
            user=user,
        )
        return Written(adjustment=adjustment)
    return Written()


def _append(
    motion: CouncilMotion,
    item: AgendaItem,
    user: User,
    *,
    points: Decimal | None,
    inputs: Mapping[str, str],
    now: dt.datetime | None,
) -> ScoreEntry:
    taken = Basis.SET if motion.kind == MotionKind.SET else Basis.ACCEPTED
    basis = Basis.NOT_APPLICABLE if points is None else taken
    return append(
        participant=item.participant,
        code=item.code,
        stage=Stage.COUNCIL,
        points=points,
        basis=basis,
        inputs=inputs,
        reason=motion.reason,
        public_note=motion.public_note,
        actor=user,
        agency=motion.session.round.owner,
        now=now,
    )


def _settle(item: AgendaItem) -> None:
    AgendaItem.objects.filter(pk=item.pk).update(state=ItemState.DECIDED)
    if item.code:
        Discrepancy.objects.filter(participant=item.participant_id, code=item.code).exclude(
            state=DiscrepancyState.GONE
        ).update(state=DiscrepancyState.DECIDED)


def _decide(
    *,
    motion: CouncilMotion,
    item: AgendaItem | None,
    result: Tally,
    ballots: Iterable[Ballot],
    written: Written,
    user: User,
    now: dt.datetime | None,
    facts: Mapping[str, Any] | None = None,
) -> CouncilDecision:
    session = motion.session
    last = session.decisions.aggregate(last=Max("number"))["last"] or 0
    decision = CouncilDecision.objects.create(
        session=session,
        motion=motion,
        item=item,
        number=last + 1,
        carried=result.carried,
        votes_for=result.votes_for,
        votes_against=result.votes_against,
        votes_abstain=result.votes_abstain,
        present=result.present,
        members=result.members,
        tie_broken=result.tie_broken,
        roll=[asdict(replace(ballot, choice=ballot.choice if ballot.counts else "")) for ballot in ballots],
        facts=dict(facts or {}),
        entry=written.entry,
        adjustment=written.adjustment,
        recorded_by=user,
        recorded_at=now or clock.now(),
    )
    audit.record(
        "submissions.council_decision",
        session,
        user=user,
        after={
            "decision": decision.pk,
            "item": item.pk if item else None,
            "carried": result.carried,
            "votes": [result.votes_for, result.votes_against, result.votes_abstain],
            "entry": written.entry.pk if written.entry else None,
            "adjustment": written.adjustment.pk if written.adjustment else None,
        },
    )
    return decision
