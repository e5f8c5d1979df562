"""The summary report of a result: what it says as Word and PDF, marks where not comparable, who may order it."""

from __future__ import annotations

import io
from decimal import Decimal

import docx
import pypdf
import pytest

from cms.exceptions import PortalError
from cms.models import JobRun
from publishing.domain.summary_report import losses_of, summary_report, write
from publishing.models import IndexRelease
from publishing.tasks import write_summary
from tests.factories.cms import UserFactory
from tests.factories.publishing import ReleaseEntryFactory, ReleaseFactory, built_release, published_release
from tests.factories.submissions import OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def last_year(this: OpenRound, release: IndexRelease, **fields: object) -> None:
    """The year before in the same series: unit A had 90 %, B was not in it."""
    earlier = ReleaseFactory(
        public=True, year=2024, round=this.round, edition=this.round.edition, series=release.series, **fields
    )
    ReleaseEntryFactory(release=earlier, unit=this.plain.unit, index=Decimal(90), rank=1)


def words_of(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_word__means_ends_losses_changes_and_charts():
    this = open_round()
    release = published_release(this)
    last_year(this, release)
    word = write(summary_report(release), "docx")
    words = words_of(word).replace("\xa0", " ")
    for expected in (
        "Tỉnh B dẫn đầu với 95,00 %",
        "Lĩnh vực 1",
        "▲ +4,44",  # unit A: 90 -> 94.44
        "chưa có kết quả năm trước",
        "Mất nhiều nhất ở tiêu chí 1.1: trung bình 0,50 điểm mỗi đơn vị",
        "Tỉnh A",
    ):
        assert expected in words
    pictures = docx.Document(io.BytesIO(word)).inline_shapes
    assert len(pictures) >= 3
    assert all(shape._inline.docPr.get("descr") for shape in pictures)
    assert [(loss.node.code, loss.mean_lost, loss.units) for loss in losses_of(release)] == [
        ("1.1", Decimal("0.5"), 2),
        ("1.2", Decimal("0.5"), 2),
    ]


def test_word__says_where_it_is_not_comparable():
    this = open_round()
    release = built_release(this, rule_set_mark="Bộ tiêu chí mới từ 2025")
    last_year(this, release)
    words = words_of(write(summary_report(release), "docx"))
    assert "không so sánh" in words
    assert "Bộ tiêu chí mới từ 2025" in words
    assert "▲" not in words


def test_pdf__is_tagged_and_a_draft_says_so():
    release = built_release()
    reader = pypdf.PdfReader(io.BytesIO(write(summary_report(release), "pdf")))
    text = "".join(page.extract_text() for page in reader.pages)
    assert "/MarkInfo" in reader.trailer["/Root"]
    assert ("Bảng xếp hạng" in text, "DỰ THẢO" in text) == (True, True)


def test_ordering_it_is_a_job_of_whoever_sees_the_release(signed_in):
    this = open_round()
    release = built_release(this)
    address = f"/lam-viec/cong-bo/{release.pk}/bao-cao/"
    assert signed_in(this.contributor).post(address, {"kind": "pdf"}).status_code == 404
    assert signed_in(this.approver).post(address, {"kind": "exe"}).status_code == 404
    assert signed_in(this.approver).post(address, {"kind": "docx"}).status_code == 302
    run = JobRun.objects.get(task="publishing.summary_report")
    assert run.created_by == this.approver

    class Context:
        user = UserFactory()

    with pytest.raises(PortalError):
        write_summary(Context(), release_id=release.pk, kind="pdf")
