"""The minutes of a session: what they hold is put together from the rows, and frozen with its hash at the end."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.models import User
from cms.permissions import require_role
from criteria_pages.definition import plain
from submissions.council_enums import (
    AgendaSubject,
    ItemState,
    MajorityRule,
    MotionKind,
    MotionState,
    QuorumRule,
    SeatPosition,
    SessionState,
)
from submissions.domain.council import lock_session, require_step
from submissions.domain.definitions import definition_for
from submissions.domain.leaf_story import inputs_in_words
from submissions.enums import STAGE_ORDER, ParticipantStatus, Stage
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import (
    AgendaItem,
    CouncilDecision,
    CouncilMinutes,
    CouncilMotion,
    CouncilSession,
    ScoreEntry,
)

FORMAT = 1


def close_session(
    *, session: CouncilSession, user: User, number: str, remarks: str = "", now: dt.datetime | None = None
) -> CouncilMinutes:
    """End a sitting session and freeze its minutes under their number; return them.

    Raises `PermissionRefused` unless the user is of the round's secretariat; `WrongState` while a motion is being voted
    on or an item is neither decided nor put off; `SubmissionError` without a number or with one that is taken.
    """
    require_role(user, Role.SECRETARIAT, unit=session.round.owner)
    if not number.strip():
        raise SubmissionError(_("Give the number of the minutes."), code="number_missing")
    with transaction.atomic():
        locked = lock_session(session)
        require_step(locked, SessionState.CLOSED)
        _refuse_unfinished(locked)
        if CouncilMinutes.objects.filter(round=locked.round, number=number.strip()).exists():
            raise SubmissionError(
                _("Another session of this round has minutes with the number %(number)s.") % {"number": number.strip()},
                code="number_taken",
            )
        moment = now or clock.now()
        locked.state, locked.ended_at, locked.current_item = SessionState.CLOSED, moment, None
        locked.save(update_fields=["state", "ended_at", "current_item"])
        content = minutes_content(locked) | {"number": number.strip(), "remarks": remarks.strip()}
        minutes = CouncilMinutes.objects.create(
            session=locked,
            round=locked.round,
            number=number.strip(),
            content=content,
            sha256=content_hash(content),
            closed_by=user,
            closed_at=moment,
        )
        audit.record(
            "submissions.council_minutes",
            locked,
            user=user,
            before={"state": str(SessionState.SITTING)},
            after={"state": str(SessionState.CLOSED), "number": minutes.number, "sha256": minutes.sha256},
        )
    return minutes


def content_hash(content: dict[str, Any]) -> str:
    """Return the hash of a content as it is frozen: canonical JSON, keys in order."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse_unfinished(session: CouncilSession) -> None:
    if session.motions.filter(state=MotionState.VOTING).exists():
        raise WrongState(_("A motion is being voted on; record its result or withdraw it."), code="voting")
    undecided = session.items.filter(state=ItemState.OPEN).select_related("participant__unit")
    first = undecided.first()
    if first is not None:
        raise WrongState(
            _("%(count)s items are neither decided nor put off, for instance %(item)s.")
            % {"count": undecided.count(), "item": f"{first.participant.unit.name} {first.code}".strip()},
            code="items_open",
        )


# --- content ----------------------------------------------------------------------------------------------------------
def minutes_content(session: CouncilSession) -> dict[str, Any]:
    """Return everything the minutes say as JSON data, in a fixed number of queries beside the definitions."""
    decisions: dict[int | None, list[CouncilDecision]] = defaultdict(list)
    for decision in session.decisions.select_related("motion__evidence", "entry").order_by("number"):
        decisions[decision.item_id].append(decision)
    items = list(session.items.select_related("participant__unit"))
    for item in items:
        item.participant.round = session.round
    scores = _scores_before(items)
    return {
        "format": FORMAT,
        "session": _session_facts(session),
        "seats": [
            {
                "name": str(seat.user),
                "job": seat.user.job_title,
                "position": seat.position,
                "represents": seat.represents,
                "present": seat.is_present,
                "absence": seat.absence,
            }
            for seat in sorted(
                session.seats.select_related("user"), key=lambda seat: (_POSITIONS.index(seat.position), seat.pk)
            )
        ],
        "items": [_item_facts(item, decisions[item.pk], scores) for item in items],
        "rest": [_decision_facts(decision, None) for decision in decisions[None]],
    }


_POSITIONS = [str(position) for position in SeatPosition]


def _session_facts(session: CouncilSession) -> dict[str, Any]:
    return {
        "number": session.number,
        "title": session.title,
        "round": session.round.name,
        "owner": session.round.owner.name,
        "edition": session.round.edition.title,
        "illustrative": session.round.illustrative,
        "held_at": _moment(session.held_at),
        "opened_at": _moment(session.opened_at),
        "ended_at": _moment(session.ended_at),
        "place": session.place,
        "quorum": str(QuorumRule(session.quorum)),
        "majority": str(MajorityRule(session.majority)),
        "chair_breaks_ties": session.chair_breaks_ties,
    }


def _moment(moment: dt.datetime | None) -> str:
    return timezone.localtime(moment).isoformat(timespec="minutes") if moment else ""


def _points(points: Decimal | None) -> str | None:
    return None if points is None else plain(points)


def _scores_before(items: Iterable[AgendaItem]) -> dict[tuple[int, str], dict[str, ScoreEntry]]:
    """Return the newest entry of each stage of the leaves on the agenda, in one query."""
    wanted = {(item.participant_id, item.code) for item in items if item.code}
    found: dict[tuple[int, str], dict[str, ScoreEntry]] = defaultdict(dict)
    rows = ScoreEntry.objects.filter(
        participant__in={pk for pk, _code in wanted}, code__in={code for _pk, code in wanted}
    ).select_related("agency")
    for entry in rows.order_by("pk"):
        if (entry.participant_id, entry.code) in wanted:
            found[entry.participant_id, entry.code][entry.stage] = entry
    return found


def _item_facts(
    item: AgendaItem, decisions: list[CouncilDecision], scores: dict[tuple[int, str], dict[str, ScoreEntry]]
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "order": item.order,
        "subject": item.subject,
        "unit": item.participant.unit_name or item.participant.unit.name,
        "topic": item.topic,
        "state": item.state,
        "closing_note": item.closing_note,
        "decisions": [_decision_facts(decision, item) for decision in decisions],
    }
    if item.subject == AgendaSubject.SCORE:
        leaf = definition_for(item.participant).leaf(item.code)
        stages = scores[item.participant_id, item.code]
        facts |= {
            "code": leaf.code,
            "name": leaf.name,
            "maximum": plain(leaf.maximum),
            "scores": [
                {
                    "stage": stage,
                    "points": _points(entry.points),
                    "agency": entry.agency.name if entry.agency else "",
                    "reason": entry.reason,
                }
                for stage, entry in sorted(stages.items(), key=lambda pair: STAGE_ORDER[pair[0]])
                if stage != Stage.COUNCIL
            ],
        }
    return facts


def _decision_facts(decision: CouncilDecision, item: AgendaItem | None) -> dict[str, Any]:
    motion: CouncilMotion = decision.motion
    return {
        "number": decision.number,
        "kind": motion.kind,
        "points": _points(decision.entry.points if decision.entry else motion.points),
        "inputs": motion_inputs(motion, item),
        "status": str(ParticipantStatus(motion.status)) if motion.status else "",
        "evidence": motion.evidence.original_name if motion.evidence else "",
        "reason": motion.reason,
        "conditions": motion.conditions,
        "carried": decision.carried,
        "for": decision.votes_for,
        "against": decision.votes_against,
        "abstain": decision.votes_abstain,
        "present": decision.present,
        "members": decision.members,
        "tie_broken": decision.tie_broken,
        "roll": [
            {"name": ballot["name"], "choice": ballot["choice"], "excluded": ballot["excluded"]}
            for ballot in decision.roll
            if ballot["choice"] or ballot["excluded"]
        ],
        "facts": decision.facts,
    }


def motion_inputs(motion: CouncilMotion, item: AgendaItem | None) -> list[list[str]]:
    """Return the corrected inputs of a motion as (label, value)."""
    if motion.kind != MotionKind.SET or item is None or not motion.inputs:
        return []
    leaf = definition_for(item.participant).leaf(item.code)
    return [[label, value] for label, value in inputs_in_words(leaf, motion.inputs)]
