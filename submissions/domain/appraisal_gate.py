"""The gate of all writes by appraisers, built like the units' gate and asked inside the transaction of the write.

Desk, accept-many, Excel, API and commands call `check_appraisal`. It takes the row lock of the submission and looks at:
the leaf, conflict of interest, the assignment of the person's agency, the states of round and submission, and the
deadline of the phase with extensions, by the server's clock. What a council decided passes `check_council`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cms import clock
from cms.compiled import Compiled
from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import Unit, User
from cms.permissions import require_role
from criteria_pages.definition import Definition, Leaf
from criteria_pages.enums import Scorer
from submissions.domain.assignment import AssignmentMap, agencies_of
from submissions.domain.conflicts import Conflicts
from submissions.domain.definitions import definition_for
from submissions.domain.round_access import may_read_scores
from submissions.domain.second_reading_state import is_blind, is_unsettled, readings_for_gate
from submissions.enums import (
    ExtensionScope,
    ParticipantStatus,
    Phase,
    RequestState,
    RoundState,
    Stage,
    SubmissionState,
)
from submissions.exceptions import Locked, SubmissionError, WrongState
from submissions.models import (
    AssessmentRound,
    ExplanationRequest,
    Extension,
    Participant,
    PhaseDeadline,
    SecondReading,
    Submission,
)

APPRAISABLE = (SubmissionState.SENT, SubmissionState.EXPLAINING, SubmissionState.APPRAISED)
STAGE_OF_PHASE = {Phase.APPRAISAL_1: Stage.APPRAISAL_1, Phase.APPRAISAL_2: Stage.APPRAISAL_2}


@dataclass(frozen=True, slots=True)
class AppraisalPass:
    """What the gate found: the locked submission, the leaf, in whose name the person acts, and at which stage."""

    submission: Submission
    participant: Participant
    leaf: Leaf
    agency: Unit
    stage: str
    phase: str
    request: ExplanationRequest | None = None
    #: A second reading that differs and that nobody has settled yet.
    difference: SecondReading | None = None


_row_lock: Compiled[tuple[int]] = Compiled(
    lambda pk: Submission.objects.filter(participant_id=pk).select_for_update().values_list("pk"), int
)
_locked = Compiled(
    lambda pk: (
        Submission.objects.filter(participant_id=pk)
        .select_related("participant__unit", "participant__round__edition", "participant__round__owner")
        .defer("participant__round__edition__definition_json")
    ),
    int,
)


def lock_participant(participant: Participant) -> Submission:
    """Return the participant's submission with its row locked; what is written about its scores goes one by one.

    The row is locked first and read after that: PostgreSQL gives the rows joined to a lock as they were before the
    wait, so that the state of the round would be that of yesterday.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("The gate must be asked inside the transaction of the write.")
    _row_lock.all(participant.pk)
    submission = _locked.first(participant.pk)
    if submission is None:
        raise WrongState(_("%(unit)s has sent no self-assessment.") % {"unit": participant.unit.name}, code="not_sent")
    return submission


_phases = Compiled(lambda round_id: PhaseDeadline.objects.filter(round_id=round_id), int)
_extensions = Compiled(lambda round_id: Extension.objects.filter(participant__round_id=round_id), int)
_requests = Compiled(
    lambda round_id: (
        ExplanationRequest.objects.filter(participant__round_id=round_id)
        .exclude(state=RequestState.WITHDRAWN)
        .order_by("pk")
    ),
    int,
)


class GateFacts:
    """What the gate needs to know of a person and a round, read once in the transaction of the write."""

    def __init__(self, user: User, round: AssessmentRound) -> None:
        self.user, self.round = user, round
        self.agencies = agencies_of(user) if user.is_active else set()
        self.conflicts = Conflicts(user, round)
        self.assignments = AssignmentMap(round)
        self.phases = {row.phase: row for row in _phases.all(round.pk)}
        self.extensions: dict[int, list[Extension]] = defaultdict(list)
        for extension in _extensions.all(round.pk):
            self.extensions[extension.participant_id].append(extension)
        self.requests: dict[tuple[int, str], ExplanationRequest] = {}
        for request in _requests.all(round.pk):
            self.requests[(request.participant_id, request.code)] = request
        #: Second readings that concern the person, or that differ and wait for somebody to settle it.
        self.readings = {(row.participant_id, row.code): row for row in readings_for_gate(user, round)}

    @cached_property
    def reads_scores(self) -> bool:
        """Whether the person reads the round's points before publication in another role."""
        return may_read_scores(self.user, self.round)

    def reads_blind(self) -> list[SecondReading]:
        """Return the person's second readings that are not given yet: their decisions are hidden from the person."""
        return [row for row in self.readings.values() if is_blind(row, self.user)]


def check_appraisal(
    *,
    user: User,
    participant: Participant,
    code: str,
    now: dt.datetime | None = None,
    facts: GateFacts | None = None,
) -> AppraisalPass:
    """Let an appraiser's write pass or refuse it with a sentence; the submission's row is locked.

    `facts` spares reading them again where many leaves pass in one transaction. Raises `PermissionRefused` (not the
    agency, own unit), `Locked` (deadline) or `WrongState`.
    """
    submission = lock_participant(participant)
    known = facts or GateFacts(user, submission.participant.round)
    return look(facts=known, submission=submission, code=code, now=now)


def check_council(
    *, user: User, participant: Participant, code: str = "", now: dt.datetime | None = None
) -> Submission:
    """Let a decision of the council on a unit (or one of its leaves) pass; return the submission with its row locked.

    Who voted and how is asked before (`submissions.domain.council_votes`); here: the secretariat writes, the round is
    with the council, the phase is open for the unit, and points are given only to a unit that is assessed and has sent.
    Raises `PermissionRefused`, `WrongState`, `Locked`, `SubmissionError` for a criterion that is not asked of the unit.
    """
    submission = lock_participant(participant)
    locked = submission.participant
    require_role(user, Role.SECRETARIAT, unit=locked.round.owner)
    if locked.round.state != RoundState.COUNCIL:
        raise WrongState(
            _("The round “%(round)s” is in the state “%(state)s”: the council decides nothing now.")
            % {"round": locked.round.name, "state": RoundState(locked.round.state).label},
            code="round_state",
        )
    check_phase(GateFacts(user, locked.round), locked, Phase.COUNCIL, code or None, now=now)
    if code:
        _council_leaf(locked, code)
        refuse_not_assessed(locked)
        refuse_not_sent(submission)
    return submission


def _council_leaf(participant: Participant, code: str) -> None:
    definition = definition_for(participant)
    if not definition.has_leaf(code) or definition.leaf(code).scorer == Scorer.SURVEY:
        raise SubmissionError(
            _("The council does not decide about criterion %(code)s of %(unit)s.")
            % {"code": code, "unit": participant.unit.name},
            code="unknown_code",
        )


def appraisal_refusal(
    *, user: User, submission: Submission, code: str, facts: GateFacts | None = None
) -> PortalError | None:
    """Return why a write would be refused now, None where it would pass; reads only."""
    try:
        look(facts=facts or GateFacts(user, submission.participant.round), submission=submission, code=code)
    except PortalError as error:
        return error
    return None


def look(*, facts: GateFacts, submission: Submission, code: str, now: dt.datetime | None = None) -> AppraisalPass:
    """The gate's decision for a submission whose row the caller has locked; asks the database nothing."""
    participant = submission.participant
    definition = definition_for(participant)
    leaf = _leaf(participant, definition, code)
    agency = _agency(facts, participant, code)
    reading = facts.readings.get((participant.pk, code))
    if reading is not None:
        _refuse_second_reader(facts, reading, participant)
    check_appraisable(submission)
    phase = phase_for(facts, participant, code, now=now)
    check_phase(facts, participant, phase, code, now=now)
    return AppraisalPass(
        submission=submission,
        participant=participant,
        leaf=leaf,
        agency=agency,
        stage=STAGE_OF_PHASE[Phase(phase)],
        phase=phase,
        request=facts.requests.get((participant.pk, code)),
        difference=reading if reading is not None and is_unsettled(reading) else None,
    )


def _refuse_second_reader(facts: GateFacts, reading: SecondReading, participant: Participant) -> None:
    """Whoever reads a decision a second time does not decide: not before, and not to settle what differs."""
    if reading.reader_id != facts.user.pk:
        return
    words = {"code": reading.code, "unit": participant.unit.name}
    if is_blind(reading, facts.user):
        raise PermissionRefused(
            _("You are the second reader of %(code)s of %(unit)s: give your reading first, under “Second readings”.")
            % words,
            code="second_reader",
        )
    if is_unsettled(reading):
        raise PermissionRefused(
            _("You gave the second reading of %(code)s of %(unit)s; somebody else settles the difference.") % words,
            code="second_reader",
        )


def phase_for(facts: GateFacts, participant: Participant, code: str, *, now: dt.datetime | None = None) -> str:
    """Return in which phase the leaf is appraised now: the second one once an explanation was given or is overdue.

    Raises `WrongState` while the unit still has time to explain.
    """
    request = facts.requests.get((participant.pk, code))
    if request is None:
        return Phase.APPRAISAL_1
    if request.state == RequestState.OPEN and (now or clock.now()) <= request.due_at:
        raise WrongState(
            _("%(unit)s is asked to explain %(code)s until %(time)s; decide after that, or withdraw the request.")
            % {"unit": participant.unit.name, "code": code, "time": when(request.due_at)},
            code="explanation_open",
        )
    return Phase.APPRAISAL_2


def _leaf(participant: Participant, definition: Definition, code: str) -> Leaf:
    if not definition.has_leaf(code):
        raise SubmissionError(
            _("Criterion %(code)s does not exist or is not asked of %(unit)s.")
            % {"code": code, "unit": participant.unit.name},
            code="unknown_code",
        )
    leaf = definition.leaf(code)
    if leaf.scorer != Scorer.SELF:
        raise SubmissionError(
            _("Criterion %(code)s is not appraised: its points come from “%(scorer)s”.")
            % {"code": code, "scorer": Scorer(leaf.scorer).label},
            code="not_appraised",
        )
    return leaf


def _agency(facts: GateFacts, participant: Participant, code: str) -> Unit:
    reason = facts.conflicts.sentence(participant.unit)
    if reason:
        raise PermissionRefused(reason, code="own_unit")
    agency = facts.assignments.agency_for(code, unit_id=participant.unit_id)
    if agency is None:
        raise PermissionRefused(
            _("No agency appraises criterion %(code)s of %(unit)s yet; the secretariat assigns one.")
            % {"code": code, "unit": participant.unit.name},
            code="not_assigned",
        )
    if agency.pk not in facts.agencies:
        raise PermissionRefused(
            _("Criterion %(code)s is appraised by %(agency)s; you are not its appraiser.")
            % {"code": code, "agency": agency.name},
            code="other_agency",
        )
    person = facts.assignments.person_for(code, agency.pk)
    if person is not None and person.pk != facts.user.pk:
        raise PermissionRefused(
            _("Criterion %(code)s is appraised by %(person)s of %(agency)s; it can be handed over with a reason.")
            % {"code": code, "person": person, "agency": agency.name},
            code="other_appraiser",
        )
    return agency


def check_appraisable(submission: Submission) -> None:
    """Refuse unless the round is in appraisal and the unit's submission was sent."""
    participant = submission.participant
    if participant.round.state != RoundState.APPRAISAL:
        raise WrongState(
            _("The round “%(round)s” is in the state “%(state)s”: nothing is appraised now.")
            % {"round": participant.round.name, "state": RoundState(participant.round.state).label},
            code="round_state",
        )
    refuse_not_assessed(participant)
    refuse_not_sent(submission)


def refuse_not_assessed(participant: Participant) -> None:
    """Refuse a unit that is not assessed in the round."""
    if participant.status == ParticipantStatus.NOT_ASSESSED:
        raise WrongState(
            _("%(unit)s is not assessed in this round: %(reason)s.")
            % {"unit": participant.unit.name, "reason": participant.reason.rstrip(".")},
            code="not_assessed",
        )


def refuse_not_sent(submission: Submission) -> None:
    """Refuse a unit whose self-assessment was not sent or was given back."""
    if submission.state not in APPRAISABLE:
        raise WrongState(
            _("%(unit)s has not sent its self-assessment; only what was sent is appraised.")
            % {"unit": submission.participant.unit.name},
            code="not_sent",
        )


def check_phase(
    facts: GateFacts, participant: Participant, phase: str, code: str | None, *, now: dt.datetime | None = None
) -> None:
    """Refuse before the phase opens and after it locks for this participant and leaf, by the server's clock."""
    moment = now or clock.now()
    base = facts.phases.get(phase)
    label = Phase(phase).label
    if base is None:
        raise Locked(
            _("No deadline is set for “%(phase)s” yet; ask the secretariat.") % {"phase": label}, code="no_deadline"
        )
    if moment < base.opens_at:
        raise Locked(
            _("“%(phase)s” opens at %(time)s.") % {"phase": label, "time": when(base.opens_at)}, code="not_open_yet"
        )
    until = phase_deadline(facts, participant, base, code)
    if moment > until:
        raise Locked(
            _(
                "Locked since %(time)s by the server's clock: the deadline of “%(phase)s” has passed. "
                "Ask the secretariat of the round for an extension."
            )
            % {"time": when(until), "phase": label}
        )


def phase_deadline(facts: GateFacts, participant: Participant, base: PhaseDeadline, code: str | None) -> dt.datetime:
    """Return when the phase locks for the participant and leaf, extensions counted."""
    definition = definition_for(participant)
    reaches = [
        extension.until
        for extension in facts.extensions.get(participant.pk, ())
        if extension.phase == base.phase and _covers(extension, definition, code)
    ]
    return max([base.closes_at, *reaches])


def _covers(extension: Extension, definition: Definition, code: str | None) -> bool:
    if code is None or extension.scope == ExtensionScope.ALL:
        return True
    if extension.scope == ExtensionScope.LEAF:
        return extension.code == code
    return definition.has_leaf(code) and definition.path(code)[0].code == extension.code


def current_phase_deadline(round: AssessmentRound, phase: str) -> dt.datetime | None:
    """Return when a phase locks for the round as a whole; None where no deadline is set."""
    return PhaseDeadline.objects.filter(round=round, phase=phase).values_list("closes_at", flat=True).first()


def when(moment: dt.datetime) -> str:
    """Return a moment as people write it, in the portal's time zone."""
    return timezone.localtime(moment).strftime("%d/%m/%Y %H:%M")
