"""Bonus and penalty points outside the tree, with reason, evidence and the caps of the criteria set.

Once the round is finalised they change only by a decision that is named: another row, never another value of a row.
What was published stays; a correcting release with a public note counts the new rows.
"""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from cms import audit
from cms.enums import Role
from cms.models import StoredFile, User
from cms.numbers import exact, read_number
from cms.permissions import require_role
from submissions.domain.appraisal_gate import lock_participant
from submissions.domain.conflicts import barred_unit_ids, refuse_own_unit
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import AdjustmentTotals, adjustments, append_adjustment
from submissions.enums import AdjustmentKind, ParticipantStatus, RoundState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Adjustment, AssessmentRound, Participant

OPEN_STATES = (RoundState.APPRAISAL, RoundState.COUNCIL)


def record_adjustment(
    *,
    participant: Participant,
    kind: str,
    points: str | Decimal,
    reason: str,
    user: User,
    evidence: StoredFile | None = None,
    decision: str | None = None,
) -> Adjustment:
    """Give a participant bonus or penalty points; return the new entry.

    `decision` (number and date) makes it a correction after the round is finalised. Raises `PermissionRefused` unless
    the user is of the round's secretariat and works for another unit, `WrongState` outside appraisal and council (with
    a decision: before the round is finalised), `SubmissionError` without a reason or with an empty decision, for points
    that are not above 0, and beyond the cap of the set.
    """
    require_role(user, Role.SECRETARIAT, unit=participant.round.owner)
    if not reason.strip():
        raise SubmissionError(_("Give the reason for the bonus or penalty."), code="reason_missing")
    number = typed_points(participant, kind, points)
    words = _reason(reason, decision)
    with transaction.atomic():
        locked = lock_participant(participant).participant
        refuse_own_unit(locked.unit, barred_unit_ids(user, locked.round))
        check_adjustment(locked, kind, number, corrects=decision is not None)
        entry = append_adjustment(
            participant=locked, kind=kind, points=number, reason=words, actor=user, evidence=evidence
        )
        audit.record(
            "submissions.adjustment",
            locked,
            user=user,
            after={"entry": entry.pk, "kind": str(kind), "points": number, "reason": words},
            correction=decision is not None,
        )
    return entry


def withdraw_adjustment(*, adjustment: Adjustment, reason: str, user: User, decision: str | None = None) -> Adjustment:
    """Withdraw a bonus or penalty: a new entry that names it. Raises as `record_adjustment`, and when withdrawn."""
    require_role(user, Role.SECRETARIAT, unit=adjustment.participant.round.owner)
    if not reason.strip():
        raise SubmissionError(_("Give the reason for the withdrawal."), code="reason_missing")
    words = _reason(reason, decision)
    with transaction.atomic():
        locked = lock_participant(adjustment.participant).participant
        refuse_own_unit(locked.unit, barred_unit_ids(user, locked.round))
        _check_state(locked, corrects=decision is not None)
        if adjustment.kind == AdjustmentKind.WITHDRAWAL or Adjustment.objects.filter(withdraws=adjustment).exists():
            raise SubmissionError(_("This entry is withdrawn already."), code="withdrawn")
        entry = append_adjustment(
            participant=locked,
            kind=AdjustmentKind.WITHDRAWAL,
            points=adjustment.points,
            reason=words,
            actor=user,
            withdraws=adjustment,
        )
        audit.record(
            "submissions.adjustment",
            locked,
            user=user,
            before={"entry": adjustment.pk, "kind": adjustment.kind, "points": adjustment.points},
            after={"entry": entry.pk, "kind": entry.kind, "reason": words},
            correction=decision is not None,
        )
    return entry


def standing_adjustments(round: AssessmentRound) -> list[Adjustment]:
    """Return the bonus and penalty entries of a round with what withdrew them, newest first."""
    return list(
        Adjustment.objects.filter(participant__round=round)
        .exclude(kind=AdjustmentKind.WITHDRAWAL)
        .select_related("participant__unit", "actor", "evidence", "withdrawn_by")
        .order_by("-pk")
    )


def corrections_of(round: AssessmentRound, *, after: int, upto: int | None = None) -> list[Adjustment]:
    """Return the entries that came after the one numbered `after`, withdrawals included, oldest first."""
    rows = Adjustment.objects.filter(participant__round=round, pk__gt=after)
    rows = rows if upto is None else rows.filter(pk__lte=upto)
    return list(rows.select_related("participant__unit", "withdraws", "actor").order_by("pk"))


def _reason(reason: str, decision: str | None) -> str:
    """Return the reason as it is stored; a correction names the decision on which it rests."""
    if decision is None:
        return reason.strip()
    if not decision.strip():
        raise SubmissionError(
            _("The round is finalised: name number and date of the decision by which this is corrected."),
            code="decision_missing",
        )
    # Published with the correcting release: in the language of the record, whoever typed it.
    with translation.override(settings.LANGUAGE_CODE):
        return _("Corrected after the end of the round, by %(decision)s: %(reason)s") % {
            "decision": decision.strip(),
            "reason": reason.strip(),
        }


def check_adjustment(participant: Participant, kind: str, points: Decimal, *, corrects: bool = False) -> None:
    """Refuse points that could not be given: at the wrong time, not above 0, or beyond the set's cap."""
    if not points.is_finite() or points <= 0:
        raise SubmissionError(_("Bonus and penalty points are numbers above 0."), code="points_out_of_range")
    _check_state(participant, corrects=corrects)
    _check_cap(participant, kind, points)


def _check_state(participant: Participant, *, corrects: bool) -> None:
    round_ = participant.round
    if corrects and round_.state != RoundState.FINALISED:
        raise WrongState(
            _("Until the round is finalised, bonus and penalty points are given and withdrawn without a correction."),
            code="round_state",
        )
    if not corrects and round_.state not in OPEN_STATES:
        raise WrongState(
            _("Bonus and penalty points are given during appraisal and council; the round is in the state “%(state)s”.")
            % {"state": RoundState(round_.state).label},
            code="round_state",
        )
    if participant.status == ParticipantStatus.NOT_ASSESSED:
        raise WrongState(
            _("%(unit)s is not assessed in this round.") % {"unit": participant.unit.name}, code="not_assessed"
        )


def typed_points(participant: Participant, kind: str, points: str | Decimal) -> Decimal:
    """Return bonus or penalty points as they were typed. Raises `NumberError`, `SubmissionError` for another kind."""
    if isinstance(points, Decimal):
        return points
    return read_number(points, largest=_cap(participant, kind))


def _cap(participant: Participant, kind: str) -> Decimal:
    definition = definition_for(participant)
    caps = {AdjustmentKind.BONUS: definition.bonus_cap, AdjustmentKind.PENALTY: definition.penalty_cap}
    if kind not in caps:
        raise SubmissionError(_("Choose bonus or penalty."), code="unknown_kind")
    return caps[AdjustmentKind(kind)]


def _check_cap(participant: Participant, kind: str, points: Decimal) -> None:
    cap = _cap(participant, kind)
    totals = adjustments(participant.round).get(participant.pk, AdjustmentTotals())
    given = totals.bonus if kind == AdjustmentKind.BONUS else totals.penalty
    if given + points > cap:
        raise SubmissionError(
            _("%(kind)s: the criteria set allows at most %(cap)s points; %(unit)s has %(given)s already.")
            % {
                "kind": AdjustmentKind(kind).label,
                "cap": exact(cap),
                "unit": participant.unit.name,
                "given": exact(given),
            },
            code="above_cap",
        )
