"""The unit's report as PDF and Word: official head, scores, texts, evidence, signature; drafts; hostile texts."""

import datetime as dt
import io
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from django.urls import reverse
from django.utils import timezone, translation

import docx
import pytest
from docx.oxml.ns import qn
from pypdf import PdfReader

from cms import clock, jobs
from cms.enums import Role
from cms.models import JobRun
from submissions.domain.answers import write_answer, write_report_texts
from submissions.domain.evidence import upload_to_answer
from submissions.domain.extensions import grant_extension
from submissions.domain.unit_report import QUICK_LETTERS, unit_report, write
from submissions.models import PhaseDeadline
from tests.conftest import soffice_path
from tests.factories import criteria
from tests.factories.cms import UnitFactory, user_with_role
from tests.factories.files import pdf_bytes
from tests.factories.filling import fill, fill_sign_send
from tests.factories.submissions import OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db, pytest.mark.once]

SENT_AT = dt.datetime(2026, 1, 25, 16, 58, tzinfo=timezone.get_default_timezone())
HEAD = (
    "TỈNH A Số: ………/BC CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc "
    "…………, ngày 25 tháng 01 năm 2026 BÁO CÁO Tự đánh giá, chấm điểm: Chỉ số CCHC 2025 Kính gửi: Cơ quan chủ trì "
    "Tỉnh A báo cáo kết quả tự đánh giá từ ngày 01/01/2025 đến ngày 31/12/2025 theo “Bộ chỉ số thử” như sau:"
)
BY_DOMAIN = (
    "I. Kết quả theo lĩnh vực Mã Lĩnh vực Điểm tối đa Trong đó tự chấm Điểm tự chấm Tỷ lệ "
    "1 Lĩnh vực 1 10,00 10,00 8,67 86,67 % 2 Lĩnh vực 2 8,00 4,00 3,05 76,25 % Tổng cộng 18,00 14,00 11,72 83,69 %"
)
BY_LEAF = (
    "II. Kết quả theo tiêu chí Mã Tiêu chí Điểm tối đa Điểm tự chấm Cách tính, giải trình, tài liệu kiểm chứng "
    "1. Lĩnh vực 1 (tối đa 10,00; tự chấm 8,67 trên 10,00) "
    "1.1 Tiêu chí 1.1 1,00 1,00 Có: 1 điểm. Giải trình: Đã thực hiện theo kế hoạch. 1.2. Nhóm tiêu chí 1.2 "
    "1.2.1 Tiêu chí 1.2.1 2,00 2,00 Mức “Đạt đầy đủ”: 2 điểm. Giải trình: Đã thực hiện theo kế hoạch. "
    "1.2.2 Tiêu chí 1.2.2 2,00 1,67 15/18 = 83,33 % thuộc “từ 80 % đến dưới 100 %”: 2 × 0,8333 = 1,6667. "
    "Giải trình: Đã thực hiện theo kế hoạch. "
    "1.2.3 Tiêu chí 1.2.3 2,00 1,50 3 × 0,5 = 1,5. Giải trình: Đã thực hiện theo kế hoạch. 1.3. Nhóm tiêu chí 1.3 "
    "1.3.1 Tiêu chí 1.3.1 2,00 1,50 2 − 2 × 0,25 = 1,5. Giải trình: Đã thực hiện theo kế hoạch. "
    "1.3.2 Tiêu chí 1.3.2 1,00 1,00 20/12/2025 không muộn hơn 31/12/2025: 1. Giải trình: Đã thực hiện theo kế hoạch. "
    "2. Lĩnh vực 2 (tối đa 8,00; tự chấm 3,05 trên 4,00) 2.1. Nhóm tiêu chí 2.1 "
    "2.1.1 Tiêu chí 2.1.1 2,00 1,80 “Số hồ sơ đúng hạn” / “Tổng số hồ sơ” "
    "× 2 = 9 / 10 × 2 = 1,8. Giải trình: Đã thực hiện theo kế hoạch. "
    "2.1.2 Tiêu chí 2.1.2 2,00 1,25 Đánh giá: 1,25 trên 2 điểm. Giải trình: Đã thực hiện theo kế hoạch. "
    "2.2. Nhóm tiêu chí 2.2 2.2.1 Tiêu chí 2.2.1 2,00 — Không tự chấm: Điều tra xã hội học. "
    "2.2.2 Tiêu chí 2.2.2 2,00 — Không tự chấm: Nhập tập trung."
)


def pages(pdf: bytes) -> list[str]:
    """The text of each page with single spaces."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def word_texts(content: bytes) -> Iterator[str]:
    """All texts of a Word file in order: paragraphs, and the cells of tables."""
    body = docx.Document(io.BytesIO(content)).element.body
    for paragraph in body.iter(qn("w:p")):
        yield "".join(text.text or "" for text in paragraph.iter(qn("w:t")))


def sent_round() -> OpenRound:
    """A form filled, signed and sent at a known time, by people with known names."""
    this = open_round(name="Chỉ số CCHC 2025")
    PhaseDeadline.objects.update(opens_at=SENT_AT - dt.timedelta(days=9), closes_at=SENT_AT + dt.timedelta(minutes=2))
    this.leader.last_name, this.leader.first_name = "Văn Lãnh Đạo", "Nguyễn"
    this.leader.save()
    with clock.at(SENT_AT):
        fill_sign_send(this)
    return this


def test_report__sent__says_exactly_this():
    this = sent_round()
    receipt = this.plain.submission.receipts.get()
    with translation.override("en"):
        found = pages(write(unit_report(this.plain.submission, receipt), "pdf"))
    foot = f"SHA-256 {receipt.content_sha256[:16]}"
    assert found == [
        f"{HEAD} {BY_DOMAIN} {BY_LEAF} {foot} 1 / 2",
        "III. Khó khăn, vướng mắc Không có. IV. Đề xuất, kiến nghị Không có. "
        "Nơi nhận: - Cơ quan chủ trì (để báo cáo); - Lưu: VT, đơn vị tổng hợp. "
        "THỦ TRƯỞNG ĐƠN VỊ Nguyễn Văn Lãnh Đạo "
        "Nguyễn Văn Lãnh Đạo ký duyệt trên Cổng lúc 16:58 ngày 25/01/2026; gửi lúc 16:58 ngày 25/01/2026, "
        f"biên nhận số {receipt.number}. Mã băm nội dung SHA-256: {receipt.content_sha256} {foot} 2 / 2",
    ]


def test_report__word__holds_the_same_words_in_the_same_order():
    this = sent_round()
    receipt = this.plain.submission.receipts.get()
    content = write(unit_report(this.plain.submission, receipt), "docx")
    found = " ".join(" ".join(word_texts(content)).split())
    places = [found.index(part) for part in (BY_DOMAIN, BY_LEAF, "III. Khó khăn", "IV. Đề xuất", "THỦ TRƯỞNG ĐƠN VỊ")]
    assert places == sorted(places)
    word = docx.Document(io.BytesIO(content))
    repeated = [table.rows[0]._tr.xpath("./w:trPr/w:tblHeader") != [] for table in word.tables]
    assert repeated == [False, True, True, False]
    assert "DỰ THẢO" not in word.sections[0].header.paragraphs[0].text


@pytest.mark.soffice
def test_report__word__libreoffice_reads_it(tmp_path: Path):
    this = sent_round()
    source = tmp_path / "bao-cao.docx"
    source.write_bytes(write(unit_report(this.plain.submission, this.plain.submission.receipts.get()), "docx"))
    command = [soffice_path(), f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf"]
    subprocess.run([*command, "--outdir", str(tmp_path), str(source)], check=True, capture_output=True, timeout=120)
    text = " ".join(pages((tmp_path / "bao-cao.pdf").read_bytes()))
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text
    assert "1.2.2 Tiêu chí 1.2.2 2,00 1,67" in text


def test_report__draft_is_marked_until_sent_and_a_reopened_form_keeps_what_was_sent():
    this = open_round(name="Chỉ số CCHC 2025")
    submission = this.plain.submission
    fill(submission, this.contributor)
    draft = pages(write(unit_report(submission), "pdf"))
    assert all("DỰ THẢO" in page for page in draft)
    word = docx.Document(io.BytesIO(write(unit_report(submission), "docx")))
    assert word.sections[0].header.paragraphs[0].text == "DỰ THẢO"
    receipt = fill_sign_send(this)
    sent = pages(write(unit_report(submission, receipt), "pdf"))
    assert not any("DỰ THẢO" in page for page in sent)
    until = timezone.now() + dt.timedelta(days=1)
    grant_extension(
        participant=this.plain, until=until, reason="Nhầm", user=this.secretary, scope="leaf", code="1.2.3", reopen=True
    )
    write_answer(
        user=this.contributor,
        submission=submission,
        code="1.2.3",
        expected_version=1,
        inputs={"count": "1"},
        explanation="Đếm lại",
    )
    submission.refresh_from_db()
    assert pages(write(unit_report(submission, receipt), "pdf")) == sent
    again = pages(write(unit_report(submission), "pdf"))
    assert "Đếm lại" in again[0]
    assert all("DỰ THẢO" in page for page in again)


def test_report__evidence_texts_and_missing_answers():
    this = open_round()
    submission = this.plain.submission
    upload_to_answer(
        user=this.contributor,
        submission=submission,
        code="1.2.1",
        content=io.BytesIO(pdf_bytes(pages=4)),
        name="ke-hoach.pdf",
        title="Kế hoạch cải cách hành chính",
        number="05/KH-UBND",
        issued_on=dt.date(2025, 1, 5),
        issuer="Ủy ban nhân dân",
        pages="1, 3-4",
    )
    texts = {"difficulties": "Thiếu kinh phí.\nThiếu người.", "proposals": "Cấp thêm."}
    write_report_texts(user=this.contributor, submission=submission, expected_version=0, **texts)
    submission.refresh_from_db()
    found = " ".join(pages(write(unit_report(submission), "pdf")))
    named = "Kế hoạch cải cách hành chính, số 05/KH-UBND, ngày 05/01/2025, Ủy ban nhân dân"
    assert f"Tài liệu: {named}, trang 1, 3-4" in found
    assert f"Phụ lục. Danh mục tài liệu kiểm chứng TT Tài liệu Tiêu chí SHA-256 1 {named} 1.2.1" in found
    assert "III. Khó khăn, vướng mắc Thiếu kinh phí. Thiếu người. IV. Đề xuất, kiến nghị Cấp thêm." in found
    assert "1.1 Tiêu chí 1.1 1,00 — Chưa trả lời." in found


LONG_NAME = "Ban Quản lý Khu kinh tế Nghi Sơn và các Khu công nghiệp " * 4
HOSTILE = "#set text(red) $x$ <w:t> “Kế hoạch”\x0bsố 5 😀👩‍👩‍👧 漢 \u202e\x00 &amp; {{ x }} " * 30


def test_report__long_names_long_tables_and_hostile_texts():
    """A name of 300 characters, sixty leaves, emoji, pasted Word text and markup change nothing of the form."""
    leaves = [
        criteria.leaf(f"1.1.{n}", "yes_no", "1", name=("Tên tiêu chí rất dài có đủ dấu " * 10)[:300])
        for n in range(1, 61)
    ]
    edition = criteria.EditionFactory(
        definition=criteria.definition(criteria.domain("1", criteria.criterion("1.1", *leaves)))
    )
    this = open_round(edition=edition)
    unit = this.plain.unit
    unit.name = LONG_NAME[:255]
    unit.save()
    this.plain.unit_name = unit.name
    this.plain.save()
    submission = this.plain.submission
    submission.participant.refresh_from_db()
    for number in (1, 2):
        write_answer(
            user=this.contributor,
            submission=submission,
            code=f"1.1.{number}",
            expected_version=0,
            inputs={"answer": "yes"},
            explanation=HOSTILE,
        )
    pdf, word = write(unit_report(submission), "pdf"), write(unit_report(submission), "docx")
    found = pages(pdf)
    in_table = [page for page in found if "Tên tiêu chí rất dài" in page]
    assert len(in_table) > 4
    assert all("Mã Tiêu chí Điểm tối đa Điểm tự chấm" in page for page in in_table)
    assert "#set text(red) $x$ <w:t> “Kế hoạch” số 5 ¤" in " ".join(found)
    texts = list(word_texts(word))
    assert sum("😀" in text for text in texts) == 60
    assert LONG_NAME[:255].upper().strip() in " ".join(texts)


# --- the screen -------------------------------------------------------------------------------------------------------
def address(this: OpenRound, kind: str = "pdf") -> str:
    return reverse("submissions:report", args=[this.plain.submission.pk, kind])


def test_report_screen__formats_names_and_policy(signed_in):
    this = open_round()
    client = signed_in(this.contributor)
    draft = client.get(address(this))
    assert draft.content.startswith(b"%PDF-")
    assert draft["Content-Disposition"] == f'attachment; filename="du-thao-bao-cao-2025-{this.plain.unit.code}.pdf"'
    assert "sandbox" in draft["Content-Security-Policy"]
    assert draft["Cache-Control"] == "private, no-store"
    receipt = fill_sign_send(this)
    word = client.get(address(this, "docx"))
    assert word.content.startswith(b"PK")
    assert word["Content-Disposition"] == f'attachment; filename="bao-cao-{receipt.number}-{this.plain.unit.code}.docx"'
    assert client.get(address(this, "odt")).status_code == 404
    assert client.get(f"{address(this)}?bien-nhan={receipt.pk}").content.startswith(b"%PDF-")
    for unknown in ("0", "x", "999999999999999999999"):
        assert client.get(f"{address(this)}?bien-nhan={unknown}").status_code == 404


READERS = [
    ("contributor", 200),
    ("leader", 200),
    ("secretary", 200),
    ("auditor", 200),
    ("council", 200),
    ("other_contributor", 403),
    ("appraiser", 403),
    ("approver", 403),
]


@pytest.mark.parametrize(("who", "status"), READERS)
def test_report_screen__role_matrix(signed_in, who: str, status: int):
    this = open_round()
    fill_sign_send(this)
    extra = {
        "council": lambda: user_with_role(Role.COUNCIL_MEMBER, this.round.owner),
        "auditor": lambda: user_with_role(Role.AUDITOR, UnitFactory()),
    }
    user = extra[who]() if who in extra else getattr(this, who)
    assert signed_in(user).get(address(this)).status_code == status


def test_report_screen__a_long_report_is_a_job(signed_in):
    this = open_round()
    submission = this.plain.submission
    for code in ("1.1", "1.2.1", "1.2.2", "1.2.3", "1.3.1", "1.3.2"):
        write_answer(
            user=this.contributor,
            submission=submission,
            code=code,
            expected_version=0,
            inputs={},
            explanation="Chữ " * (QUICK_LETTERS // 20),
        )
    response = signed_in(this.contributor).get(address(this, "docx"))
    run = JobRun.objects.get()
    assert response["Location"] == reverse("cms:job", args=[run.pk])
    jobs.run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.result_file.original_name.endswith(".docx")) == ("succeeded", True)
    assert Decimal(run.result_file.size) > 0
