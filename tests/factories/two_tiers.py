"""A province with two districts' rounds under its own: units, people, editions, rounds, forms that were sent.

As in the plan of a province: the agencies appraise by domain, each district scores its communes with a council of its
own. Province: one department and both districts take part; each district has two communes. The north has a local
criterion beside the province's criteria. All of it is invented.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from cms.enums import Role
from cms.models import Unit, User
from criteria_pages.definition import Definition
from criteria_pages.models import CriteriaEdition
from submissions.domain.answers import write_answer
from submissions.domain.assignment import assign
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import append
from submissions.domain.rounds import add_participants, advance_round, create_round, open_round, set_deadline
from submissions.domain.sending import send
from submissions.enums import Basis, Phase, RoundState, Stage
from submissions.models import AssessmentRound, Participant
from tests.factories import criteria
from tests.factories.cms import PASSWORD, MembershipFactory, UnitFactory, UnitTierFactory
from tests.factories.filling import sign

YEAR = 2025
PERIOD = {"period_from": dt.date(YEAR, 1, 1), "period_to": dt.date(YEAR, 12, 31)}
ANSWERS: dict[str, dict[str, str]] = {
    "1.1": {"answer": "yes"},
    "1.2": {"level": "a"},
    "2.1": {"numerator": "15", "denominator": "18"},
    "3.1": {"count": "3"},
    "9.1": {"answer": "yes"},
}
DAYS = {
    Phase.SELF_ASSESSMENT: 10,
    Phase.APPRAISAL_1: 12,
    Phase.EXPLANATION: 14,
    Phase.APPRAISAL_2: 16,
    Phase.COUNCIL: 18,
}


def province_definition(*more: object) -> Definition:
    """Return three domains with four leaves, seven points, a bonus of at most two; `more` are further domains."""
    return criteria.definition(
        criteria.domain(
            "1",
            criteria.leaf_criterion("1.1", "yes_no", "1", name="Ban hành kế hoạch cải cách hành chính"),
            criteria.leaf_criterion("1.2", "levels", name="Thực hiện nhiệm vụ được giao"),
            name="Công tác chỉ đạo, điều hành",
        ),
        criteria.domain(
            "2",
            criteria.leaf_criterion("2.1", "ratio", name="Giải quyết hồ sơ đúng hạn"),
            name="Cải cách thủ tục hành chính",
        ),
        criteria.domain(
            "3",
            criteria.leaf_criterion("3.1", "count", name="Rà soát văn bản quy phạm pháp luật"),
            name="Cải cách thể chế",
        ),
        *more,
        title="Bộ tiêu chí cấp tỉnh (minh họa)",
        bonus_cap=Decimal(2),
        penalty_cap=Decimal(1),
    )


def local_domain() -> object:
    """Return a domain of one point that a district adds."""
    local = criteria.leaf_criterion("9.1", "yes_no", "1", name="Chuyên trang của huyện")
    return criteria.domain("9", local, name="Tiêu chí riêng của huyện")


@dataclass
class Office:
    """A body that runs a round, with its people and the units that it scores."""

    unit: Unit
    secretary: User
    approver: User
    member: User
    appraiser: User
    round: AssessmentRound | None = None
    participants: list[Participant] = field(default_factory=list)

    @property
    def people(self) -> tuple[User, ...]:
        """The four accounts."""
        return (self.secretary, self.approver, self.member, self.appraiser)


@dataclass
class TwoTiers:
    """The province, its agencies by the code that they appraise, and the districts."""

    province: Office
    north: Office
    south: Office
    department: Unit
    agencies: dict[str, Unit]


def account(username: str, password: str | None = None, **roles: Unit) -> User:
    """Return an account that holds roles: `account("a", secretariat=unit)`."""
    user = User.objects.create(username=username, last_name=username, password=_hashed(password or PASSWORD))
    for role, unit in roles.items():
        MembershipFactory(user=user, unit=unit, role=Role(role))
    return user


@cache
def _hashed(password: str) -> str:
    """Hash once for all accounts: it takes its time."""
    return make_password(password)


def office(name: str, unit: Unit, password: str | None) -> Office:
    """Return a body with an account per role: `<name>-thuongtruc`, `-pheduyet`, `-hoidong`, `-thamdinh`."""
    return Office(
        unit=unit,
        secretary=account(f"{name}-thuongtruc", password, secretariat=unit),
        approver=account(f"{name}-pheduyet", password, approver=unit),
        member=account(f"{name}-hoidong", password, council_member=unit),
        appraiser=account(f"{name}-thamdinh", password, appraiser=unit),
    )


def set_up(
    this: Office, *, name: str, edition: CriteriaEdition, units: list[Unit], parent: AssessmentRound | None
) -> None:
    """Let the office's secretariat create, fill and time its round; a child's phases end a day earlier."""
    this.round = create_round(
        user=this.secretary,
        code=this.unit.code,
        name=name,
        year=YEAR,
        edition=edition,
        owner=this.unit,
        parent=parent,
        illustrative=True,
        **PERIOD,
    )
    this.participants = add_participants(round=this.round, units=units, user=this.secretary)
    now = timezone.now()
    for phase, days in DAYS.items():
        closes = now + dt.timedelta(days=days - (parent is not None))
        opens = now - dt.timedelta(hours=1)
        set_deadline(round=this.round, phase=phase, opens_at=opens, closes_at=closes, user=this.secretary)


def two_tiers(*, password: str | None = None) -> TwoTiers:
    """Return the whole with rounds in preparation."""
    tiers = {
        code: UnitTierFactory(code=f"hai-cap-{code}", name=name)
        for code, name in (("tinh", "Tỉnh"), ("so", "Sở, ban, ngành"), ("huyen", "Huyện"), ("xa", "Xã"))
    }
    top = UnitFactory(code="tinh-minh-hoa", name="UBND tỉnh Minh Họa", tier=tiers["tinh"])

    def unit(tier: str, code: str, name: str, parent: Unit = top) -> Unit:
        return UnitFactory(code=code, name=name, tier=tiers[tier], parent=parent)

    home, justice = unit("so", "so-noi-vu-mh", "Sở Nội vụ"), unit("so", "so-tu-phap-mh", "Sở Tư pháp")
    bureau, department = unit("so", "van-phong-mh", "Văn phòng UBND tỉnh"), unit("so", "so-y-te-mh", "Sở Y tế")
    province = office("tinh", top, password)
    districts = []
    for key, name in (("bac", "huyện Bắc"), ("nam", "huyện Nam")):
        body = unit("huyen", f"huyen-{key}", f"UBND {name}")
        districts.append(
            (office(key, body, password), [unit("xa", f"xa-{key}-{n}", f"Xã {name[6:]} {n}", body) for n in (1, 2)])
        )
    edition = criteria.EditionFactory(definition=province_definition())
    set_up(
        province,
        name="Chỉ số CCHC tỉnh Minh Họa 2025",
        edition=edition,
        units=[department, *(one.unit for one, _communes in districts)],
        parent=None,
    )
    local = criteria.EditionFactory(definition=province_definition(local_domain()))
    for (one, communes), own in zip(districts, (local, edition), strict=True):
        set_up(
            one,
            name=f"Chỉ số CCHC cấp xã, {one.unit.name[5:]} 2025",
            edition=own,
            units=communes,
            parent=province.round,
        )
    agencies = {"1": home, "1.2": bureau, "2": bureau, "3": justice}
    return TwoTiers(province, districts[0][0], districts[1][0], department, agencies)


def offices_of(this: TwoTiers) -> tuple[Office, Office, Office]:
    """Return the province and the districts."""
    return this.province, this.north, this.south


def score(this: Office, lost: dict[str, dict[str, str]] | None = None) -> None:
    """Score every leaf with the full points, less what `lost` names by unit code and leaf, and finalise the round."""
    assert this.round is not None
    for participant in this.participants:
        for leaf in definition_for(participant).leaves:
            given = Decimal((lost or {}).get(participant.unit.code, {}).get(leaf.code, str(leaf.maximum)))
            append(
                participant=participant,
                code=leaf.code,
                stage=Stage.APPRAISAL_1,
                points=given,
                basis=Basis.SET,
                reason="Theo minh chứng",
                actor=this.appraiser,
            )
    AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.FINALISED)
    this.round.refresh_from_db()


def send_all(this: TwoTiers, *, password: str | None = None) -> None:
    """Assign the agencies, open all rounds, let every unit send its form, and begin the appraisal."""
    for one in offices_of(this):
        assert one.round is not None
        domains = [domain.code for domain in one.round.edition.definition.domains]
        agencies = this.agencies if one is this.province else dict.fromkeys(domains, one.unit)
        for code, agency in agencies.items():
            assign(round=one.round, code=code, agency=agency, user=one.secretary)
        open_round(round=one.round, user=one.secretary)
        for participant in one.participants:
            _send(participant, password)
        advance_round(round=one.round, to=RoundState.APPRAISAL, user=one.secretary)
    for name, agency in (("noivu", "1"), ("vanphong", "2"), ("tuphap", "3")):
        account(f"{name}-thamdinh", password, appraiser=this.agencies[agency])


def _send(participant: Participant, password: str | None) -> None:
    participant = Participant.objects.select_related("unit", "round__edition", "submission").get(pk=participant.pk)
    code = participant.unit.code
    contributor = account(f"{code}-dau-moi", password, contributor=participant.unit)
    leader = account(f"{code}-lanh-dao", password, leader=participant.unit)
    for leaf in definition_for(participant).leaves:
        write_answer(
            user=contributor,
            submission=participant.submission,
            code=leaf.code,
            expected_version=0,
            inputs=ANSWERS[leaf.code],
            explanation="Đã thực hiện theo kế hoạch.",
        )
    sign(participant.submission, leader)
    send(user=contributor, submission=participant.submission)


def sent_world(password: str) -> None:
    """Store the whole with all forms sent, and a province's council of three; one leads the northern district."""
    this = two_tiers(password=password)
    send_all(this, password=password)
    account("tinh-hoidong-2", password, council_member=this.province.unit)
    account("tinh-hoidong-bac", password, council_member=this.province.unit, leader=this.north.unit)
