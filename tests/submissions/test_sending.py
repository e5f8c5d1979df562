"""Sign-off over a hash, sending once, the receipt, the ledger's self entries."""

from decimal import Decimal

import pytest

from cms.exceptions import PermissionRefused
from submissions.domain.content import content_of, content_sha256
from submissions.domain.sending import find_receipt, reopen, send
from submissions.domain.sign_off import sign_off, valid_sign_off, void
from submissions.enums import Basis, ExtensionScope, Stage, SubmissionState
from submissions.exceptions import AlreadySent, Incomplete, StaleWrite, SubmissionError, WrongState
from submissions.models import Answer, Receipt, ScoreEntry, SignOff
from tests.factories.filling import fill, fill_sign_send, sign
from tests.factories.submissions import ExtensionFactory, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_sign_off__needs_a_complete_form():
    this = open_round()
    submission = this.plain.submission
    with pytest.raises(Incomplete) as refused:
        sign(submission, this.leader)
    assert refused.value.missing == ("1.1", "1.2.1", "1.2.2", "1.2.3", "1.3.1", "1.3.2", "2.1.1", "2.1.2")
    assert "1.2.1" in refused.value.message


def test_sign_off__what_was_not_seen_is_not_signed():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    with pytest.raises(StaleWrite):
        sign_off(user=this.leader, submission=submission, expected_sha256="0" * 64)
    assert not SignOff.objects.exists()


def test_sign_off__freezes_the_content():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    signed = sign(submission, this.leader)
    assert signed.content == content_of(submission)
    assert signed.content_sha256 == content_sha256(signed.content)
    assert [answer["code"] for answer in signed.content["answers"]] == [
        "1.1",
        "1.2.1",
        "1.2.2",
        "1.2.3",
        "1.3.1",
        "1.3.2",
        "2.1.1",
        "2.1.2",
    ]


def test_void__by_the_leader_with_a_reason():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    sign(submission, this.leader)
    with pytest.raises(PermissionRefused):
        void(user=this.contributor, submission=submission, reason="x")
    with pytest.raises(SubmissionError):
        void(user=this.leader, submission=submission, reason=" ")
    void(user=this.leader, submission=submission, reason="Cần sửa mục 1.2")
    submission.refresh_from_db()
    assert submission.state == SubmissionState.DRAFT
    assert SignOff.objects.get().void_reason == "Cần sửa mục 1.2"


def test_send__receipt_ledger_and_state():
    this = open_round()
    receipt = fill_sign_send(this)
    submission = this.plain.submission
    submission.refresh_from_db()
    assert submission.state == SubmissionState.SENT
    assert receipt.number == f"2025-{this.plain.pk:06d}-01"
    assert receipt.content_sha256 == receipt.sign_off.content_sha256
    entries = {entry.code: (entry.points, entry.basis) for entry in ScoreEntry.objects.filter(stage=Stage.SELF)}
    assert entries == {
        "1.1": (Decimal(1), Basis.RULE),
        "1.2.1": (Decimal(2), Basis.RULE),
        "1.2.2": (Decimal("1.666667"), Basis.RULE),
        "1.2.3": (Decimal("1.5"), Basis.RULE),
        "1.3.1": (Decimal("1.5"), Basis.RULE),
        "1.3.2": (Decimal(1), Basis.RULE),
        "2.1.1": (Decimal("1.8"), Basis.RULE),
        "2.1.2": (Decimal("1.25"), Basis.RULE),
    }


def test_send__needs_the_sign_off():
    this = open_round()
    fill(this.plain.submission, this.contributor)
    with pytest.raises(WrongState) as refused:
        send(user=this.contributor, submission=this.plain.submission)
    assert refused.value.code == "not_signed"


def test_send__second_time_shows_the_first_receipt():
    this = open_round()
    receipt = fill_sign_send(this)
    with pytest.raises(AlreadySent) as refused:
        send(user=this.contributor, submission=this.plain.submission)
    assert refused.value.receipt == receipt
    assert (Receipt.objects.count(), ScoreEntry.objects.count()) == (1, 8)


def test_send__content_changed_behind_the_back_is_refused():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    sign(submission, this.leader)
    Answer.objects.filter(submission=submission, code="1.1").update(explanation="khác")
    with pytest.raises(WrongState) as refused:
        send(user=this.contributor, submission=submission)
    assert refused.value.code == "not_what_was_signed"
    assert (Receipt.objects.count(), ScoreEntry.objects.count()) == (0, 0)


def test_reopen__changes_only_the_named_leaf_and_adds_only_its_entry():
    from submissions.domain.answers import write_answer

    this = open_round()
    receipt = fill_sign_send(this)
    submission = this.plain.submission
    assert reopen(user=this.secretary, submission=submission, reason="Sai số liệu") == receipt
    ExtensionFactory(participant=this.plain, scope=ExtensionScope.LEAF, code="1.2.3", reopens=receipt)
    assert valid_sign_off(submission) is None
    write_answer(
        user=this.contributor,
        submission=submission,
        code="1.2.3",
        expected_version=1,
        inputs={"count": "1"},
        explanation="Sửa số liệu",
    )
    sign(submission, this.leader)
    second = send(user=this.contributor, submission=submission)
    assert second.number.endswith("-02")
    added = ScoreEntry.objects.filter(stage=Stage.SELF).order_by("pk")[8:]
    assert [(entry.code, entry.points) for entry in added] == [("1.2.3", Decimal("0.5"))]


def test_find_receipt__by_number_or_token():
    receipt = fill_sign_send(open_round())
    assert find_receipt(f" {receipt.number} ") == receipt
    assert find_receipt(str(receipt.token)) == receipt
    assert find_receipt("2025-999999-01") is None
