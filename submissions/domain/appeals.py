"""Appeals after a round is finalised: decided by the organising body, and in the ledger where they are granted.

What was published stays as it was. A granted appeal adds an entry at the council's stage; the next release of the
round, a correction with a public note, counts it.
"""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.models import User
from cms.numbers import exact, read_number
from cms.permissions import require_role
from submissions.domain.appraisal import refuse_stale
from submissions.domain.appraisal_gate import lock_participant
from submissions.domain.conflicts import barred_unit_ids, refuse_own_unit
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import NewEntry, append_many, current_entry
from submissions.domain.unit_appeals import close_filing
from submissions.enums import AppealOutcome, Basis, ParticipantStatus, RoundState, Stage
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Appeal, AssessmentRound, FiledAppeal, Participant, ScoreEntry


def decide_appeal(
    *,
    participant: Participant,
    code: str,
    document: str,
    asked: str,
    outcome: str,
    decision: str,
    reason: str,
    user: User,
    points: str | Decimal = "",
    expected_entry_id: int | None,
    filing: FiledAppeal | None = None,
) -> Appeal:
    """Record an appeal about one leaf with the decision on it; a granted one writes `points` into the ledger.

    `filing` is the appeal that the unit filed itself; it must be admitted. The reason is published with the correcting
    release. Raises `PermissionRefused` unless the user is of the round's secretariat and works for another unit;
    `WrongState` before the round is finalised, for a unit that is not assessed and for a filed appeal that is not
    admitted; `StaleWrite` where another score counts than the one that was seen; `SubmissionError` for an unknown leaf,
    an appeal that is decided already, a text left empty, or points that change nothing or are out of range.
    """
    require_role(user, Role.SECRETARIAT, unit=participant.round.owner)
    texts = [text.strip() for text in (document, asked, decision, reason)]
    if not all(texts):
        raise SubmissionError(
            _("Name the appeal, what it asks for, the decision on it and the reason."), code="text_missing"
        )
    with transaction.atomic():
        locked = lock_participant(participant).participant
        refuse_own_unit(locked.unit, barred_unit_ids(user, locked.round))
        _check_state(locked, code)
        _refuse_twice(locked, code, texts[0])
        current = current_entry(locked, code)
        refuse_stale(current, expected_entry_id, typed={"points": str(points), "reason": reason})
        entry = None
        if outcome == AppealOutcome.GRANTED:
            entry = _correct(locked, code, points, current, texts, user)
        appeal = Appeal.objects.create(
            participant=locked,
            code=code,
            document=texts[0],
            asked=texts[1],
            outcome=outcome,
            decision=texts[2],
            reason=texts[3],
            entry=entry,
            decided_by=user,
            decided_at=clock.now(),
        )
        if filing is not None:
            close_filing(user=user, filing=filing, decision=appeal)
        audit.record(
            "submissions.appeal",
            locked,
            user=user,
            before={"points": current.points} if current else None,
            after={"appeal": appeal.pk, "outcome": str(outcome), "points": entry.points if entry else None},
            code=code,
            reason=texts[3],
        )
    return appeal


def _check_state(participant: Participant, code: str) -> None:
    round_ = participant.round
    if round_.state != RoundState.FINALISED:
        raise WrongState(
            _("Appeals are decided once the round is finalised; “%(round)s” is in the state “%(state)s”.")
            % {"round": round_.name, "state": RoundState(round_.state).label},
            code="round_state",
        )
    if participant.status == ParticipantStatus.NOT_ASSESSED:
        raise WrongState(
            _("%(unit)s is not assessed in this round.") % {"unit": participant.unit.name}, code="not_assessed"
        )
    if not definition_for(participant).has_leaf(code):
        raise SubmissionError(
            _("Criterion %(code)s does not exist or is not asked of %(unit)s.")
            % {"code": code, "unit": participant.unit.name},
            code="unknown_code",
        )


def _refuse_twice(participant: Participant, code: str, document: str) -> None:
    """A second press of the button, or a colleague's, decides nothing again."""
    if Appeal.objects.filter(participant=participant, code=code, document=document).exists():
        raise SubmissionError(
            _("The appeal %(document)s on %(code)s is decided already; it stands in the list.")
            % {"document": document, "code": code},
            code="decided_already",
        )


def _correct(
    participant: Participant,
    code: str,
    points: str | Decimal,
    current: ScoreEntry | None,
    texts: list[str],
    user: User,
) -> ScoreEntry:
    leaf = definition_for(participant).leaf(code)
    number = points if isinstance(points, Decimal) else read_number(points, largest=leaf.maximum)
    if current is not None and current.points == number:
        raise SubmissionError(
            _("%(code)s has %(points)s points already; a granted appeal changes them.")
            % {"code": code, "points": exact(number)},
            code="nothing_changes",
        )
    document, _asked, decision, reason = texts
    # Published with the correcting release: in the language of the record, whoever typed it.
    with translation.override(settings.LANGUAGE_CODE):
        note = _("After the appeal %(document)s, by %(decision)s: %(reason)s") % {
            "document": document,
            "decision": decision,
            "reason": reason,
        }
    new = NewEntry(
        participant=participant,
        code=code,
        stage=Stage.COUNCIL,
        points=number,
        basis=Basis.SET,
        reason=note,
        public_note=note,
        actor=user,
        agency=participant.round.owner,
    )
    return append_many([new], correction=True)[0]


def appeals_of(round: AssessmentRound) -> list[Appeal]:
    """Return the appeals of a round with what was decided, newest first."""
    rows = Appeal.objects.filter(participant__round=round)
    return list(rows.select_related("participant__unit", "entry", "decided_by"))
