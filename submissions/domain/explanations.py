"""Explanation rounds: ask about one leaf, answer with evidence, close. Only what was asked opens for the unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.models import StoredFile, User
from cms.permissions import Person, units_where
from submissions.domain.appraisal_gate import GateFacts, check_appraisal, lock_participant, look, when
from submissions.domain.definitions import definition_for
from submissions.domain.gate import check_write
from submissions.domain.inputs import read_explanation, read_inputs
from submissions.domain.ledger import append
from submissions.domain.page_notes import share_notes
from submissions.domain.submission_state import change_state
from submissions.enums import Basis, Phase, RequestState, Stage, SubmissionState, WriteAction
from submissions.exceptions import Locked, SubmissionError, WrongState
from submissions.models import Evidence, ExplanationRequest, Participant, Submission

STANDING = (RequestState.OPEN, RequestState.ANSWERED)
UNIT_ROLES = (Role.CONTRIBUTOR, Role.LEADER)


def ask(
    *,
    user: User,
    participant: Participant,
    code: str,
    question: str,
    due_at: dt.datetime,
    notes: Collection[int] = (),
    now: dt.datetime | None = None,
) -> ExplanationRequest:
    """Ask a unit to explain one leaf until `due_at`; the leaf opens for the unit's answer and nothing else does.

    `notes` are ids of notes on pages of the evidence that the unit reads with the question. Raises what the
    appraisers' gate raises, and `SubmissionError` without a question, for a due time that has passed or lies after the
    phase of explanation, beyond the round's number of explanations, and for a note that is gone.
    """
    moment = now or clock.now()
    if not question.strip():
        raise SubmissionError(_("Write what the unit shall explain."), code="question_missing")
    with transaction.atomic():
        passed = check_appraisal(user=user, participant=participant, code=code, now=now)
        round_ = passed.participant.round
        asked = ExplanationRequest.objects.filter(participant=passed.participant, code=code)
        number = asked.count() + 1
        if number > round_.max_explanations:
            raise SubmissionError(
                _("%(code)s: this round allows %(count)s rounds of explanation; they are used up.")
                % {"code": code, "count": round_.max_explanations},
                code="too_many",
            )
        _check_due(GateFacts(user, round_), due_at, moment)
        _close_standing(asked, user, moment)
        request = ExplanationRequest.objects.create(
            participant=passed.participant,
            code=code,
            number=number,
            question=question.strip(),
            due_at=due_at,
            agency=passed.agency,
            asked_by=user,
            asked_at=moment,
        )
        share_notes(notes=notes, participant=passed.participant, code=code, user=user, request=request)
        if passed.submission.state != SubmissionState.EXPLAINING:
            change_state(submission=passed.submission, to=SubmissionState.EXPLAINING, user=user)
        audit.record(
            "submissions.explanation_asked",
            request,
            user=user,
            after={"code": code, "question": request.question, "due_at": due_at},
        )
    return request


def _close_standing(asked: QuerySet[ExplanationRequest], user: User, moment: dt.datetime) -> None:
    """Whoever asks again was not convinced: the request before ends upheld."""
    for earlier in asked.filter(state__in=STANDING):
        was = earlier.state
        earlier.state, earlier.closed_by, earlier.closed_at = RequestState.UPHELD, user, moment
        earlier.closing_note = _("Asked again.")
        earlier.save(update_fields=["state", "closed_by", "closed_at", "closing_note"])
        audit.record(
            "submissions.explanation_closed",
            earlier,
            user=user,
            before={"state": was},
            after={"state": str(RequestState.UPHELD)},
        )


def _check_due(facts: GateFacts, due_at: dt.datetime, moment: dt.datetime) -> None:
    base = facts.phases.get(Phase.EXPLANATION)
    if base is None:
        raise Locked(
            _("No deadline is set for “%(phase)s” yet; ask the secretariat.") % {"phase": Phase.EXPLANATION.label},
            code="no_deadline",
        )
    if due_at <= moment:
        raise SubmissionError(_("The due time %(time)s has passed.") % {"time": when(due_at)}, code="in_the_past")
    if due_at > base.closes_at:
        raise SubmissionError(
            _("The explanation is due by %(time)s at the latest, when the phase locks.")
            % {"time": when(base.closes_at)},
            code="after_phase",
        )


def answer(
    *,
    user: User,
    request: ExplanationRequest,
    text: str,
    inputs: Mapping[str, str] | None = None,
    evidence: Iterable[Evidence] = (),
    now: dt.datetime | None = None,
) -> ExplanationRequest:
    """Store the unit's answer; `inputs` (typed text) may claim other points, which go into the ledger as they score.

    Raises what the units' gate raises (own unit only, phase), `Locked` after the due time, `WrongState` where it was
    answered or closed, `SubmissionError` without a text or for evidence of another unit.
    """
    moment = now or clock.now()
    with transaction.atomic():
        submission, locked = _lock_answerable(user=user, request=request, now=now)
        explained = read_explanation(text)
        if not explained:
            raise SubmissionError(_("Write the explanation."), code="answer_missing")
        documents = list(evidence)
        if any(document.unit_id != submission.participant.unit_id for document in documents):
            raise SubmissionError(_("The document belongs to another unit."), code="foreign_evidence")
        locked.answer, locked.answered_by, locked.answered_at = explained, user, moment
        locked.state = RequestState.ANSWERED
        locked.save(update_fields=["answer", "answered_by", "answered_at", "state"])
        locked.evidence.add(*documents)
        if inputs is not None and any(value.strip() for value in inputs.values()):
            _claim(submission.participant, locked, inputs, user, moment)
        audit.record(
            "submissions.explanation_answered",
            locked,
            user=user,
            before={"state": str(RequestState.OPEN)},
            after={"state": str(RequestState.ANSWERED), "evidence": [document.pk for document in documents]},
        )
        _give_back(submission, user)
    return locked


def check_answerable(*, user: User, request: ExplanationRequest) -> None:
    """Raise what `answer` would raise now before it looks at the answer itself; for asking before a file is taken."""
    with transaction.atomic():
        _lock_answerable(user=user, request=request, now=None)


def _lock_answerable(
    *, user: User, request: ExplanationRequest, now: dt.datetime | None
) -> tuple[Submission, ExplanationRequest]:
    """Let an answer to the request pass the gate; return the locked submission and the locked request."""
    submission = check_write(
        user=user,
        submission=Submission.objects.get(participant_id=request.participant_id),
        code=request.code,
        action=WriteAction.EXPLAIN,
        now=now,
    )
    locked = ExplanationRequest.objects.select_for_update().get(pk=request.pk)
    if locked.state != RequestState.OPEN:
        raise WrongState(
            _("This request is in the state “%(state)s”; nothing can be answered any more.")
            % {"state": RequestState(locked.state).label},
            code="not_open",
        )
    if (now or clock.now()) > locked.due_at:
        raise Locked(
            _("The explanation of %(code)s was due at %(time)s by the server's clock.")
            % {"code": locked.code, "time": when(locked.due_at)}
        )
    return submission, locked


def _claim(
    participant: Participant, request: ExplanationRequest, inputs: Mapping[str, str], user: User, moment: dt.datetime
) -> None:
    leaf = definition_for(participant).leaf(request.code)
    reading = read_inputs(leaf=leaf, typed=inputs)
    if reading.outcome is None:
        raise SubmissionError(_("%(code)s: fill in all inputs.") % {"code": request.code}, code="inputs_missing")
    applies = reading.outcome.applicable
    append(
        participant=participant,
        code=request.code,
        stage=Stage.EXPLANATION,
        points=reading.outcome.points if applies else None,
        basis=Basis.RULE if applies else Basis.NOT_APPLICABLE,
        inputs=reading.inputs,
        actor=user,
        now=moment,
    )


def withdraw(*, user: User, request: ExplanationRequest, note: str, now: dt.datetime | None = None) -> None:
    """Take a request back with a note; the agency that asked may, as long as it stands."""
    if not note.strip():
        raise SubmissionError(_("Give the reason why the request is withdrawn."), code="reason_missing")
    with transaction.atomic():
        submission = lock_participant(request.participant)
        facts = GateFacts(user, submission.participant.round)
        facts.requests.pop((request.participant_id, request.code), None)
        look(facts=facts, submission=submission, code=request.code, now=now)
        changed = ExplanationRequest.objects.filter(pk=request.pk, state__in=STANDING).update(
            state=RequestState.WITHDRAWN, closed_by=user, closed_at=now or clock.now(), closing_note=note.strip()
        )
        if not changed:
            raise WrongState(_("This request is closed already."), code="not_open")
        audit.record(
            "submissions.explanation_closed",
            request,
            user=user,
            before={"state": request.state},
            after={"state": str(RequestState.WITHDRAWN), "note": note.strip()},
        )
        _give_back(submission, user)


def _give_back(submission: Submission, user: User) -> None:
    """Once nothing waits for the unit any more, its form is simply sent again."""
    waiting = ExplanationRequest.objects.filter(participant=submission.participant, state=RequestState.OPEN).exists()
    if not waiting and submission.state == SubmissionState.EXPLAINING:
        change_state(submission=submission, to=SubmissionState.SENT, user=user)


def requests_of(participant: Participant, code: str) -> list[ExplanationRequest]:
    """Return the whole thread of a leaf, oldest first."""
    return list(
        ExplanationRequest.objects.filter(participant=participant, code=code)
        .select_related("agency", "asked_by", "answered_by", "closed_by")
        .prefetch_related("evidence__file", "page_notes__evidence__file", "page_notes__evidence__replaced_by")
    )


def requests_for_unit(user: Person) -> QuerySet[ExplanationRequest]:
    """Return the requests to the units for which the user answers, those that wait first."""
    return (
        ExplanationRequest.objects.filter(participant__unit__in=units_where(user, *UNIT_ROLES))
        .select_related("participant__unit", "participant__round__edition", "agency")
        .order_by("state", "due_at")
    )


def may_read_explanation_file(user: Person, stored: StoredFile) -> bool:
    """Whether a file may be read because it was handed in with an explanation on a leaf that the user appraises."""
    if not user.is_authenticated or not isinstance(user, User):
        return False
    requests = ExplanationRequest.objects.filter(evidence__file=stored).select_related("participant__round__edition")
    for request in requests:
        facts = GateFacts(user, request.participant.round)
        agency = facts.assignments.agency_for(request.code, unit_id=request.participant.unit_id)
        if agency is not None and agency.pk in facts.agencies:
            return True
    return False
