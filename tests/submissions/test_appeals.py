"""Appeals after a round is finalised: in the ledger where granted, refused where they cannot be."""

from __future__ import annotations

from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError
from django.utils import translation

import pytest

from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from criteria_pages.enums import Scorer
from publishing.domain.computation import compute_entries, subjects_of_round
from publishing.domain.correction_notes import proposed_note
from publishing.domain.release_changes import changes_since
from publishing.domain.releases import correct_release
from publishing.domain.verification import verify_release
from submissions.domain.adjustments import record_adjustment, withdraw_adjustment
from submissions.domain.appeals import decide_appeal
from submissions.domain.central_scores import record_central
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import append, current_entry
from submissions.domain.score_batches import RowDecision, record_central_many
from submissions.enums import AdjustmentKind, AppealOutcome, Basis, RoundState, Stage
from submissions.models import Adjustment, Appeal, AssessmentRound
from tests.factories.cms import MembershipFactory, UserFactory
from tests.factories.criteria import EditionFactory, tiny_definition
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


def test_a_note_is_published_with_the_points_that_it_explains_and_with_no_others(this: OpenRound):
    def note_of(points: str, note: str) -> str:
        append(
            participant=this.plain,
            code="1.1",
            stage=Stage.COUNCIL,
            points=Decimal(points),
            basis=Basis.SET,
            reason="Theo biên bản",
            public_note=note,
            actor=this.secretary,
            agency=this.round.owner,
        )
        computed = compute_entries(round=this.round, edition=this.round.edition, subjects=subjects_of_round(this.round))
        scores = next(entry.scores for entry in computed if entry.subject.participant_id == this.plain.pk)
        return next(score.public_note for score in scores if score.code == "1.1")

    assert note_of("0.5", "Thiếu phụ lục") == "Thiếu phụ lục"
    assert note_of("0.5", "") == "Thiếu phụ lục"
    assert note_of("1", "") == ""


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


def correct(this: OpenRound, **changes: object) -> Adjustment:
    given = {"kind": "bonus", "points": "0,5", "reason": "Giải thưởng", "decision": "16/QĐ, 10/4/2026"}
    return record_adjustment(**{"participant": this.plain, "user": this.secretary, **given, **changes})


def test_a_correction_is_told_in_the_language_of_the_record_whoever_typed_it():
    this = with_caps()
    published_release(this)
    this.plain.round.refresh_from_db()
    with translation.override("en"):
        given = correct(this, points="1")
    assert given.reason == "Đính chính sau khi chốt đợt, theo 16/QĐ, 10/4/2026: Giải thưởng"


def with_caps() -> OpenRound:
    return open_round(edition=EditionFactory(definition=tiny_definition(bonus_cap=2, penalty_cap=1)))


def test_bonus_and_penalty_after_the_end_lead_to_a_correcting_release():
    this = with_caps()
    AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.APPRAISAL)
    this.plain.round.refresh_from_db()
    given = correct(this, points="1", decision=None)
    release = published_release(this)
    this.plain.round.refresh_from_db()
    correct(this)
    withdraw_adjustment(adjustment=given, reason="Nhầm đơn vị", user=this.secretary, decision="17/QĐ")
    assert verify_release(release) == []
    note = proposed_note(release)
    assert all(words in note for words in ("16/QĐ, 10/4/2026", "17/QĐ", "Nhầm đơn vị", this.plain.unit.name))
    corrected = correct_release(release=release, user=this.secretary, note=note)
    lines = [one.entries.get(unit=this.plain.unit).bonus for one in (release, corrected)]
    assert lines == [Decimal(1), Decimal("0.5")]
    [changed] = changes_since(release, corrected).units
    assert [row.kind for row in changed.adjustments] == [AdjustmentKind.BONUS, AdjustmentKind.WITHDRAWAL]
    assert proposed_note(corrected) == ""
    assert (verify_release(release), verify_release(corrected)) == ([], [])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"decision": " "}, "decision_missing"),
        ({"decision": None}, "round_state"),
        ({"points": "2,5"}, "above_cap"),
        ({"reason": ""}, "reason_missing"),
    ],
)
def test_a_correction_of_bonus_that_cannot_be_is_refused(changes: dict[str, object], code: str):
    this = with_caps()
    published_release(this)
    this.plain.round.refresh_from_db()
    with pytest.raises(PortalError) as refused:
        correct(this, **changes)
    assert (refused.value.code, Adjustment.objects.count()) == (code, 0)


def test_before_the_end_nothing_is_corrected():
    this = with_caps()
    AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.COUNCIL)
    this.plain.round.refresh_from_db()
    with pytest.raises(PortalError) as refused:
        correct(this)
    assert refused.value.code == "round_state"


def test_screen__bonus_corrected_after_the_end(signed_in):
    this = with_caps()
    published_release(this)
    client, address = signed_in(this.secretary), f"/lam-viec/dot/{this.round.code}/cong-tru/"
    data = {"viec": "dinh-chinh", "participant": this.plain.pk, "kind": "bonus", "points": "1", "reason": "Giải thưởng"}
    refused = client.post(address, data)
    assert (refused.status_code, "Giải thưởng" in refused.content.decode()) == (422, True)
    assert client.post(address, {**data, "decision": "16/QĐ"}).status_code == 302
    row = Adjustment.objects.get()
    withdrawal = {"viec": "dinh-chinh-rut", "muc": row.pk, "ly-do": "Nhầm"}
    client.post(address, withdrawal)
    client.post(address, {**withdrawal, "viec": "rut", "quyet-dinh": "17/QĐ"})
    assert Adjustment.objects.count() == 1
    client.post(address, {**withdrawal, "quyet-dinh": "17/QĐ"})
    assert Adjustment.objects.filter(withdraws=row).count() == 1
    assert "17/QĐ" in client.get(address).content.decode()


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
