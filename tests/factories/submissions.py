"""Factories of rounds: deadlines, participants, submissions, answers, evidence, ledger entries, a whole open round."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

import factory
from factory.django import DjangoModelFactory

from cms.enums import Role
from cms.models import Unit, User
from submissions.domain.ledger import entry_sha256
from submissions.enums import Basis, ExtensionScope, Phase, RoundState, Stage
from submissions.models import (
    Answer,
    AppraisalAssignment,
    AssessmentRound,
    Evidence,
    EvidenceUse,
    Extension,
    Participant,
    PhaseDeadline,
    ScoreEntry,
    Submission,
)
from tests.factories.cms import (
    StoredFileFactory,
    UnitAttributeFactory,
    UnitFactory,
    UnitTierFactory,
    UserFactory,
    user_with_role,
)
from tests.factories.criteria import ATTRIBUTE, EditionFactory


class RoundFactory(DjangoModelFactory):
    """A round in preparation. `RoundFactory(state=RoundState.OPEN)` is one whose form is open."""

    class Meta:
        model = AssessmentRound

    code = factory.Sequence(lambda n: f"ky-{n}")
    name = factory.Sequence(lambda n: f"Đợt đánh giá {n}")
    year = 2025
    edition = factory.SubFactory(EditionFactory)
    owner = factory.SubFactory(UnitFactory, code=factory.Sequence(lambda n: f"co-quan-{n}"), name="Cơ quan chủ trì")
    period_from = dt.date(2025, 1, 1)
    period_to = dt.date(2025, 12, 31)


class PhaseDeadlineFactory(DjangoModelFactory):
    """A phase that opened yesterday and locks in ten days."""

    class Meta:
        model = PhaseDeadline

    round = factory.SubFactory(RoundFactory)
    phase = Phase.SELF_ASSESSMENT
    opens_at = factory.LazyFunction(lambda: timezone.now() - dt.timedelta(days=1))
    closes_at = factory.LazyFunction(lambda: timezone.now() + dt.timedelta(days=10))


def facts_of(unit: Unit) -> dict[str, object]:
    """Return the unit's facts in the form in which an opened round pins them."""
    return {
        "code": unit.code,
        "tier": unit.tier.code,
        "groups": sorted(unit.groups.values_list("code", flat=True)),
        "attributes": sorted(unit.attributes.values_list("code", flat=True)),
    }


class ParticipantFactory(DjangoModelFactory):
    class Meta:
        model = Participant

    round = factory.SubFactory(RoundFactory)
    unit = factory.SubFactory(UnitFactory)
    unit_name = factory.SelfAttribute("unit.name")
    facts = factory.LazyAttribute(lambda participant: facts_of(participant.unit))


class SubmissionFactory(DjangoModelFactory):
    class Meta:
        model = Submission

    participant = factory.SubFactory(ParticipantFactory)


class AnswerFactory(DjangoModelFactory):
    class Meta:
        model = Answer

    submission = factory.SubFactory(SubmissionFactory)
    code = "1.1"
    inputs = factory.LazyFunction(dict)
    self_points = Decimal(1)
    updated_by = factory.SubFactory(UserFactory)


class EvidenceFactory(DjangoModelFactory):
    class Meta:
        model = Evidence

    unit = factory.SubFactory(UnitFactory)
    file = factory.SubFactory(StoredFileFactory, owner_unit=factory.SelfAttribute("..unit"))
    title = factory.Sequence(lambda n: f"Báo cáo {n}")
    created_by = factory.SubFactory(UserFactory)


class EvidenceUseFactory(DjangoModelFactory):
    class Meta:
        model = EvidenceUse

    answer = factory.SubFactory(AnswerFactory)
    evidence = factory.SubFactory(EvidenceFactory, unit=factory.SelfAttribute("..answer.submission.participant.unit"))


class ExtensionFactory(DjangoModelFactory):
    class Meta:
        model = Extension

    participant = factory.SubFactory(ParticipantFactory)
    scope = ExtensionScope.ALL
    until = factory.LazyFunction(lambda: timezone.now() + dt.timedelta(days=3))
    reason = "Thiên tai"
    granted_by = factory.SubFactory(UserFactory)


class AssignmentFactory(DjangoModelFactory):
    class Meta:
        model = AppraisalAssignment

    round = factory.SubFactory(RoundFactory)
    code = "1"
    agency = factory.SubFactory(UnitFactory)


ENTRY_FIELDS = ("participant", "code", "stage", "points", "basis", "actor", "created_at")


class ScoreEntryFactory(DjangoModelFactory):
    class Meta:
        model = ScoreEntry

    participant = factory.SubFactory(ParticipantFactory)
    code = "1.1"
    stage = Stage.SELF
    points = Decimal(1)
    basis = Basis.RULE
    actor = factory.SubFactory(UserFactory)
    created_at = factory.LazyFunction(timezone.now)
    sha256 = factory.LazyAttribute(
        lambda entry: entry_sha256(ScoreEntry(**{k: getattr(entry, k) for k in ENTRY_FIELDS}))
    )


@dataclass(frozen=True)
class OpenRound:
    """An open round with two units whose forms differ, an appraising agency, and one account per role.

    `plain` is asked ten leaves (18 points); `full` has the attribute "co-tthc" and is asked eleven (20 points).
    """

    round: AssessmentRound
    plain: Participant
    full: Participant
    agency: Unit
    contributor: User
    leader: User
    other_contributor: User
    appraiser: User
    secretary: User
    approver: User
    editor: User


def open_round(**round_fields: object) -> OpenRound:
    """Return an open round with everything around it; `round_fields` go to the round."""
    owner = UnitFactory(name="Cơ quan chủ trì")
    tier = UnitTierFactory()
    attribute = UnitAttributeFactory(code=ATTRIBUTE)
    agency = UnitFactory(name="Cơ quan thẩm định", tier=tier)
    this = RoundFactory(**{"owner": owner, "state": RoundState.OPEN, **round_fields})
    PhaseDeadlineFactory(round=this)
    for code in ("1", "2"):
        AssignmentFactory(round=this, code=code, agency=agency)
    plain = ParticipantFactory(round=this, unit=UnitFactory(name="Tỉnh A", tier=tier))
    full = ParticipantFactory(round=this, unit=UnitFactory(name="Tỉnh B", tier=tier, attributes=[attribute]))
    for participant in (plain, full):
        SubmissionFactory(participant=participant)
    return OpenRound(
        round=this,
        plain=plain,
        full=full,
        agency=agency,
        contributor=user_with_role(Role.CONTRIBUTOR, plain.unit),
        leader=user_with_role(Role.LEADER, plain.unit),
        other_contributor=user_with_role(Role.CONTRIBUTOR, full.unit),
        appraiser=user_with_role(Role.APPRAISER, agency),
        secretary=user_with_role(Role.SECRETARIAT, owner),
        approver=user_with_role(Role.APPROVER, owner),
        editor=user_with_role(Role.EDITOR, owner),
    )
