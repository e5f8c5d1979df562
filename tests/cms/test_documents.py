"""Official documents: the same content as PDF and as Word, whatever people typed."""

from __future__ import annotations

import datetime as dt
import io

from django.utils import translation

import docx
import pypdf
import pytest
from docx.oxml.ns import qn

from cms import clock
from cms.documents import (
    Bullets,
    Cell,
    Document,
    Facts,
    Group,
    Heading,
    NewPage,
    Paragraph,
    Signatures,
    Table,
    Total,
    to_pdf,
    to_word,
)

pytestmark = pytest.mark.unit


def document(**fields: object) -> Document:
    """Return a document with every kind of block."""
    values: dict[str, object] = {
        "title": "Báo cáo thử",
        "issuer": "Sở Nội vụ",
        "superior": "UBND tỉnh",
        "number": "Số: 12/BC-SNV",
        "place_and_day": "Hà Nội, ngày 01 tháng 02 năm 2026",
        "subtitle": "Kỳ 2025",
        "to": "Kính gửi: Bộ Nội vụ",
        "notice": "Số liệu minh họa.",
        "footer": "SHA-256 abc",
        "blocks": [
            Heading("1. Phạm vi"),
            Paragraph("Đoạn một.\nĐoạn hai."),
            Bullets(["ý một", "ý hai"]),
            Facts([("Số phiếu", "1.234")]),
            NewPage(),
            Heading("2. Bảng", 2),
            Table(
                ["Đơn vị", "Điểm"],
                [Group("Lĩnh vực 1"), [Cell("Tỉnh A", note="ghi chú"), "82,40"], Total(["Cộng", "82,40"])],
                numeric=[1],
                widths=[3, 1],
                caption="Bảng 1",
            ),
            Signatures([("Người lập", "Minh họa")], recipients=["Như trên"]),
        ],
        **fields,
    }
    return Document(**values)  # type: ignore[arg-type]


WORDS = (
    "SỞ NỘI VỤ",
    "UBND TỈNH",
    "Số: 12/BC-SNV",
    "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    "Hà Nội, ngày 01 tháng 02 năm 2026",
    "Báo cáo thử",
    "Kính gửi: Bộ Nội vụ",
    "Số liệu minh họa.",
    "1. Phạm vi",
    "Đoạn hai.",
    "ý hai",
    "1.234",
    "Bảng 1",
    "Lĩnh vực 1",
    "ghi chú",
    "82,40",
    "Nơi nhận:",
    "NGƯỜI LẬP",
)


def pdf_text(content: bytes) -> str:
    """Return the text of a PDF."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def word_text(content: bytes) -> str:
    """Return all text of a Word file, tables, header and footer included."""
    word = docx.Document(io.BytesIO(content))
    parts = [word.element.body, word.sections[0].footer._element, word.sections[0].header._element]
    return "\n".join("".join(t.text or "" for t in p.iter(qn("w:t"))) for part in parts for p in part.iter(qn("w:p")))


def test_pdf_and_word_say_the_same() -> None:
    this = document()
    texts = (pdf_text(to_pdf(this)), word_text(to_word(this)))
    assert [[word for word in WORDS if word not in text] for text in texts] == [[], []]
    assert ["SHA-256 abc" in text for text in texts] == [True, True]


def test_pdf_is_tagged_titled_and_in_its_language() -> None:
    with clock.at(dt.datetime(2026, 2, 1, tzinfo=dt.UTC)):
        content = to_pdf(document())
        assert content == to_pdf(document())
    reader = pypdf.PdfReader(io.BytesIO(content))
    root = reader.trailer["/Root"]
    assert (reader.metadata.title, root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("Báo cáo thử", "vi", True)
    assert len(reader.pages) == 2
    with translation.override("en"):
        assert pypdf.PdfReader(io.BytesIO(to_pdf(document()))).trailer["/Root"]["/Lang"] == "en"


def test_word_has_headings_a_header_row_and_a_spanning_row() -> None:
    word = docx.Document(io.BytesIO(to_word(document())))
    assert [p.style.name for p in word.paragraphs if p.style.name.startswith("Heading")] == ["Heading 1", "Heading 2"]
    table = next(t for t in word.tables if t.rows[0].cells[0].text == "Đơn vị")
    assert [bool(row._tr.findall(f".//{qn('w:tblHeader')}")) for row in table.rows] == [True, False, False, False]
    assert [len(row._tr.findall(qn("w:tc"))) for row in table.rows] == [2, 1, 2, 2]


def test_a_draft_says_so_in_both() -> None:
    this = document(draft=True)
    marked = [text.upper().count("DỰ THẢO") for text in (pdf_text(to_pdf(this)), word_text(to_word(this)))]
    assert marked == [2, 1]  # two pages; one header for all pages
    assert "DỰ THẢO" not in word_text(to_word(document())) + pdf_text(to_pdf(document()))


@pytest.mark.parametrize(
    "typed",
    [
        '#import "x": y @label <tag> $x$ *b* _i_ [a] `c` \\ // /* {{ x }}',
        "😀 👨‍👩‍👧 漢字 \u202eabc \ufeff",
        "\x00\x01\x0b\x1f\ufffe\ud800 dán từ Word",
        "x" * 20_000 + " dài" * 5_000,
        "",
        " \n \n",
    ],
)
def test_nothing_typed_breaks_a_document(typed: str) -> None:
    this = document(
        title=f"Tên {typed[:300]}",
        blocks=[
            Heading(typed[:300]),
            Paragraph(typed),
            Bullets([typed]),
            Facts([(typed[:300], typed)]),
            Table(["a", "b"], [[Cell(typed, note=typed), typed], Group(typed[:300])], numeric=[1]),
            Signatures([(typed[:100], typed[:100])], recipients=[typed[:100]]),
        ],
    )
    assert len(pypdf.PdfReader(io.BytesIO(to_pdf(this))).pages) >= 1
    assert docx.Document(io.BytesIO(to_word(this))).tables
    if typed.startswith("#import"):
        assert "@label <tag> $x$ *b*" in pdf_text(to_pdf(this))


@pytest.mark.parametrize("blocks", [[], [Table(["a"], [])], [Facts([])], [Bullets([])]])
def test_empty_blocks_are_no_error(blocks: list[object]) -> None:
    this = document(blocks=blocks)
    assert to_pdf(this).startswith(b"%PDF-")
    assert to_word(this).startswith(b"PK")
