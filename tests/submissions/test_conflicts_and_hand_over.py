"""Conflicts of interest on their screens, and parts of an agency that are one appraiser's: both held by the gate."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone

import pytest

from cms.enums import Role
from submissions.domain.appraisal_gate import appraisal_refusal
from submissions.domain.appraisal_queue import agency_loads, queue
from submissions.domain.conflicts import declare_conflict
from submissions.domain.ledger import current_entry
from submissions.models import AppraiserAssignment, ConflictOfInterest, ScoreEntry
from tests.factories import cms
from tests.factories.appraisal import appraisal_round
from tests.factories.submissions import OpenRound

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def this() -> OpenRound:
    return appraisal_round()


def url(this: OpenRound, name: str, *args: object) -> str:
    return reverse(f"submissions:{name}", args=[this.round.code, *args])


def decide(client, this: OpenRound, code: str = "1.2.2") -> int:
    entry = current_entry(this.plain, code)
    data = {"expected_entry_id": entry.pk, "viec": "chap-nhan"}
    return client.post(url(this, "appraisal_leaf", this.plain.pk, code), data).status_code


def paths(client, this: OpenRound, code: str = "1.2.2") -> list[int]:
    """Every way of an appraiser to a leaf: read, decide, accept many, ask."""
    entry = current_entry(this.plain, code)
    before = ScoreEntry.objects.count()
    due = (timezone.localtime() + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    found = [
        client.get(url(this, "appraisal_leaf", this.plain.pk, code)).status_code,
        decide(client, this, code),
        client.post(url(this, "explanation_ask", this.plain.pk, code), {"question": "?", "due_at": due}).status_code,
    ]
    client.post(url(this, "appraisal_accept"), {"muc": f"{this.plain.pk}:{code}:{entry.pk}"})
    return [*found, ScoreEntry.objects.count() - before]


# --- conflicts of interest --------------------------------------------------------------------------------------------
def test_a_declared_conflict_closes_every_path_until_it_is_withdrawn(this, signed_in):
    client, address = signed_in(this.appraiser), reverse("submissions:conflicts")
    form = f"khai-{this.round.pk}"
    data = {"dot": this.round.pk, f"{form}-unit": this.plain.unit_id, f"{form}-reason": "Vợ làm việc tại đơn vị"}
    assert client.post(address, data | {f"{form}-reason": " "}).status_code == 422
    assert client.post(address, data).status_code == 302
    assert client.post(address, data).status_code == 422  # it stands already
    conflict = ConflictOfInterest.objects.get()
    assert (conflict.user, conflict.declared_by, conflict.unit) == (this.appraiser, this.appraiser, this.plain.unit)
    assert paths(client, this) == [403, 403, 403, 0]
    assert {row.participant for row in queue(user=this.appraiser, round=this.round)} == {this.full}
    assert "Vợ làm việc" in signed_in(this.secretary).get(url(this, "round_conflicts")).content.decode()

    withdraw = {"viec": "rut", "dot": this.round.pk, "muc": conflict.pk, "ly-do": "Đã chuyển công tác"}
    assert signed_in(cms.user_with_role(Role.APPRAISER)).post(address, withdraw).status_code == 403
    client.post(address, withdraw | {"ly-do": ""})
    assert ConflictOfInterest.objects.filter(lifted_at__isnull=True).exists()
    client.post(address, withdraw)
    assert not ConflictOfInterest.objects.filter(lifted_at__isnull=True).exists()
    assert decide(client, this) == 302


def test_what_the_secretariat_declared_is_lifted_by_the_secretariat_alone(this, signed_in):
    form, register = f"khai-{this.round.pk}", url(this, "round_conflicts")
    data = {f"{form}-person": this.appraiser.pk, f"{form}-unit": this.plain.unit_id, f"{form}-reason": "Đơn thư"}
    for role in (Role.COUNCIL_MEMBER, Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR, Role.SURVEY_OFFICER):
        assert signed_in(cms.user_with_role(role, this.round.owner)).post(register, data).status_code == 403
    secretary = signed_in(this.secretary)
    assert secretary.post(register, data).status_code == 302
    conflict = ConflictOfInterest.objects.get()
    lift = {"viec": "rut", "dot": this.round.pk, "muc": conflict.pk, "ly-do": "Đã xác minh"}
    client = signed_in(this.appraiser)
    assert 'name="viec" value="rut"' not in client.get(reverse("submissions:conflicts")).content.decode()
    client.post(reverse("submissions:conflicts"), lift)
    assert decide(client, this) == 403
    secretary.post(register, lift)
    assert decide(client, this) == 302


def test_the_register_shows_what_the_portal_finds_for_everybody_who_judges(this, signed_in):
    cms.MembershipFactory(user=this.appraiser, unit=this.plain.unit, role=Role.CONTRIBUTOR)
    member = cms.user_with_role(Role.COUNCIL_MEMBER, this.round.owner)
    cms.MembershipFactory(user=member, unit=this.full.unit, role=Role.LEADER)
    page = signed_in(this.secretary).get(url(this, "round_conflicts"))
    found = {row.person: [one.unit for one in row.computed] for row in page.context["people"]}
    assert found == {this.appraiser: [this.plain.unit], member: [this.full.unit]}
    own = signed_in(member).get(reverse("submissions:conflicts"))
    assert [one.unit for part in own.context["parts"] for one in part["computed"]] == [this.full.unit]


# --- parts of an agency -----------------------------------------------------------------------------------------------
def give(client, this: OpenRound, code: str, person) -> int:
    form = f"giao-{this.agency.pk}"
    data = {"viec": "giao", "co-quan": this.agency.pk, f"{form}-code": code, f"{form}-appraiser": person.pk}
    return client.post(url(this, "round_appraisers"), data).status_code


def test_a_part_is_decided_by_its_appraiser_alone_and_handed_over_with_a_reason(this, signed_in):
    colleague = cms.user_with_role(Role.APPRAISER, this.agency)
    stranger = cms.user_with_role(Role.APPRAISER)
    secretary, taker = signed_in(this.secretary), signed_in(colleague)
    assert give(secretary, this, "1", stranger) == 422
    assert give(secretary, this, "1", this.appraiser) == 302
    assert paths(taker, this) == [403, 403, 403, 0]
    assert {row.code[0] for row in queue(user=colleague, round=this.round)} == {"2"}
    loads = {str(person or ""): work.total for load in agency_loads(this.round) for person, work in load.people}
    assert loads.keys() == {str(this.appraiser), ""}

    form = f"ban-giao-{this.agency.pk}"
    data = {"co-quan": this.agency.pk, f"{form}-taker": colleague.pk, f"{form}-reason": "Nghỉ ốm"}
    giver = signed_in(this.appraiser)
    assert giver.post(url(this, "appraisal_own"), data | {f"{form}-reason": " "}).status_code == 422
    assert taker.post(url(this, "appraisal_own"), data).status_code == 403
    assert giver.post(url(this, "appraisal_own"), data).status_code == 302
    rows = [(r.code, r.appraiser_id, r.reason, r.ended_at is None) for r in AppraiserAssignment.objects.order_by("pk")]
    assert rows == [("1", this.appraiser.pk, "", False), ("1", colleague.pk, "Nghỉ ốm", True)]
    refusal = appraisal_refusal(user=this.appraiser, submission=this.plain.submission, code="1.2.2")
    assert refusal is not None
    assert refusal.code == "other_appraiser"
    assert decide(taker, this) == 302
    assert "Nghỉ ốm" in secretary.get(url(this, "round_appraisers")).content.decode()


def test_only_the_secretariat_assigns_and_gives_back(this, signed_in):
    for role in (Role.COUNCIL_MEMBER, Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR, Role.SURVEY_OFFICER):
        assert give(signed_in(cms.user_with_role(role, this.round.owner)), this, "1", this.appraiser) == 403
    secretary = signed_in(this.secretary)
    give(secretary, this, "1.2", this.appraiser)
    row = AppraiserAssignment.objects.get()
    secretary.post(url(this, "round_appraisers"), {"viec": "bo", "co-quan": this.agency.pk, "muc": row.pk})
    row.refresh_from_db()
    assert row.ended_at is not None
    assert decide(signed_in(cms.user_with_role(Role.APPRAISER, this.agency)), this) == 302


# --- one criterion over all units -------------------------------------------------------------------------------------
def test_one_criterion_stands_side_by_side_and_many_are_accepted_with_one_act(this, signed_in):
    client, address = signed_in(this.appraiser), url(this, "appraisal_by_leaf", "1.2.2")
    page = client.get(address)
    assert [line["entry"].participant for line in page.context["lines"]] == [this.plain, this.full]
    items = [f"{who.pk}:1.2.2:{current_entry(who, '1.2.2').pk}" for who in (this.plain, this.full)]
    data = {"muc": items, "tieu-chi": "1.2.2", "ve": "tieu-chi"}
    assert client.post(url(this, "appraisal_accept"), data).headers["Location"] == address
    assert client.get(address).context["waiting"] == 0
    assert client.get(url(this, "appraisal_by_leaf", "2.2.1")).status_code == 404  # the survey's
    assert signed_in(this.secretary).get(address).status_code == 404
    assert signed_in(cms.user_with_role(Role.APPRAISER)).get(address).status_code == 404


def test_side_by_side_leaves_conflicts_out_and_asks_as_often_for_two_units_as_for_one(
    this, signed_in, django_assert_max_num_queries
):
    client, address, asked = signed_in(this.appraiser), url(this, "appraisal_by_leaf", "1.2.2"), []
    client.get(address)
    with django_assert_max_num_queries(60) as counted:
        client.get(address)
    asked.append(len(counted))
    declare_conflict(
        round=this.round, person=this.appraiser, unit=this.full.unit, reason="Người nhà", user=this.appraiser
    )
    with django_assert_max_num_queries(60) as counted:
        page = client.get(address)
    assert [line["entry"].participant for line in page.context["lines"]] == [this.plain]
    assert len(counted) == asked[0]
