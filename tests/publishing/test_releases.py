"""The life of a release: built, approved, returned, corrected, withdrawn; frozen and verified."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from wagtail.models import ModelLogEntry

import pytest

from cms import clock
from cms.exceptions import PermissionRefused, PortalError
from publishing.domain.release_life import approve_release, discard_release, return_release, withdraw_release
from publishing.domain.releases import build_release, correct_release, preview_release
from publishing.domain.verification import verify_release
from publishing.enums import EntryStatus, ReleaseState
from publishing.exceptions import PublishingError
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore
from submissions.domain.ledger import NewEntry, append_many
from submissions.enums import Basis, ParticipantStatus, Stage
from tests.factories.cms import UnitFactory, UserFactory
from tests.factories.publishing import CLASSES, built_release, published_release, score_round
from tests.factories.submissions import ParticipantFactory, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DECISION = {"decision_number": "12/QĐ", "decision_date": dt.date(2026, 4, 1)}


@pytest.fixture
def this():
    return open_round()


def test_two_units_with_different_forms_have_their_own_maximum(this):
    release = built_release(this)
    rows = {entry.unit_name: entry for entry in release.entries.all()}
    assert (rows["Tỉnh A"].points, rows["Tỉnh A"].maximum) == (Decimal(17), Decimal(18))
    assert (rows["Tỉnh B"].points, rows["Tỉnh B"].maximum) == (Decimal(19), Decimal(20))
    assert rows["Tỉnh A"].index == Decimal("94.444444444444")
    assert rows["Tỉnh B"].index == Decimal(95)
    assert [(rows[name].rank, rows[name].rank_of) for name in ("Tỉnh A", "Tỉnh B")] == [(2, 2), (1, 2)]
    assert {row.class_code for row in rows.values()} == {"A"}


def test_scores_of_every_node_are_kept(this):
    release = built_release(this)
    scores = {score.code: score for score in ReleaseScore.objects.filter(entry__unit_name="Tỉnh A")}
    assert set(scores) == {
        "1", "1.1", "1.2", "1.2.1", "1.2.2", "1.2.3", "1.3", "1.3.1", "1.3.2",
        "2", "2.1", "2.1.1", "2.1.2", "2.2", "2.2.1", "2.2.2",
    }  # fmt: skip
    assert (scores["1"].points, scores["1"].maximum, scores["1"].level) == (Decimal(9), Decimal(10), 1)
    assert (scores["1.1"].points, scores["1.1"].self_points, scores["1.1"].stage) == (
        Decimal(0),
        Decimal(1),
        Stage.APPRAISAL_1,
    )
    assert release.state == ReleaseState.DRAFT


def test_not_assessed_is_never_zero(this):
    ParticipantFactory(
        round=this.round,
        unit=UnitFactory(name="Tỉnh C"),
        status=ParticipantStatus.NOT_ASSESSED,
        reason="Mới thành lập",
    )
    ParticipantFactory(
        round=this.round, unit=UnitFactory(name="Tỉnh D"), status=ParticipantStatus.NOT_RANKED, reason="Đặc thù"
    )
    release = built_release(this)
    absent = release.entries.get(unit_name="Tỉnh C")
    special = release.entries.get(unit_name="Tỉnh D")
    assert (absent.status, absent.index, absent.points, absent.rank, absent.reason) == (
        EntryStatus.NOT_ASSESSED,
        None,
        None,
        None,
        "Mới thành lập",
    )
    assert (special.index, special.rank, special.rank_of) == (Decimal(100), None, None)
    assert set(release.entries.exclude(rank=None).values_list("rank_of", flat=True)) == {2}


def test_building_recomputes_to_the_same_hash(this):
    release = built_release(this)
    again = built_release(this, title="Bản thứ hai")
    assert again.rows_sha256 == release.rows_sha256
    assert again.inputs_sha256 == release.inputs_sha256
    assert (release.slug, again.slug) == (this.round.code, f"{this.round.code}-2")
    assert verify_release(release) == []


def test_a_release_verifies_after_the_ledger_went_on(this):
    release = published_release(this)
    append_many(
        [
            NewEntry(
                participant=this.plain,
                code="1.1",
                stage=Stage.COUNCIL,
                points=Decimal(1),
                basis=Basis.SET,
                reason="Hội đồng",
                actor=this.appraiser,
            )
        ],
        correction=True,
    )
    assert verify_release(release) == []
    corrected = correct_release(release=release, user=this.secretary, note="Sửa điểm 1.1")
    assert corrected.entries.get(unit_name="Tỉnh A").index == Decimal(100)
    assert corrected.inputs_sha256 != release.inputs_sha256
    assert verify_release(corrected) == []


def test_a_round_has_one_result_which_is_corrected_not_repeated(this):
    """Two drafts may wait; once one is approved the other is refused, and so is building a third."""
    first, second = built_release(this), built_release(this)
    decision = {"decision_number": "1/QĐ", "decision_date": clock.today()}
    approve_release(release=first, user=this.approver, **decision)
    for again in (lambda: approve_release(release=second, user=this.approver, **decision), lambda: built_release(this)):
        with pytest.raises(PublishingError) as refusal:
            again()
        assert refusal.value.code == "result_exists"
    assert list(IndexRelease.objects.filter(state=ReleaseState.APPROVED)) == [first]
    assert built_release(this, series="khac").state == ReleaseState.DRAFT


def test_an_unfinished_round_is_not_released(this):
    with pytest.raises(PublishingError) as refusal:
        build_release(round=this.round, user=this.secretary, title="Sớm")
    assert refusal.value.code == "not_ready"
    assert "1.2.1" in refusal.value.message
    preview = preview_release(round=this.round, classes=CLASSES)
    assert len(preview.problems) == 3
    assert not IndexRelease.objects.exists()


def test_only_the_secretariat_of_the_owner_builds(this):
    score_round(this)
    for user in (this.approver, this.leader, this.appraiser, UserFactory(is_superuser=True)):
        with pytest.raises(PermissionRefused):
            build_release(round=this.round, user=user, title="Không được")


def test_the_approver_is_another_person_and_of_the_owner(this):
    release = built_release(this)
    for user in (this.secretary, this.leader, UserFactory(is_superuser=True)):
        with pytest.raises(PermissionRefused):
            approve_release(release=release, user=user, **DECISION)
    IndexRelease.objects.filter(pk=release.pk).exists()
    this.secretary.memberships.create(unit=this.round.owner, role="approver")
    with pytest.raises(PublishingError) as refusal:
        approve_release(release=release, user=this.secretary, **DECISION)
    assert refusal.value.code == "own_release"


def test_approval_needs_a_decision_and_happens_once(this):
    release = built_release(this)
    with pytest.raises(PublishingError) as refusal:
        approve_release(release=release, user=this.approver, decision_number=" ", decision_date=dt.date(2026, 4, 1))
    assert refusal.value.code == "decision_missing"
    approve_release(release=release, user=this.approver, **DECISION)
    with pytest.raises(PublishingError) as refusal:
        approve_release(release=release, user=this.approver, **DECISION)
    assert refusal.value.code == "wrong_state"
    entry = ModelLogEntry.objects.get(action="publishing.release.approve")
    assert (entry.user, entry.data["before"], entry.data["after"]["state"]) == (
        this.approver,
        {"state": "draft"},
        "approved",
    )


@pytest.mark.parametrize(
    ("publish_at", "decision_date", "code"),
    [
        (dt.datetime(9999, 12, 31, 9, tzinfo=dt.UTC), dt.date(2026, 4, 1), "implausible_date"),
        (dt.datetime(2030, 1, 2, 9, tzinfo=dt.UTC), dt.date(2026, 4, 1), "publication_too_far"),
        (dt.datetime(2026, 5, 2, 9, tzinfo=dt.UTC), dt.date(2026, 5, 3), "decision_after_publication"),
        (dt.datetime(2026, 5, 2, 9, tzinfo=dt.UTC), dt.date(26, 5, 2), "implausible_date"),
    ],
)
def test_approval_refuses_dates_that_can_only_be_a_slip(this, publish_at, decision_date, code):
    release = built_release(this)
    with clock.at(dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)), pytest.raises(PortalError) as refusal:
        approve_release(
            release=release,
            user=this.approver,
            publish_at=publish_at,
            decision_number="1/QĐ",
            decision_date=decision_date,
        )
    assert refusal.value.code == code
    release.refresh_from_db()
    assert release.state == ReleaseState.DRAFT


def test_the_slower_of_two_approvers_is_told(this):
    release = built_release(this)
    stale = IndexRelease.objects.get(pk=release.pk)
    approve_release(release=release, user=this.approver, **DECISION)
    with pytest.raises(PublishingError) as refusal:
        return_release(release=stale, user=this.approver, reason="Sai")
    assert refusal.value.code == "wrong_state"


def test_return_with_a_reason_then_discard(this):
    release = built_release(this)
    with pytest.raises(PublishingError):
        return_release(release=release, user=this.approver, reason="")
    return_release(release=release, user=this.approver, reason="Thiếu đơn vị")
    assert (release.state, release.return_reason) == (ReleaseState.RETURNED, "Thiếu đơn vị")
    discard_release(release=release, user=this.secretary)
    assert release.state == ReleaseState.DISCARDED


def test_public_only_from_the_second_of_publication(this):
    moment = dt.datetime(2026, 5, 4, 1, 0, tzinfo=dt.UTC)
    release = published_release(this, publish_at=moment)
    second = dt.timedelta(seconds=1)
    assert [release.is_public(moment + delta) for delta in (-second, 0 * second, second)] == [False, True, True]
    assert list(IndexRelease.objects.public(moment - second)) == []
    assert list(IndexRelease.objects.public(moment)) == [release]


def test_a_correction_is_a_new_release_with_a_note(this):
    release = published_release(this)
    with pytest.raises(PublishingError) as refusal:
        correct_release(release=release, user=this.secretary, note="  ")
    assert refusal.value.code == "note_missing"
    corrected = correct_release(release=release, user=this.secretary, note="Sửa tên đơn vị")
    with pytest.raises(PublishingError) as refusal:
        correct_release(release=release, user=this.secretary, note="Lần nữa")
    assert refusal.value.code == "correction_exists"
    assert list(IndexRelease.objects.current(clock.now())) == [release]
    approve_release(release=corrected, user=this.approver, **DECISION)
    assert list(IndexRelease.objects.current(clock.now())) == [corrected]
    assert set(IndexRelease.objects.public(clock.now())) == {release, corrected}


def test_a_returned_correction_makes_room_for_another(this):
    release = published_release(this)
    first = correct_release(release=release, user=this.secretary, note="Sửa lần 1")
    return_release(release=first, user=this.approver, reason="Chưa rõ")
    second = correct_release(release=release, user=this.secretary, note="Sửa lần 2")
    assert second.corrects == release


def test_withdrawal_needs_a_reason(this):
    release = published_release(this)
    with pytest.raises(PublishingError):
        withdraw_release(release=release, user=this.approver, reason="")
    withdraw_release(release=release, user=this.approver, reason="Quyết định bị huỷ")
    assert list(IndexRelease.objects.public(clock.now())) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda release: IndexRelease.objects.filter(pk=release.pk).update(title="Khác"),
        lambda release: IndexRelease.objects.filter(pk=release.pk).update(rows_sha256="0" * 64),
        lambda release: ReleaseEntry.objects.filter(release=release).update(rank=9),
        lambda release: ReleaseScore.objects.filter(entry__release=release).update(points=0),
        lambda release: ReleaseScore.objects.filter(entry__release=release)._raw_delete("default"),
        lambda release: ReleaseEntry.objects.filter(release=release)._raw_delete("default"),
    ],
)
def test_the_database_refuses_to_change_what_was_released(this, change):
    release = built_release(this)
    with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
        change(release)
    assert verify_release(release) == []


def _tamper(sql: str, *values: object) -> None:
    """Change a row behind the software's back, as somebody with the database's password could."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'portal_frozen_%'")
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}"')
        else:
            cursor.execute("SET session_replication_role = replica")
        cursor.execute(sql, values)
        if connection.vendor != "sqlite":
            cursor.execute("SET session_replication_role = DEFAULT")


def test_a_changed_entry_is_found_and_named(this, capsys):
    release = built_release(this)
    entry = release.entries.get(unit_name="Tỉnh A")
    _tamper("UPDATE publishing_releaseentry SET rank = 1 WHERE id = %s", entry.pk)
    findings = verify_release(release)
    assert [(finding.code, finding.unit_code) for finding in findings] == [
        ("rows_changed", ""),
        ("entry_differs", entry.unit_code),
    ]
    assert "Tỉnh A" in findings[1].message
    with pytest.raises(CommandError):
        call_command("verify_release", release.slug)
    assert "Tỉnh A" in capsys.readouterr().out


def test_a_changed_score_is_found_and_named(this):
    release = built_release(this)
    score = ReleaseScore.objects.get(entry__release=release, entry__unit_name="Tỉnh B", code="1.2.1")
    _tamper("UPDATE publishing_releasescore SET points = 2 WHERE id = %s", score.pk)
    assert [(finding.code, finding.node_code) for finding in verify_release(release)] == [
        ("rows_changed", ""),
        ("score_differs", "1.2.1"),
    ]


def test_a_changed_ledger_is_found_and_named(this):
    release = built_release(this)
    entry = this.plain.score_entries.get(code="1.1", stage=Stage.APPRAISAL_1)
    _tamper("UPDATE submissions_scoreentry SET points = 1 WHERE id = %s", entry.pk)
    codes = [(finding.code, finding.node_code) for finding in verify_release(release)]
    assert ("ledger_changed", "1.1") in codes
    assert ("inputs_changed", "") in codes
    assert ("score_differs", "1.1") in codes
    assert ("rows_changed", "") not in codes


def test_the_command_says_ok(this, capsys):
    release = built_release(this)
    call_command("verify_release")
    assert capsys.readouterr().out.strip() == f"{release.slug}: OK {release.rows_sha256}"


@pytest.mark.parametrize(
    ("classes", "code"),
    [
        ([{"code": "A", "name": "A", "from": "x"}], "class_invalid"),
        ([{"code": "A", "name": "A", "from": "101"}], "class_out_of_range"),
        ([{"code": "A", "name": "A", "from": "1"}, {"code": "A", "name": "B", "from": "2"}], "class_duplicate"),
    ],
)
def test_classes_that_are_not_sound_are_refused(this, classes, code):
    score_round(this)
    with pytest.raises(PublishingError) as refusal:
        build_release(round=this.round, user=this.secretary, title="x", classes=classes)
    assert refusal.value.code == code
