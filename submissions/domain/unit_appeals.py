"""Appeals filed by units: until when, by whom, and what the secretariat answers.

A unit's leader files about one criterion at a time, once the result is public and until the time that the secretariat
has set. The secretariat says whether it is admitted; an admitted one is decided in `submissions.domain.appeals`, which
alone writes into the ledger.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.dates import check_year
from cms.enums import Role
from cms.exceptions import PortalError
from cms.models import StoredFile, User
from cms.permissions import Person, has_role, require_role
from submissions.domain.appraisal_gate import lock_participant, when
from submissions.domain.conflicts import barred_unit_ids, refuse_own_unit
from submissions.domain.definitions import definition_for
from submissions.domain.earlier_results import is_published
from submissions.domain.inputs import clean_text
from submissions.domain.round_access import SCORE_READERS
from submissions.enums import FILING_STEPS, FilingState, ParticipantStatus, RoundState
from submissions.exceptions import Locked, SubmissionError, WrongState
from submissions.models import Appeal, AppealPeriod, AssessmentRound, Evidence, FiledAppeal, Participant

FILERS = (Role.LEADER,)
MAX_TEXT = 4000
STANDING = (FilingState.FILED, FilingState.ADMITTED)


def set_appeal_period(*, round: AssessmentRound, closes_at: dt.datetime, user: User) -> AppealPeriod:
    """Say until when the units may appeal; an announced time is only ever moved to a later one.

    Raises `PermissionRefused` unless the user is of the round's secretariat, `WrongState` before the round is
    finalised, `SubmissionError` for a time that has passed or is earlier than the announced one.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    check_year(closes_at)
    if closes_at <= clock.now():
        raise SubmissionError(_("The time %(time)s has passed.") % {"time": when(closes_at)}, code="in_the_past")
    with transaction.atomic():
        locked = AssessmentRound.objects.select_for_update(of=("self",)).get(pk=round.pk)
        _check_finalised(locked)
        known = AppealPeriod.objects.filter(round=locked).first()
        before = known.closes_at if known else None
        if before is not None and closes_at < before:
            raise SubmissionError(
                _("Units were told that they may appeal until %(time)s; the time can be extended, not shortened.")
                % {"time": when(before)},
                code="shortened",
            )
        period = known or AppealPeriod(round=locked)
        period.closes_at, period.set_by, period.set_at = closes_at, user, clock.now()
        period.save()
        audit.record(
            "submissions.appeal_period",
            locked,
            user=user,
            before={"closes_at": before} if before else None,
            after={"closes_at": closes_at},
        )
    return period


def file_appeal(
    *,
    user: User,
    participant: Participant,
    code: str,
    asked: str,
    reason: str,
    evidence: Iterable[Evidence] = (),
) -> FiledAppeal:
    """File an appeal of the unit about one criterion; return it.

    Raises `PermissionRefused` unless the user leads the unit, `WrongState` before the result is public and for a unit
    that is not assessed, `Locked` without a time for appeals and after it, `SubmissionError` for a criterion that is
    not asked of the unit or about which an appeal stands or is decided, an empty text, evidence of another unit.
    """
    texts = _read(asked, _("Write what the unit asks for.")), _read(reason, _("Give the reason of the appeal."))
    with transaction.atomic():
        locked = lock_participant(participant).participant
        check_may_file(user=user, participant=locked)
        check_leaf(locked, code)
        documents = list(evidence)
        if any(document.unit_id != locked.unit_id for document in documents):
            raise SubmissionError(_("The document belongs to another unit."), code="foreign_evidence")
        filing = FiledAppeal.objects.create(
            participant=locked, code=code, asked=texts[0], reason=texts[1], filed_by=user, filed_at=clock.now()
        )
        filing.evidence.add(*documents)
        audit.record(
            "submissions.appeal_filed",
            filing,
            user=user,
            after={"code": code, "asked": filing.asked, "evidence": [document.pk for document in documents]},
        )
    return filing


def check_may_file(*, user: User, participant: Participant) -> None:
    """Raise what `file_appeal` would raise now before it looks at the appeal itself."""
    require_role(user, *FILERS, unit=participant.unit)
    round_ = participant.round
    _check_finalised(round_)
    if participant.status == ParticipantStatus.NOT_ASSESSED:
        raise WrongState(
            _("%(unit)s is not assessed in this round.") % {"unit": participant.unit.name}, code="not_assessed"
        )
    if not is_published(round_):
        raise WrongState(_("Appeals are filed once the result is public."), code="not_public")
    period = AppealPeriod.objects.filter(round=round_).first()
    if period is None:
        raise Locked(_("No time for appeals is set for this round; ask its secretariat."), code="no_period")
    if clock.now() > period.closes_at:
        raise Locked(
            _("The time for appeals has ended at %(time)s by the server's clock; nothing can be filed any more.")
            % {"time": when(period.closes_at)}
        )


def filing_refusal(*, user: User, participant: Participant) -> PortalError | None:
    """Return why nothing can be filed now; None where something can."""
    try:
        check_may_file(user=user, participant=participant)
    except PortalError as refusal:
        return refusal
    return None


def withdraw_filing(*, user: User, filing: FiledAppeal) -> None:
    """Take an appeal back before it is decided; the unit's leader may. Raises `PermissionRefused`, `WrongState`."""
    require_role(user, *FILERS, unit=filing.participant.unit)
    with transaction.atomic():
        _step(filing, FilingState.WITHDRAWN, user)


def answer_filing(*, user: User, filing: FiledAppeal, admitted: bool, answer: str) -> None:
    """Say whether an appeal is admitted; `answer` says why not, and may say more where it is.

    Raises `PermissionRefused` unless the user is of the round's secretariat and works for another unit, `WrongState`
    where it was answered or taken back meanwhile, `SubmissionError` where it is not admitted without a reason.
    """
    require_role(user, Role.SECRETARIAT, unit=filing.participant.round.owner)
    words = clean_text(answer).strip()
    if len(words) > MAX_TEXT:
        raise _too_long(words)
    if not admitted and not words:
        raise SubmissionError(_("Say why the appeal is not admitted; the unit reads it."), code="reason_missing")
    with transaction.atomic():
        refuse_own_unit(filing.participant.unit, barred_unit_ids(user, filing.participant.round))
        to = FilingState.ADMITTED if admitted else FilingState.NOT_ADMITTED
        _step(filing, to, user, answer=words, answered_by=user, answered_at=clock.now())


def close_filing(*, user: User, filing: FiledAppeal, decision: Appeal) -> None:
    """Note that an admitted appeal is decided, in the transaction of the decision. Raises `WrongState`."""
    if (filing.participant_id, filing.code) != (decision.participant_id, decision.code):
        raise SubmissionError(_("The appeal is about another criterion."), code="other_criterion")
    _step(filing, FilingState.DECIDED, user, decision=decision)


def _step(filing: FiledAppeal, to: str, user: User, **fields: Any) -> None:
    """Move one appeal on where its state allows; of two at once one wins."""
    sources = [state for state, following in FILING_STEPS.items() if to in following]
    changed = FiledAppeal.objects.filter(pk=filing.pk, state__in=sources).update(state=to, **fields)
    stored = FiledAppeal.objects.get(pk=filing.pk)
    if not changed:
        raise WrongState(
            _("The appeal %(reference)s is in the state “%(state)s”; look at it again.")
            % {"reference": stored.reference, "state": FilingState(stored.state).label},
            code="filing_state",
        )
    audit.record(
        "submissions.appeal_answered",
        stored,
        user=user,
        before={"state": filing.state},
        after={"state": str(to), "answer": stored.answer},
    )


def filings_of(participant: Participant) -> list[FiledAppeal]:
    """Return the appeals of a unit in a round, newest first."""
    return list(_rows().filter(participant=participant))


def filings_of_round(round: AssessmentRound) -> list[FiledAppeal]:
    """Return the appeals of all units of a round, those that wait first, then the newest."""
    rows = list(_rows().filter(participant__round=round))
    return sorted(rows, key=lambda row: (not row.is_standing, -row.pk))


def _rows() -> QuerySet[FiledAppeal]:
    rows = FiledAppeal.objects.select_related("participant__unit", "filed_by", "answered_by", "decision__entry")
    return rows.prefetch_related("evidence__file")


def may_read_appeal_file(user: Person, stored: StoredFile) -> bool:
    """Whether a file may be read because a unit handed it in with an appeal in a round whose points the user reads.

    Who works for the unit reads its library anyway. Auditors read all by `cms.domain.files.may_read`.
    """
    if not user.is_authenticated or not user.is_active:
        return False
    owners = FiledAppeal.objects.filter(evidence__file=stored).select_related("participant__round__owner")
    return any(has_role(user, role, row.participant.round.owner) for row in owners for role in SCORE_READERS)


def _check_finalised(round: AssessmentRound) -> None:
    if round.state != RoundState.FINALISED:
        raise WrongState(
            _("Appeals are filed once the round is finalised; “%(round)s” is in the state “%(state)s”.")
            % {"round": round.name, "state": RoundState(round.state).label},
            code="round_state",
        )


def check_leaf(participant: Participant, code: str) -> None:
    """Raise `SubmissionError` for a criterion that is not asked of the unit or about which an appeal stands."""
    if not definition_for(participant).has_leaf(code):
        raise SubmissionError(
            _("Criterion %(code)s does not exist or is not asked of %(unit)s.")
            % {"code": code, "unit": participant.unit.name},
            code="unknown_code",
        )
    standing = (*STANDING, FilingState.DECIDED)
    earlier = FiledAppeal.objects.filter(participant=participant, code=code, state__in=standing).first()
    if earlier is not None:
        raise SubmissionError(
            _("About %(code)s the appeal %(reference)s is filed already (%(state)s).")
            % {"code": code, "reference": earlier.reference, "state": FilingState(earlier.state).label},
            code="filed_already",
        )


def _read(text: str, missing: str) -> str:
    words = clean_text(text).strip()
    if not words:
        raise SubmissionError(missing, code="text_missing")
    if len(words) > MAX_TEXT:
        raise _too_long(words)
    return words


def _too_long(words: str) -> SubmissionError:
    return SubmissionError(
        _("This has %(length)s characters; at most %(limit)s fit.") % {"length": len(words), "limit": MAX_TEXT},
        code="too_long",
    )
