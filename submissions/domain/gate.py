"""The one gate of all writes to a unit's submission (DESIGN invariants 3 and 4).

Form, autosave, Excel, API, admin and commands call `check_write` inside the transaction of their write. It takes the
row lock of the submission (on SQLite the IMMEDIATE transaction holds the only write lock) and looks, in this order, at:
the person, the participant, the leaf, the state of the round, the workflow state of the submission, and the deadline of
the phase with the unit's extensions by the server's clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cms import clock
from cms.compiled import Compiled
from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.models import User
from criteria_pages.enums import Scorer
from submissions.domain.definitions import definition_for
from submissions.domain.gate_facts import (
    WRITERS,
    Facts,
    Times,
    last_receipt,
    phase_of,
    read_facts,
    times_of,
    with_places,
)
from submissions.enums import ParticipantStatus, Phase, RoundState, SubmissionState, WriteAction
from submissions.exceptions import AlreadySent, Locked, SubmissionError, WrongState
from submissions.models import Participant, Receipt, Submission

STATES: dict[str, tuple[str, ...]] = {
    WriteAction.ANSWER: (SubmissionState.DRAFT, SubmissionState.SIGNED),
    WriteAction.EVIDENCE: (SubmissionState.DRAFT, SubmissionState.SIGNED),
    WriteAction.REPORT: (SubmissionState.DRAFT, SubmissionState.SIGNED),
    WriteAction.SIGN_OFF: (SubmissionState.DRAFT,),
    WriteAction.TAKE_BACK: (SubmissionState.SIGNED,),
    WriteAction.SEND: (SubmissionState.SIGNED,),
    WriteAction.SCAN: (
        SubmissionState.SIGNED,
        SubmissionState.SENT,
        SubmissionState.EXPLAINING,
        SubmissionState.APPRAISED,
    ),
    WriteAction.EXPLAIN: (SubmissionState.EXPLAINING,),
}


def lock_submission(pk: int) -> Submission:
    """Return the submission with its row locked, its participant, unit, round and edition as they are after the lock.

    The rows around it are read by a second query: PostgreSQL gives one that waited for the lock the joined rows as they
    were before the wait, and with them a round that has moved on meanwhile.
    Raises `RuntimeError` outside a transaction: a check that is not in the write's transaction is no check.
    """
    _require_transaction()
    _row_lock.all(pk)
    locked = _locked.first(pk)
    if locked is None:
        raise Submission.DoesNotExist
    return locked


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("The gate must be asked inside the transaction of the write.")


_row_lock = Compiled(lambda pk: Submission.objects.filter(pk=pk).select_for_update().values_list("pk"), int)
_locked = Compiled(lambda pk: with_places(Submission.objects.filter(pk=pk)), int)


def check_write(
    *, user: User, submission: Submission, code: str | None, action: str, now: dt.datetime | None = None
) -> Submission:
    """Let a write pass or refuse it; return the locked submission as it is now.

    `code` is the leaf for answers and evidence, None for what concerns the whole form. Raises `PermissionRefused`,
    `Locked`, `WrongState` (`AlreadySent` with the first receipt) or `SubmissionError`, each with a sentence for the
    user.
    """
    return check_writes(user=user, submission=submission, codes=(code,), action=action, now=now)


def check_writes(
    *, user: User, submission: Submission, codes: Collection[str | None], action: str, now: dt.datetime | None = None
) -> Submission:
    """Let a write to several leaves pass or refuse it as a whole: what `check_write` asks, asked of each leaf."""
    _require_transaction()
    _row_lock.all(submission.pk)
    return _ask(user=user, pk=submission.pk, codes=codes, action=action, now=now or clock.now())


def may_write(*, user: User, submission: Submission, code: str | None, action: str) -> bool:
    """Whether a write would pass now; for showing or hiding a form. Never a substitute for `check_write`."""
    return refusal(user=user, submission=submission, code=code, action=action) is None


def refusal(*, user: User, submission: Submission, code: str | None, action: str) -> SubmissionError | None:
    """Return why a write would be refused now, None where it would pass; reads only, locks nothing."""
    try:
        _ask(user=user, pk=submission.pk, codes=(code,), action=action, now=clock.now())
    except PermissionRefused as error:
        return SubmissionError(error.message, code=error.code)
    except SubmissionError as error:
        return error
    return None


def effective_deadline(
    participant: Participant, phase: str, code: str | None = None, *, receipt: Receipt | None = None
) -> dt.datetime | None:
    """Return when the phase locks for this participant and leaf (None: for the whole form), extensions counted.

    With a `receipt` (the form was sent) only extensions that reopen that sending count; None means nothing is open.
    Without one, None means that the phase has no deadline.
    """
    return times_of(participant, phase, receipt).until(code)


@dataclass(frozen=True)
class Openness:
    """What of a form is open: the last receipt, when the form locks (None: never or no deadline), the open leaves."""

    receipt: Receipt | None
    deadline: dt.datetime | None
    codes: frozenset[str]


def openness_of(submission: Submission, *, now: dt.datetime | None = None) -> Openness:
    """Return what of the form is open for self-assessment, in three queries; for screens that show it.

    The deadline of a form that was sent is that of its reopening; where nothing was reopened, the one that it had.
    """
    receipt = last_receipt(submission)
    everything = times_of(submission.participant, Phase.SELF_ASSESSMENT, None)
    times = everything.after(receipt)
    return Openness(
        receipt=receipt,
        deadline=times.until(None) or everything.until(None),
        codes=_open_codes(submission.participant, times, now or clock.now()),
    )


def open_codes(submission: Submission, *, now: dt.datetime | None = None) -> frozenset[str]:
    """Return the codes of the leaves whose self-assessment deadline has not passed, in a fixed number of queries."""
    return openness_of(submission, now=now).codes


def _open_codes(participant: Participant, times: Times, moment: dt.datetime) -> frozenset[str]:
    if participant.round.state not in {RoundState.OPEN, RoundState.APPRAISAL}:
        return frozenset()
    if times.base is not None and moment < times.base.opens_at:
        return frozenset()
    codes = [leaf.code for leaf in definition_for(participant).leaves if leaf.scorer == Scorer.SELF]
    return frozenset(code for code in codes if (until := times.until(code)) is not None and moment <= until)


def _ask(*, user: User, pk: int, codes: Collection[str | None], action: str, now: dt.datetime) -> Submission:
    """Raise what speaks against the write; return the form as it was read for this."""
    submission, facts = read_facts(user=user, pk=pk, action=action)
    participant = submission.participant
    _check_person(facts, participant=participant, action=action)
    _check_participant(participant)
    for code in codes:
        if code is not None:
            _check_leaf(participant=participant, code=code)
    _check_state(submission=submission, action=action, receipt=facts.receipt)
    _check_round(participant=participant, phase=phase_of(action))
    if action == WriteAction.SCAN and submission.state != SubmissionState.SIGNED:
        # The paper of a form that was sent in time follows it; nothing that was sent is changed by it.
        return submission
    for code in codes:
        _check_time(facts.times, code=code, now=now)
    return submission


def _check_person(facts: Facts, *, participant: Participant, action: str) -> None:
    if not facts.is_writer:
        names = ", ".join(str(Role(role).label) for role in WRITERS[action])
        raise PermissionRefused(
            _("“%(action)s” for %(unit)s is for people with the role: %(roles)s of this unit. Your account has none.")
            % {"action": WriteAction(action).label, "unit": participant.unit.name, "roles": names}
        )


def _check_participant(participant: Participant) -> None:
    if participant.status == ParticipantStatus.NOT_ASSESSED:
        raise WrongState(
            _("%(unit)s is not assessed in this round: %(reason)s.")
            % {"unit": participant.unit.name, "reason": participant.reason.rstrip(".")},
            code="not_assessed",
        )


def _check_leaf(*, participant: Participant, code: str) -> None:
    definition = definition_for(participant)
    if not definition.has_leaf(code):
        raise SubmissionError(
            _("Criterion %(code)s is not asked of %(unit)s in this round.")
            % {"code": code, "unit": participant.unit.name},
            code="unknown_leaf",
        )
    if definition.leaf(code).scorer != Scorer.SELF:
        raise SubmissionError(
            _("Criterion %(code)s is not filled in by the unit: its points come from “%(scorer)s”.")
            % {"code": code, "scorer": Scorer(definition.leaf(code).scorer).label},
            code="not_self_scored",
        )


def _check_state(*, submission: Submission, action: str, receipt: Receipt | None) -> None:
    state = submission.state
    if state in STATES[action]:
        return
    if receipt is not None and state != SubmissionState.DRAFT and action != WriteAction.EXPLAIN:
        raise AlreadySent(
            _(
                "The form was sent at %(time)s (receipt %(number)s). What was sent cannot be changed; "
                "ask the secretariat to reopen it."
            )
            % {"time": _when(receipt.sent_at), "number": receipt.number},
            receipt=receipt,
        )
    if action == WriteAction.SEND:
        raise WrongState(_("The unit's leader has not signed off the form yet."), code="not_signed")
    if action == WriteAction.TAKE_BACK and state == SubmissionState.DRAFT:
        raise WrongState(_("There is no sign-off that could be taken back."), code="not_signed")
    if action == WriteAction.SIGN_OFF and state == SubmissionState.SIGNED:
        raise WrongState(_("The form is signed off already."), code="already_signed")
    raise WrongState(
        _("The form is in the state “%(state)s”: “%(action)s” is not possible now.")
        % {"state": SubmissionState(state).label, "action": WriteAction(action).label}
    )


def _check_time(times: Times, *, code: str | None, now: dt.datetime) -> None:
    label = Phase(times.phase).label
    base = times.base
    if base is not None and now < base.opens_at:
        raise Locked(
            _("“%(phase)s” opens at %(time)s.") % {"phase": label, "time": _when(base.opens_at)}, code="not_open_yet"
        )
    until = times.until(code)
    if until is not None and now <= until:
        return
    if until is None and base is None:
        raise Locked(
            _("No deadline is set for “%(phase)s” yet; ask the secretariat.") % {"phase": label}, code="no_deadline"
        )
    if until is None and times.receipt is not None:
        raise Locked(
            _("Criterion %(code)s was not reopened after the form was sent at %(time)s; only what is named is open.")
            % {"code": code or "", "time": _when(times.receipt.sent_at)}
        )
    since = until or (base.closes_at if base else now)
    raise Locked(
        _(
            "Locked since %(time)s by the server's clock: the deadline of “%(phase)s” has passed. "
            "Ask the secretariat of the round for an extension."
        )
        % {"time": _when(since), "phase": label}
    )


def _check_round(*, participant: Participant, phase: str) -> None:
    state = participant.round.state
    allowed: tuple[str, ...] = (RoundState.OPEN, RoundState.APPRAISAL)
    if phase == Phase.EXPLANATION:
        allowed = (RoundState.APPRAISAL,)
    if state not in allowed:
        raise WrongState(
            _("The round “%(round)s” is in the state “%(state)s”: nothing can be filled in now.")
            % {"round": participant.round.name, "state": RoundState(state).label},
            code="round_state",
        )


def _when(moment: dt.datetime) -> str:
    return timezone.localtime(moment).strftime("%d/%m/%Y %H:%M")
