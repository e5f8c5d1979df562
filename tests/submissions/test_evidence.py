"""The evidence library: upload, use with pages, versions, withdrawal, who may read."""

import datetime as dt
import io

import pytest

from cms.domain.files import may_read
from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.models import StoredFile
from submissions.domain import evidence as library
from submissions.domain.progress import submission_progress
from submissions.enums import RoundState, SubmissionState
from submissions.exceptions import FileRefused, Locked, SubmissionError
from submissions.models import Evidence, EvidenceUse, Extension, PhaseDeadline
from tests.factories import pdfs
from tests.factories.cms import UnitFactory, user_with_role
from tests.factories.files import pdf_bytes
from tests.factories.filling import fill, fill_sign_send, sign
from tests.factories.submissions import AssignmentFactory, EvidenceFactory, OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def upload(this: OpenRound, content: bytes | None = None, code: str = "1.2.1", **fields: object) -> EvidenceUse:
    return library.upload_to_answer(
        user=this.contributor,
        submission=this.plain.submission,
        code=code,
        content=io.BytesIO(content or pdf_bytes(pages=4)),
        name="Kế hoạch số 5.pdf",
        **fields,
    )


def test_upload_to_answer__stores_checked_file_and_attaches_it():
    this = open_round()
    use = upload(this, number="05/KH", issued_on=dt.date(2025, 1, 5), issuer="UBND", pages="1, 3-4")
    stored = use.evidence.file
    assert (use.evidence.title, use.evidence.number, use.pages) == ("Kế hoạch số 5", "05/KH", "1, 3-4")
    assert (stored.owner_unit, stored.content_type, stored.inspection["pages"]) == (
        this.plain.unit,
        "application/pdf",
        4,
    )
    assert use.answer.code == "1.2.1"


def test_add_evidence__same_bytes_again_is_the_same_document():
    this = open_round()
    first = upload(this).evidence
    second = upload(this, code="1.1").evidence
    assert first == second
    assert StoredFile.objects.count() == 1
    assert EvidenceUse.objects.count() == 2


def test_add_evidence__only_for_the_own_unit():
    this = open_round()
    with pytest.raises(PermissionRefused):
        library.add_evidence(
            user=this.other_contributor, unit=this.plain.unit, content=io.BytesIO(pdf_bytes()), name="a.pdf"
        )


def test_upload_to_answer__hostile_file_leaves_nothing():
    this = open_round()
    with pytest.raises(FileRefused):
        upload(this, pdfs.with_open_action_script())
    assert (StoredFile.objects.count(), Evidence.objects.count(), EvidenceUse.objects.count()) == (0, 0, 0)


def test_upload_to_answer__after_the_lock_the_file_is_not_even_looked_at():
    this = open_round()
    now = dt.datetime.now(dt.UTC)
    PhaseDeadline.objects.filter(round=this.round).update(
        opens_at=now - dt.timedelta(days=2), closes_at=now - dt.timedelta(minutes=1)
    )
    with pytest.raises(Locked):
        upload(this, b"no pdf at all")
    assert Evidence.objects.count() == 0


def test_add_evidence__date_in_the_future():
    this = open_round()
    with pytest.raises(SubmissionError) as refused:
        upload(this, issued_on=dt.date(2099, 1, 1))
    assert refused.value.code == "future_date"


@pytest.mark.parametrize("pages", ["trang 3", "0", "5", "2-9", "1,,2"])
def test_attach_evidence__pages_that_are_none(pages: str):
    this = open_round()
    document = upload(this).evidence
    with pytest.raises(SubmissionError) as refused:
        library.attach_evidence(
            user=this.contributor, submission=this.plain.submission, code="1.1", evidence=document, pages=pages
        )
    assert refused.value.code == "pages"


def test_attach_evidence__another_units_document():
    this = open_round()
    foreign = EvidenceFactory(unit=this.full.unit)
    with pytest.raises(SubmissionError) as refused:
        library.attach_evidence(user=this.contributor, submission=this.plain.submission, code="1.1", evidence=foreign)
    assert refused.value.code == "foreign_evidence"


def test_attach_and_detach__void_the_sign_off():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    sign(submission, this.leader)
    document = upload(this).evidence
    submission.refresh_from_db()
    assert submission.state == SubmissionState.DRAFT
    sign(submission, this.leader)
    library.detach_evidence(user=this.contributor, submission=submission, code="1.2.1", evidence=document)
    submission.refresh_from_db()
    assert submission.state == SubmissionState.DRAFT
    assert submission.sign_offs.filter(voided_at__isnull=False).count() == 2


def test_replace_evidence__old_version_stays_where_it_is_used():
    this = open_round()
    old = upload(this).evidence
    newer = library.replace_evidence(
        user=this.contributor, evidence=old, content=io.BytesIO(pdf_bytes(text="moi")), name="moi.pdf"
    )
    assert newer.replaces == old
    assert list(library.library_of(this.plain.unit)) == [newer]
    assert EvidenceUse.objects.get().evidence == old
    with pytest.raises(SubmissionError):
        library.replace_evidence(
            user=this.contributor, evidence=old, content=io.BytesIO(pdf_bytes(text="khac")), name="k.pdf"
        )


def test_withdraw_and_describe__refused_while_in_use():
    this = open_round()
    document = upload(this).evidence
    with pytest.raises(SubmissionError):
        library.withdraw_evidence(user=this.contributor, evidence=document)
    with pytest.raises(SubmissionError):
        library.describe_evidence(
            user=this.contributor, evidence=document, title="x", number="", issued_on=None, issuer=""
        )
    library.detach_evidence(user=this.contributor, submission=this.plain.submission, code="1.2.1", evidence=document)
    library.withdraw_evidence(user=this.contributor, evidence=document)
    assert list(library.library_of(this.plain.unit)) == []
    assert StoredFile.objects.filter(pk=document.file_id).exists()


def test_stored_file_with_evidence_cannot_be_deleted():
    use = upload(open_round())
    with pytest.raises(Exception, match="protected"):
        use.evidence.file.delete()


def test_missing_evidence_makes_an_explanation_mandatory():
    from submissions.domain.answers import write_answer
    from tests.factories import criteria

    edition = criteria.EditionFactory(
        definition=criteria.definition(
            criteria.domain("1", criteria.leaf_criterion("1.1", "yes_no", "1", evidence_required=True))
        )
    )
    this = open_round(edition=edition)
    submission = this.plain.submission
    fields = {"user": this.contributor, "submission": submission, "code": "1.1", "inputs": {"answer": "yes"}}
    write_answer(**fields, expected_version=0, explanation="")
    assert [(lack.code, lack.kind) for lack in submission_progress(submission).lacks] == [("1.1", "explanation")]
    write_answer(**fields, expected_version=1, explanation="Không có văn bản, đã họp.")
    assert submission_progress(submission).is_complete
    write_answer(**fields, expected_version=2, explanation="")
    upload(this, code="1.1")
    assert submission_progress(submission).is_complete


READERS = [
    ("contributor", True, True),
    ("leader", True, True),
    ("secretary", True, True),
    ("appraiser", False, True),
    ("council", False, True),
    ("auditor", True, True),
    ("administrator", True, True),
    ("other_contributor", False, False),
    ("other_agency", False, False),
    ("editor", False, False),
    ("approver", False, False),
]


@pytest.mark.parametrize(("who", "before_sending", "after_sending"), READERS)
def test_may_read_evidence__role_matrix(who: str, before_sending: bool, after_sending: bool):
    this = open_round()
    extra = {
        "council": lambda: user_with_role(Role.COUNCIL_MEMBER, this.round.owner),
        "auditor": lambda: user_with_role(Role.AUDITOR, UnitFactory()),
        "administrator": lambda: user_with_role(Role.ADMINISTRATOR, UnitFactory()),
        "other_agency": lambda: user_with_role(
            Role.APPRAISER, AssignmentFactory(round=this.round, code="2.1.2").agency
        ),
    }
    user = extra[who]() if who in extra else getattr(this, who)
    stored = upload(this).evidence.file
    assert may_read(user, stored) is before_sending
    fill_sign_send(this)
    assert may_read(user, stored) is after_sending


def test_may_read_evidence__leaf_assignment_reaches_its_evidence():
    this = open_round()
    agency = AssignmentFactory(round=this.round, code="1.2.1").agency
    stored = upload(this).evidence.file
    fill_sign_send(this)
    assert may_read(user_with_role(Role.APPRAISER, agency), stored)


def test_extension_lets_evidence_in_after_the_lock():
    this = open_round()
    now = dt.datetime.now(dt.UTC)
    PhaseDeadline.objects.filter(round=this.round).update(
        opens_at=now - dt.timedelta(days=2), closes_at=now - dt.timedelta(minutes=1)
    )
    this.round.state = RoundState.OPEN
    Extension.objects.create(
        participant=this.plain,
        scope="leaf",
        code="1.2.1",
        until=now + dt.timedelta(hours=1),
        reason="Mất điện",
        granted_by=this.secretary,
    )
    assert upload(this).answer.code == "1.2.1"
    with pytest.raises(Locked):
        upload(this, code="1.1")


def test_add_evidence__words_pasted_from_an_office_program_are_stored_on_one_clean_line():
    this = open_round()
    words = {
        "title": "Quyết\x0bđịnh số\x02 5\r\n(bản\u00a0chính) 📄",
        "number": "05\x0b/QĐ",
        "issuer": "Bộ\tNội vụ\x1f",
    }
    stored = upload(this, **words).evidence
    assert stored.title == "Quyết định số 5 (bản chính) 📄"
    assert (stored.number, stored.issuer) == ("05 /QĐ", "Bộ Nội vụ")
