"""A round in appraisal, built through the domain: two units have sent, an agency appraises both domains."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from cms.enums import Role
from cms.models import Unit
from submissions.domain.rounds import advance_round
from submissions.domain.sending import send
from submissions.enums import Phase, RoundState
from submissions.models import Participant
from tests.factories.cms import user_with_role
from tests.factories.criteria import EditionFactory, tiny_definition
from tests.factories.filling import fill, sign
from tests.factories.submissions import OpenRound, ParticipantFactory, PhaseDeadlineFactory, SubmissionFactory
from tests.factories.submissions import open_round as bare_open_round

LATER = (Phase.APPRAISAL_1, Phase.EXPLANATION, Phase.APPRAISAL_2, Phase.COUNCIL)


def send_form(participant: Participant) -> None:
    """Fill in, sign and send a participant's form by new accounts of its unit."""
    contributor = user_with_role(Role.CONTRIBUTOR, participant.unit)
    fill(participant.submission, contributor)
    sign(participant.submission, user_with_role(Role.LEADER, participant.unit))
    send(user=contributor, submission=participant.submission)


def with_phases(this: OpenRound) -> OpenRound:
    """Give the round a deadline for every phase, all open now."""
    for days, phase in enumerate(LATER, start=11):
        PhaseDeadlineFactory(round=this.round, phase=phase, closes_at=timezone.now() + dt.timedelta(days=days))
    return this


def sent_round(*, both: bool = True, **fields: object) -> OpenRound:
    """Return an open round in which one or both units have sent."""
    fields.setdefault("edition", EditionFactory(definition=tiny_definition(bonus_cap=2, penalty_cap=1)))
    this = with_phases(bare_open_round(**fields))
    send_form(this.plain)
    if both:
        send_form(this.full)
    return this


def appraisal_round(*, both: bool = True, **fields: object) -> OpenRound:
    """Return a round in appraisal in which one or both units have sent."""
    this = sent_round(both=both, **fields)
    advance_round(round=this.round, to=RoundState.APPRAISAL, user=this.secretary)
    for participant in (this.plain, this.full):
        participant.refresh_from_db()
        participant.submission.refresh_from_db()
    return this


def add_sent_participant(this: OpenRound, unit: Unit) -> Participant:
    """Let another unit take part in an open round, its form filled and sent."""
    participant = ParticipantFactory(round=this.round, unit=unit)
    SubmissionFactory(participant=participant)
    send_form(participant)
    return participant
