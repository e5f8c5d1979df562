"""A round of any size for benchmarks: units, sent forms and ledger rows made by a few SQL statements."""

from __future__ import annotations

import datetime as dt

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from cms.enums import Role
from cms.models import Membership, Unit, UnitTier, User
from criteria_pages.definition import Definition
from submissions.enums import Phase, RoundState, SubmissionState
from submissions.models import AppraisalAssignment, AssessmentRound, Participant, PhaseDeadline, Submission
from tests.factories import criteria

LEAVES = 104
STAGES = (("self", "rule", ""), ("appraisal_1", "set", "Chấm lại"))


def big_definition(leaves: int = LEAVES) -> Definition:
    """Return a definition of eight domains with `leaves` leaves of two points that are judged by hand."""
    per_domain = leaves // 8
    domains = [
        criteria.domain(
            str(d),
            *[criteria.leaf_criterion(f"{d}.{c}", "manual", "2") for c in range(1, per_domain + 1)],
        )
        for d in range(1, 9)
    ]
    return criteria.definition(*domains)


def big_round(*, units: int, leaves: int = LEAVES, code: str = "lon") -> tuple[AssessmentRound, User, Definition]:
    """Return a round in appraisal with sent forms of many units, an appraiser of all its domains, and its set."""
    call_command("migrate", verbosity=0)
    definition = big_definition(leaves)
    owner = _unit("chu-tri", "Cơ quan chủ trì")
    agency = _unit("tham-dinh", "Cơ quan thẩm định")
    round_ = AssessmentRound.objects.create(
        code=code,
        name=f"Kỳ {code}",
        year=2025,
        edition=criteria.EditionFactory(definition=definition),
        owner=owner,
        state=RoundState.APPRAISAL,
        period_from=dt.date(2025, 1, 1),
        period_to=dt.date(2025, 12, 31),
    )
    now = timezone.now()
    PhaseDeadline.objects.create(
        round=round_, phase=Phase.APPRAISAL_1, opens_at=now - dt.timedelta(days=1), closes_at=now + dt.timedelta(days=9)
    )
    AppraisalAssignment.objects.bulk_create(
        AppraisalAssignment(round=round_, code=domain.code, agency=agency) for domain in definition.domains
    )
    person, _made = User.objects.get_or_create(username="tham-dinh-vien")
    Membership.objects.get_or_create(user=person, unit=agency, role=Role.APPRAISER)
    tier = agency.tier
    made = Unit.objects.bulk_create(
        [Unit(code=f"{code}-{n}", name=f"Xã {n}", name_folded=f"xa {n}", tier=tier, order=n) for n in range(units)],
        batch_size=2000,
    )
    participants = Participant.objects.bulk_create(
        [
            Participant(round=round_, unit=unit, unit_name=unit.name, facts={"code": unit.code, "tier": tier.code})
            for unit in made
        ],
        batch_size=2000,
    )
    Submission.objects.bulk_create(
        [Submission(participant=p, state=SubmissionState.SENT) for p in participants], batch_size=2000
    )
    return round_, person, definition


def _unit(code: str, name: str) -> Unit:
    tier, _made = UnitTier.objects.get_or_create(code="xa", defaults={"name": "Xã"})
    found, _made = Unit.objects.get_or_create(code=code, defaults={"name": name, "tier": tier})
    return found


def fill_ledger(round_: AssessmentRound, person: User, definition: Definition, *, stages: int = 2) -> int:
    """Give every leaf of every unit a score at each stage, in one statement per leaf and stage; return the rows."""
    count = 0
    points = "CAST((p.id * %s %% 9) AS numeric) / 4" if connection.vendor == "postgresql" else "(p.id * %s %% 9) / 4.0"
    statement = (
        "INSERT INTO submissions_scoreentry (participant_id, code, stage, points, basis, inputs, reason, public_note, "  # noqa: S608
        f"actor_id, created_at, sha256) SELECT p.id, %s, %s, {points}, %s, '{{}}', %s, '', %s, %s, '' "
        "FROM submissions_participant p WHERE p.round_id = %s"
    )
    now = timezone.now()
    with connection.cursor() as cursor:
        for number, leaf in enumerate(definition.leaves, start=1):
            for stage, basis, reason in STAGES[:stages]:
                cursor.execute(statement, [leaf.code, stage, number, basis, reason, person.pk, now, round_.pk])
                count += cursor.rowcount
    return count
