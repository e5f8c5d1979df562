"""Appeals after a round is finalised: in the ledger where granted, refused where they cannot be."""

from __future__ import annotations

from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError

import pytest

from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from criteria_pages.enums import Scorer
from publishing.domain.releases import correct_release
from publishing.domain.verification import verify_release
from submissions.domain.adjustments import record_adjustment
from submissions.domain.appeals import decide_appeal
from submissions.domain.central_scores import record_central
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import current_entry
from submissions.domain.score_batches import RowDecision, record_central_many
from submissions.enums import AdjustmentKind, AppealOutcome, RoundState, Stage
from submissions.models import Appeal, AssessmentRound
from tests.factories.cms import MembershipFactory, UserFactory
from tests.factories.publishing import published_release
from tests.factories.submissions import OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
TEXTS = {"document": "12/KN-UBND, 02/4/2026", "asked": "Công nhận kế hoạch", "decision": "15/QĐ, 09/4/2026"}


def decide(this: OpenRound, **changes: object) -> Appeal:
    given = {
        "participant": this.plain,
        "code": "1.1",
        "outcome": AppealOutcome.GRANTED,
        "points": "1",
        "reason": "Kế hoạch ban hành đúng hạn",
        "user": this.secretary,
        **TEXTS,
    }
    entry = current_entry(this.plain, "1.1")
    return decide_appeal(**{"expected_entry_id": entry.pk if entry else None, **given, **changes})


@pytest.fixture
def this() -> OpenRound:
    return open_round()


def test_a_granted_appeal_leads_to_a_correcting_release(this: OpenRound):
    release = published_release(this)
    this.plain.round.refresh_from_db()
    appeal = decide(this)
    assert (appeal.entry.stage, appeal.entry.points) == (Stage.COUNCIL, Decimal(1))
    assert verify_release(release) == []
    corrected = correct_release(release=release, user=this.secretary, note="Theo kiến nghị")
    score = corrected.entries.get(unit=this.plain.unit).scores.get(code="1.1")
    assert score.points == Decimal(1)
    assert all(words in score.public_note for words in ("12/KN-UBND", "15/QĐ", "Kế hoạch ban hành đúng hạn"))
    assert release.entries.get(unit=this.plain.unit).scores.get(code="1.1").points == Decimal(0)


def test_a_rejected_appeal_changes_no_score_and_stays_as_it_was_decided(this: OpenRound):
    published_release(this)
    this.plain.round.refresh_from_db()
    rows = this.plain.score_entries.count()
    appeal = decide(this, outcome=AppealOutcome.REJECTED, points="")
    assert (appeal.entry, this.plain.score_entries.count()) == (None, rows)
    with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
        Appeal.objects.filter(pk=appeal.pk).update(reason="Khác")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"points": "1,5"}, "points_out_of_range"),
        ({"points": "0"}, "nothing_changes"),
        ({"reason": " "}, "text_missing"),
        ({"code": "2.6.1"}, "unknown_code"),
        ({"expected_entry_id": 1}, "stale"),
    ],
)
def test_what_cannot_be_is_refused(this: OpenRound, changes: dict[str, object], code: str):
    published_release(this)
    this.plain.round.refresh_from_db()
    with pytest.raises(PortalError) as refused:
        decide(this, **changes)
    assert (refused.value.code, Appeal.objects.count()) == (code, 0)


def test_only_the_secretariat_and_only_after_the_end(this: OpenRound):
    published_release(this)
    this.plain.round.refresh_from_db()
    for person in (this.approver, this.appraiser, this.leader, UserFactory(is_superuser=True)):
        with pytest.raises(PermissionRefused):
            decide(this, user=person)
    AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.COUNCIL)
    with pytest.raises(PortalError) as refused:
        decide(this)
    assert refused.value.code == "round_state"


def test_decided_once_and_not_about_the_own_unit(this: OpenRound):
    published_release(this)
    this.plain.round.refresh_from_db()
    decide(this, outcome=AppealOutcome.REJECTED, points="")
    with pytest.raises(PortalError) as again:
        decide(this, outcome=AppealOutcome.REJECTED, points="")
    MembershipFactory(user=this.secretary, unit=this.plain.unit, role=Role.LEADER)
    with pytest.raises(PermissionRefused) as own:
        decide(this, document="13/KN-UBND")
    assert (again.value.code, own.value.code, Appeal.objects.count()) == ("decided_already", "own_unit", 1)


def test_central_points_and_bonus_of_the_own_unit_are_entered_by_somebody_else(this: OpenRound):
    MembershipFactory(user=this.secretary, unit=this.plain.unit, role=Role.CONTRIBUTOR)
    leaf = next(leaf for leaf in definition_for(this.plain).leaves if leaf.scorer != Scorer.SELF)
    given = {"participant": this.plain, "user": this.secretary, "reason": "Theo báo cáo"}
    with pytest.raises(PermissionRefused) as central:
        record_central(code=leaf.code, points="0", expected_entry_id=None, **given)
    with pytest.raises(PermissionRefused) as bonus:
        record_adjustment(kind=AdjustmentKind.BONUS, points="0,5", **given)
    row = RowDecision(this.plain, leaf.code, Decimal(0))
    with pytest.raises(PermissionRefused) as imported:
        record_central_many(user=this.secretary, round=this.round, rows=[row])
    assert {refused.value.code for refused in (central, bonus, imported)} == {"own_unit"}
    record_central_many(user=this.secretary, round=this.round, rows=[RowDecision(this.full, leaf.code, Decimal(0))])


def test_screen__choose_read_decide(signed_in, this: OpenRound):
    published_release(this)
    address = f"/lam-viec/dot/{this.round.code}/kien-nghi/"
    client = signed_in(this.secretary)
    chosen = f"{address}?don-vi={this.plain.pk}&tieu-chi=1.1"
    entry = current_entry(this.plain, "1.1")
    data = {**TEXTS, "outcome": "granted", "points": "9", "reason": "Đúng", "muc": str(entry.pk)}
    assert client.get(chosen).status_code == 200
    assert client.post(chosen, data).status_code == 422
    assert signed_in(this.approver).post(chosen, {**data, "points": "1"}).status_code == 403
    assert client.post(chosen, {**data, "points": "1"}).status_code == 302
    assert "12/KN-UBND" in client.get(address).content.decode()
    assert signed_in(this.contributor).get(address).status_code == 404
