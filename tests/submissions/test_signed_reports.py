"""The scan of the report signed on paper: when it is taken, who reads it, what it leaves alone."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

import pytest

from cms.domain.files import may_read
from cms.enums import Role
from cms.exceptions import PermissionRefused
from submissions.domain.signed_reports import attach_scan
from submissions.enums import RoundState
from submissions.exceptions import FileRefused, Locked, WrongState
from submissions.models import SignOff
from tests.factories import pdfs
from tests.factories.cms import UnitFactory, user_with_role
from tests.factories.files import pdf_bytes
from tests.factories.filling import fill, fill_sign_send, sign
from tests.factories.submissions import OpenRound, open_round
from tests.submissions.test_write_paths import pass_the_deadline

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def attach(this: OpenRound, content: bytes | None = None, user: object = None) -> SignOff:
    return attach_scan(
        user=user or this.contributor,
        submission=this.plain.submission,
        content=io.BytesIO(content or pdf_bytes(pages=3)),
        name="Báo cáo đã ký.pdf",
    )


def test_attach_scan__to_the_sign_off_before_sending():
    this = open_round()
    with pytest.raises(WrongState):
        attach(this)
    fill(this.plain.submission, this.contributor)
    signed = sign(this.plain.submission, this.leader)
    assert attach(this) == signed
    signed.refresh_from_db()
    assert (signed.scan.original_name, signed.scan.inspection["pages"], signed.voided_at) == (
        "Báo cáo đã ký.pdf",
        3,
        None,
    )


def test_attach_scan__follows_what_was_sent_but_not_what_was_missed():
    this = open_round()
    receipt = fill_sign_send(this)
    pass_the_deadline(this)
    assert attach(this) == receipt.sign_off

    other = open_round()
    fill(other.plain.submission, other.contributor)
    sign(other.plain.submission, other.leader)
    pass_the_deadline(other)
    with pytest.raises(Locked):
        attach(other)


def test_attach_scan__not_once_the_council_has_it():
    this = open_round()
    fill_sign_send(this)
    this.round.state = RoundState.COUNCIL
    this.round.save()
    with pytest.raises(WrongState):
        attach(this)


def test_attach_scan__checked_like_evidence_and_a_later_scan_counts():
    this = open_round()
    receipt = fill_sign_send(this)
    with pytest.raises(FileRefused):
        attach(this, pdfs.with_open_action_script())
    with pytest.raises(FileRefused):
        attach(this, b"khong phai pdf")
    attach(this, pdf_bytes(text="mot"))
    attach(this, pdf_bytes(text="hai"))
    receipt.sign_off.refresh_from_db()
    assert receipt.sign_off.scan.sha256 == attach(this, pdf_bytes(text="hai")).scan.sha256


def test_attach_scan__people_of_the_unit_alone():
    this = open_round()
    fill_sign_send(this)
    for user in (this.other_contributor, this.secretary, this.appraiser):
        with pytest.raises(PermissionRefused):
            attach(this, user=user)
    attach(this, user=this.leader)


READERS = [
    ("contributor", True, True),
    ("leader", True, True),
    ("secretary", True, True),
    ("appraiser", False, True),
    ("council", False, True),
    ("auditor", True, True),
    ("other_contributor", False, False),
    ("other_agency", False, False),
    ("editor", False, False),
]


@pytest.mark.parametrize(("who", "before_sending", "after_sending"), READERS)
def test_may_read_signed_report__role_matrix(who: str, before_sending: bool, after_sending: bool):
    extra = {
        "council": lambda: user_with_role(Role.COUNCIL_MEMBER, this.round.owner),
        "auditor": lambda: user_with_role(Role.AUDITOR, UnitFactory()),
        "other_agency": lambda: user_with_role(Role.APPRAISER, UnitFactory()),
    }
    this = open_round()
    fill(this.plain.submission, this.contributor)
    sign(this.plain.submission, this.leader)
    scan = attach(this).scan
    reader = extra[who]() if who in extra else getattr(this, who)
    assert may_read(reader, scan) is before_sending
    this = open_round()
    fill_sign_send(this)
    scan = attach(this).scan
    reader = extra[who]() if who in extra else getattr(this, who)
    assert may_read(reader, scan) is after_sending


def test_receipt__shows_the_scan_and_takes_another(signed_in):
    this = open_round()
    fill_sign_send(this)
    client = signed_in(this.contributor)
    address = reverse("submissions:scan", args=[this.plain.submission.pk])
    file = SimpleUploadedFile("ban ky.pdf", pdf_bytes(), content_type="application/pdf")
    assert client.post(address, {"file": file})["Location"] == reverse(
        "submissions:receipt", args=[this.plain.submission.pk]
    )
    page = client.get(reverse("submissions:receipt", args=[this.plain.submission.pk])).content.decode()
    assert "ban ky.pdf" in page
    assert SignOff.objects.get().scan.sha256 in page
    assert client.post(address)["Location"].endswith("/bien-nhan/")
