"""The discrepancy queue: what is found, how it is shown by the address, judged, and put on the council's agenda."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone

import pytest

from cms.enums import Role
from submissions.council_enums import DiscrepancyKind, DiscrepancyState
from submissions.domain import explanations
from submissions.domain.discrepancies import find_discrepancies
from submissions.domain.ledger import append
from submissions.enums import Basis, RoundState, Stage
from submissions.models import Discrepancy, EvidenceUse, ScoreEntry
from tests.factories import cms
from tests.factories.appraisal import appraisal_round
from tests.factories.council import Council, council, decide_leaf
from tests.factories.submissions import EvidenceFactory, OpenRound, ParticipantFactory, RoundFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def room() -> Council:
    room = council(sitting=False)
    find_discrepancies(round=room.this.round, user=room.this.secretary)
    return room


def address(this: OpenRound) -> str:
    return reverse("submissions:round_discrepancies", args=[this.round.code])


def found(this: OpenRound) -> dict[str, set[tuple[str, str]]]:
    find_discrepancies(round=this.round, user=this.secretary)
    kinds: dict[str, set[tuple[str, str]]] = {}
    for row in Discrepancy.objects.filter(state=DiscrepancyState.OPEN).select_related("participant__unit"):
        kinds.setdefault(row.kind, set()).add((row.participant.unit.name, row.code))
    return kinds


def test_search__names_outliers_of_the_years_of_the_group_and_evidence_used_twice():
    this = appraisal_round()
    claimed = ScoreEntry.objects.filter(participant=this.plain, code="1.1").get().points
    earlier = RoundFactory(edition=this.round.edition, year=this.round.year - 1, state=RoundState.APPRAISAL)
    then = ParticipantFactory(round=earlier, unit=this.plain.unit)
    far = Decimal(0) if claimed else Decimal(1)
    append(participant=then, code="1.1", stage=Stage.SELF, points=far, basis=Basis.RULE, actor=None)
    earlier.state = RoundState.FINALISED
    earlier.save()
    for number in range(5):
        unit = cms.UnitFactory(name=f"Đơn vị {number}", tier=this.plain.unit.tier)
        who = ParticipantFactory(round=this.round, unit=unit)
        append(participant=who, code="2.2.2", stage=Stage.CENTRAL, points=Decimal(1), basis=Basis.SET, reason="Nhập",
               actor=None)  # fmt: skip
    append(participant=this.plain, code="2.2.2", stage=Stage.CENTRAL, points=Decimal(0), basis=Basis.SET,
           reason="Nhập", actor=None)  # fmt: skip
    file = EvidenceFactory(unit=this.plain.unit).file
    for participant in (this.plain, this.full):
        answer = participant.submission.answers.get(code="1.2.2")
        EvidenceUse.objects.create(answer=answer, evidence=EvidenceFactory(unit=participant.unit, file=file))
    assert found(this) == {
        DiscrepancyKind.OWN_YEARS: {("Tỉnh A", "1.1")},
        DiscrepancyKind.GROUP: {("Tỉnh A", "2.2.2")},
        DiscrepancyKind.SAME_EVIDENCE: {("Tỉnh A", "1.2.2"), ("Tỉnh B", "1.2.2")},
    }


def test_search__names_a_second_appraisal_that_differs_from_the_first_and_follows_the_newest(signed_in):
    this = appraisal_round()
    decide_leaf(this, "1.1", points="0")
    decide_leaf(this, "1.2.2", points="0.5")
    due = timezone.now() + dt.timedelta(days=1)
    for code in ("1.1", "1.2.2"):
        asked = explanations.ask(user=this.appraiser, participant=this.plain, code=code, question="?", due_at=due)
        explanations.answer(user=this.contributor, request=asked, text="Vì đã làm")
    decide_leaf(this, "1.1", points="0.5")
    decide_leaf(this, "1.2.2", points="0.5")
    # 1.2.2 stands as the first appraisal left it: nothing between the two, but upheld against the explanation.
    assert found(this)[DiscrepancyKind.FIRST_SECOND] == {("Tỉnh A", "1.1")}
    page = signed_in(this.secretary).get(address(this), {"loai": DiscrepancyKind.FIRST_SECOND}).context
    assert [(line.row.code, line.row.size, line.sentence) for line in page["lines"]] == [
        ("1.1", Decimal("0.5"), "Thẩm định lần 1: 0, thẩm định lần 2: 0,5.")
    ]
    decide_leaf(this, "1.1", points="0")
    assert DiscrepancyKind.FIRST_SECOND not in found(this)
    assert Discrepancy.objects.get(kind=DiscrepancyKind.FIRST_SECOND).state == DiscrepancyState.GONE


def test_queue__is_searched_cleared_with_a_reason_and_opens_again_when_another_score_counts(signed_in):
    this = appraisal_round()
    client = signed_in(this.secretary)
    assert "chưa được rà soát" in client.get(address(this)).content.decode()
    decide_leaf(this, "1.1", points="0")
    client.post(address(this), {"viec": "tim-lai"})
    row = Discrepancy.objects.get()
    assert (row.kind, row.code, row.state) == (DiscrepancyKind.SELF_APPRAISED, "1.1", DiscrepancyState.OPEN)

    client.post(address(this), {"viec": "bo-qua", "muc": row.pk, "ly-do": " "})
    row.refresh_from_db()
    assert row.state == DiscrepancyState.OPEN
    client.post(address(this), {"viec": "bo-qua", "muc": row.pk, "ly-do": "Đúng quy định"})
    row.refresh_from_db()
    assert (row.state, row.reason, row.judged_by) == (DiscrepancyState.CLEARED, "Đúng quy định", this.secretary)
    client.post(address(this), {"viec": "tim-lai"})
    row.refresh_from_db()
    assert row.state == DiscrepancyState.CLEARED

    decide_leaf(this, "1.1", points="0.5")
    client.post(address(this), {"viec": "tim-lai"})
    row.refresh_from_db()
    assert row.state == DiscrepancyState.OPEN


def test_queue__filters_by_its_address_and_leads_to_the_leaf_and_the_agenda(room, signed_in):
    client, row = signed_in(room.this.secretary), Discrepancy.objects.get()
    rows = {
        query: len(client.get(f"{address(room.this)}?{query}").context["lines"])
        for query in (
            "", "loai=self_appraised", "loai=group", "linh-vuc=1", "linh-vuc=2", f"don-vi={room.this.plain.unit_id}",
            f"don-vi={room.this.full.unit_id}", "tu=1", "tu=1,5", "tu=x", "tim=tinh a", "tim=1.1", "tim=9.9",
            "tinh-trang=chuong-trinh", "tinh-trang=tat-ca",
        )
    }  # fmt: skip
    assert [query for query, number in rows.items() if number] == [
        "", "loai=self_appraised", "linh-vuc=1", f"don-vi={room.this.plain.unit_id}", "tu=1", "tu=x", "tim=tinh a",
        "tim=1.1", "tinh-trang=tat-ca",
    ]  # fmt: skip
    leaf = reverse("submissions:round_leaf", args=[room.this.round.code, room.this.plain.pk, "1.1"])
    assert leaf in client.get(address(room.this)).content.decode()
    assert "Tự chấm khác thẩm định" in client.get(leaf).content.decode()

    client.post(address(room.this), {"viec": "chuong-trinh", "muc": row.pk, "phien": room.session.pk})
    row.refresh_from_db()
    item = room.session.items.get()
    assert (row.state, item.code) == (DiscrepancyState.AGENDA, "1.1")
    page = client.get(f"{address(room.this)}?tinh-trang=chuong-trinh").content.decode()
    assert reverse("submissions:council_item", args=[room.session.pk, item.pk]) in page


def test_queue__is_read_by_those_who_read_points_and_changed_by_the_secretariat_alone(room, signed_in):
    row, owner = Discrepancy.objects.get(), room.this.round.owner
    acts = (
        {"viec": "tim-lai"},
        {"viec": "bo-qua", "muc": row.pk, "ly-do": "x"},
        {"viec": "chuong-trinh", "muc": row.pk, "phien": room.session.pk},
    )
    reads, changes = {}, {}
    for role in Role:
        client = signed_in(cms.user_with_role(role, owner))
        reads[role] = client.get(address(room.this)).status_code
        if role != Role.SECRETARIAT:
            changes[role] = {client.post(address(room.this), act).status_code for act in acts}
    readers = {Role.SECRETARIAT, Role.COUNCIL_MEMBER, Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR}
    refused = {Role.SURVEY_OFFICER: 403}
    assert reads == {role: 200 if role in readers else refused.get(role, 404) for role in Role}
    assert changes == {
        role: {403} if role in readers or role in refused else {404} for role in Role if role != Role.SECRETARIAT
    }
    row.refresh_from_db()
    assert (row.state, room.session.items.count()) == (DiscrepancyState.OPEN, 0)


def test_queue__asks_the_database_as_often_for_three_rows_as_for_one(room, signed_in, django_assert_max_num_queries):
    client, number = signed_in(room.this.secretary), []
    client.get(address(room.this))
    for code in (None, "1.2.2", "1.2.3"):
        if code:
            first = Discrepancy.objects.first()
            Discrepancy.objects.create(
                participant=room.this.full, code=code, kind=first.kind, facts=first.facts, entry=first.entry,
                found_at=first.found_at,
            )  # fmt: skip
        with django_assert_max_num_queries(60) as counted:
            client.get(address(room.this))
        number.append(len(counted))
    assert number[0] == number[2], number
