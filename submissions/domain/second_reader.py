"""What a second reader does: the gate of the reading, and the reading itself, blind to the agency's decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.exceptions import PermissionRefused, PortalError
from cms.models import StoredFile, User
from cms.permissions import Person
from criteria_pages.definition import Leaf
from submissions.council_enums import DiscrepancyKind, DiscrepancyState
from submissions.domain.appraisal import CLAIMS, accepted_decision, set_decision
from submissions.domain.appraisal_gate import (
    GateFacts,
    check_appraisable,
    check_phase,
    lock_participant,
    phase_for,
)
from submissions.domain.assignment import agencies_of
from submissions.domain.conflicts import Conflicts
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import current_entry, quantise
from submissions.enums import Phase, ReadingState
from submissions.exceptions import Locked, StaleWrite, SubmissionError, WrongState
from submissions.models import (
    AppraisalDraft,
    AssessmentRound,
    Discrepancy,
    EvidenceUse,
    ExplanationRequest,
    Participant,
    ScoreEntry,
    SecondReading,
    Submission,
)

PHASES = (Phase.APPRAISAL_1, Phase.APPRAISAL_2)


def look_at_reading(
    *, facts: GateFacts, submission: Submission, reading: SecondReading, now: dt.datetime | None = None
) -> Leaf:
    """The gate's decision on a reading by `facts.user`; return the leaf. Asks only what `facts` does not know yet.

    Raises `PermissionRefused` for anybody but the reader, without the role, with a conflict of interest, and for
    whoever reads the round's points by now in another role; `WrongState` outside the appraisal, while the unit may
    explain, and where it was given or taken out; `Locked` once both phases of appraisal are over.
    """
    participant = submission.participant
    if reading.reader_id != facts.user.pk or reading.agency_id not in facts.agencies:
        raise PermissionRefused(
            _("%(code)s of %(unit)s has another second reader.")
            % {"code": reading.code, "unit": participant.unit.name},
            code="other_reader",
        )
    conflict = facts.conflicts.sentence(participant.unit)
    if conflict:
        raise PermissionRefused(conflict, code="own_unit")
    if reading.state == ReadingState.OPEN and facts.reads_scores:
        raise PermissionRefused(
            _(
                "You read the points of this round in another role by now, so that you cannot read blind: "
                "the secretariat gives the reading to somebody else."
            ),
            code="reads_scores",
        )
    if reading.state != ReadingState.OPEN:
        raise WrongState(
            _("The second reading of %(code)s is in the state “%(state)s”; nothing is changed any more.")
            % {"code": reading.code, "state": ReadingState(reading.state).label},
            code="not_open",
        )
    check_appraisable(submission)
    phase_for(facts, participant, reading.code, now=now)
    _check_phases(facts, submission, reading.code, now)
    return definition_for(participant).leaf(reading.code)


def _check_phases(facts: GateFacts, submission: Submission, code: str, now: dt.datetime | None) -> None:
    """A sample is read in either phase of appraisal: it is drawn when the first one nears its end."""
    refusals = []
    for phase in PHASES:
        try:
            check_phase(facts, submission.participant, phase, code, now=now)
        except Locked as refusal:
            refusals.append(refusal)
        else:
            return
    raise refusals[0]


def reading_refusal(*, facts: GateFacts, submission: Submission, reading: SecondReading) -> PortalError | None:
    """Return why a reading would be refused now, None where it would pass; reads only."""
    try:
        look_at_reading(facts=facts, submission=submission, reading=reading)
    except PortalError as error:
        return error
    return None


def record_reading(
    *,
    user: User,
    reading: SecondReading,
    accept: bool,
    expected_claim_id: int | None,
    points: str | Decimal | None = None,
    inputs: Mapping[str, str] | None = None,
    reason: str = "",
    now: dt.datetime | None = None,
) -> SecondReading:
    """Store what the second reader found, as `record_appraisal` takes it, and compare it with the score that counts.

    The ledger stays as it is. Where the two differ the leaf enters the queue of discrepancies. `expected_claim_id` is
    the unit's claim that the reader saw. Raises what `look_at_reading` and `set_decision` raise, and `StaleWrite` where
    the unit claims something else meanwhile.
    """
    with transaction.atomic():
        submission = lock_participant(reading.participant)
        locked = SecondReading.objects.select_for_update(of=("self",)).get(pk=reading.pk)
        facts = GateFacts(user, submission.participant.round)
        leaf = look_at_reading(facts=facts, submission=submission, reading=locked, now=now)
        claim = newest_claim(submission.participant, locked.code)
        _refuse_stale_claim(claim, expected_claim_id, typed={"points": points, "inputs": inputs, "reason": reason})
        if accept:
            decision = accepted_decision(claim, leaf)
        else:
            decision = set_decision(leaf, points=points, inputs=inputs, reason=reason)
        current = current_entry(submission.participant, locked.code)
        if current is None:
            raise SubmissionError(_("%(code)s has no score to compare with.") % {"code": locked.code}, code="no_score")
        locked.state, locked.read_at = ReadingState.READ, now or clock.now()
        locked.points = None if decision.points is None else quantise(decision.points)
        locked.basis, locked.inputs, locked.reason = decision.basis, dict(decision.inputs), reason.strip()
        locked.compared, locked.differs = current, locked.points != current.points
        locked.save()
        AppraisalDraft.objects.of(user, submission.participant, locked.code).delete()
        if locked.differs:
            _queue_difference(locked, current)
        audit.record(
            "submissions.second_reading",
            locked,
            user=user,
            before={"state": str(ReadingState.OPEN)},
            after={
                "state": str(ReadingState.READ),
                "points": locked.points,
                "compared": current.pk,
                "differs": locked.differs,
            },
            code=locked.code,
        )
    return locked


def newest_claim(participant: Participant, code: str) -> ScoreEntry | None:
    """Return what the unit claims last for a leaf, as the screens show it."""
    return (
        ScoreEntry.objects.filter(participant=participant, code=code, stage__in=CLAIMS)
        .select_related("actor")
        .order_by("-pk")
        .first()
    )


def _refuse_stale_claim(claim: ScoreEntry | None, expected: int | None, *, typed: Mapping[str, object]) -> None:
    if (claim.pk if claim else None) == expected:
        return
    raise StaleWrite(
        _("The unit's own score changed meanwhile. See it above and decide again."),
        current={"entry": claim.pk, "points": claim.points} if claim else {},
        typed=dict(typed),
    )


def _queue_difference(reading: SecondReading, current: ScoreEntry) -> None:
    """Put the difference into the queue at once, as the next search would find it."""
    facts = {
        name: None if value is None else str(value)
        for name, value in (("first", current.points), ("second", reading.points))
    }
    size = abs((current.points or Decimal(0)) - (reading.points or Decimal(0)))
    Discrepancy.objects.update_or_create(
        participant=reading.participant,
        code=reading.code,
        kind=DiscrepancyKind.SECOND_READER,
        defaults={"state": DiscrepancyState.OPEN, "size": size, "facts": facts, "entry": current},
        create_defaults={
            "state": DiscrepancyState.OPEN,
            "size": size,
            "facts": facts,
            "entry": current,
            "found_at": clock.now(),
        },
    )


def may_read_for_second_reading(user: Person, stored: StoredFile) -> bool:
    """Whether a file may be read because it proves a leaf, or explains it, that the user reads a second time."""
    if not user.is_authenticated or not isinstance(user, User):
        return False
    mine = SecondReading.objects.filter(reader=user).exclude(state=ReadingState.WITHDRAWN)
    rows = mine.values_list("participant_id", "code", "agency_id", "participant__unit_id", "sample__round_id")
    proven = EvidenceUse.objects.filter(evidence__file=stored, answer__submission__receipts__isnull=False)
    uses = set(proven.values_list("answer__submission__participant_id", "answer__code"))
    explained = ExplanationRequest.objects.filter(evidence__file=stored)
    uses |= set(explained.values_list("participant_id", "code"))
    if not uses:
        return False
    agencies = agencies_of(user)
    for participant, code, agency, unit, round_id in rows:
        if (participant, code) in uses and agency in agencies:
            round_ = AssessmentRound.objects.get(pk=round_id)
            if unit not in Conflicts(user, round_).unit_ids():
                return True
    return False
