"""The unit's self-assessment report in the form of official documents (Decree 30/2020/NĐ-CP), for PDF and Word.

A pure function of the definition and of the content: of what stands in the form now (a draft), or of what was signed
and sent with a receipt. The report is an official document of a Vietnamese body: its words are Vietnamese whatever the
language of the interface.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import override

from cms.documents import (
    Block,
    Cell,
    Document,
    Group,
    Heading,
    NewPage,
    Paragraph,
    Row,
    Signatures,
    Table,
    Total,
    to_pdf,
    to_word,
)
from cms.numbers import format_percent, format_points
from cms.text import slug
from criteria_pages.definition import Definition, Domain, Leaf
from criteria_pages.enums import Scorer
from criteria_pages.models import CriteriaEdition
from submissions.domain.content import content_of, content_sha256
from submissions.domain.definitions import definition_of, pinned_facts
from submissions.domain.inputs import input_fields, outcome_of, shown_value
from submissions.models import Participant, Receipt, Submission

LANGUAGE = "vi"
# Up to here a report takes about a second; longer ones are written by a background job (docs/adr/0007).
QUICK_LETTERS = 100_000
NOTHING = "Không có."
ILLUSTRATIVE = "Số liệu minh họa do chương trình tự tạo, không phải số liệu của cơ quan nêu tên."


@dataclass(frozen=True, slots=True)
class Sums:
    """What one domain, or the whole form, comes to."""

    maximum: Decimal
    own_maximum: Decimal
    points: Decimal


def unit_report(submission: Submission, receipt: Receipt | None = None) -> Document:
    """Return the report of exactly what was signed and sent with the receipt of this form.

    Without a receipt: the report of what stands in the form now, marked as a draft.
    """
    content = receipt.sign_off.content if receipt else content_of(submission)
    return _report(submission.participant, content, receipt=receipt)


def write(document: Document, kind: str) -> bytes:
    """Return the report as a file: `kind` is pdf or docx."""
    with override(LANGUAGE):
        return to_pdf(document) if kind == "pdf" else to_word(document)


def report_name(submission: Submission, receipt: Receipt | None, kind: str) -> str:
    """Return the name under which the report is handed out."""
    participant = submission.participant
    start = f"bao-cao-{receipt.number}" if receipt else f"du-thao-bao-cao-{participant.round.year}"
    return f"{start}-{slug(participant.unit.code)}.{kind}"


def report_size(document: Document) -> int:
    """Return how many letters the tables of the report hold, to tell a quick one from a long one."""
    rows = [row for block in document.blocks if isinstance(block, Table) for row in block.rows]
    cells = [cell for row in rows if not isinstance(row, Group | Total) for cell in row]
    return sum(len(cell.text if isinstance(cell, Cell) else cell) for cell in cells)


def _report(participant: Participant, content: Mapping[str, Any], *, receipt: Receipt | None) -> Document:
    with override(LANGUAGE):
        definition = _definition(participant, content)
        answers = {answer["code"]: answer for answer in content["answers"]}
        unit, round_ = participant.unit, participant.round
        name = content.get("unit_name") or unit.name
        digest = receipt.content_sha256 if receipt else content_sha256(dict(content))
        return Document(
            title="BÁO CÁO",
            subtitle=f"Tự đánh giá, chấm điểm: {round_.name}",
            superior=unit.parent.name if unit.parent else "",
            issuer=name,
            number=f"Số: ………/BC-{unit.short_name}" if unit.short_name else "Số: ………/BC",
            place_and_day=_place_and_day(receipt, round_.year),
            to=f"Kính gửi: {round_.owner.name}",
            notice=ILLUSTRATIVE if round_.illustrative else "",
            footer=f"SHA-256 {digest[:16]}",
            draft=receipt is None,
            blocks=[
                Paragraph(
                    f"{name} báo cáo kết quả tự đánh giá từ ngày {_day(round_.period_from)} đến ngày "
                    f"{_day(round_.period_to)} theo “{definition.title}” như sau:"
                ),
                Heading("I. Kết quả theo lĩnh vực"),
                _domain_table(definition, answers),
                Heading("II. Kết quả theo tiêu chí"),
                _leaf_table(definition, answers),
                Heading("III. Khó khăn, vướng mắc"),
                Paragraph(content.get("difficulties") or NOTHING),
                Heading("IV. Đề xuất, kiến nghị"),
                Paragraph(content.get("proposals") or NOTHING),
                _signatures(round_.owner.name, receipt),
                *_proof(receipt, digest),
                *_appendix(definition, answers),
            ],
        )


def _definition(participant: Participant, content: Mapping[str, Any]) -> Definition:
    """The definition that the content answers, also where the round has adopted another edition since."""
    edition = participant.round.edition
    if content["edition"] != edition.sha256:
        edition = CriteriaEdition.objects.filter(sha256=content["edition"]).order_by("pk").first() or edition
    return definition_of(edition).for_unit(pinned_facts(participant))


def _place_and_day(receipt: Receipt | None, year: int) -> str:
    if receipt is None:
        return f"…………, ngày …… tháng …… năm {max(year, timezone.localtime().year)}"
    day = timezone.localtime(receipt.sent_at)
    return f"…………, ngày {day.day:02d} tháng {day.month:02d} năm {day.year}"


# --- tables -----------------------------------------------------------------------------------------------------------
def _domain_table(definition: Definition, answers: Mapping[str, Any]) -> Table:
    rows: list[Row] = [_sum_cells(domain.code, domain.name, _sums([domain], answers)) for domain in definition.domains]
    rows.append(Total(_sum_cells("", "Tổng cộng", _sums(definition.domains, answers))))
    return Table(
        headers=["Mã", "Lĩnh vực", "Điểm tối đa", "Trong đó tự chấm", "Điểm tự chấm", "Tỷ lệ"],
        rows=rows,
        numeric=(2, 3, 4, 5),
        widths=(7, 45, 12, 12, 12, 12),
    )


def _sum_cells(code: str, name: str, sums: Sums) -> list[str]:
    share = sums.points / sums.own_maximum * 100 if sums.own_maximum else None
    figures = [format_points(figure) for figure in (sums.maximum, sums.own_maximum, sums.points)]
    return [code, name, *figures, format_percent(share)]


def _sums(domains: tuple[Domain, ...] | list[Domain], answers: Mapping[str, Any]) -> Sums:
    maximum = own = points = Decimal(0)
    for domain in domains:
        maximum += domain.maximum
        for leaf in domain.leaves:
            answer = answers.get(leaf.code)
            if leaf.scorer != Scorer.SELF or (answer is not None and not answer["applicable"]):
                continue
            own += leaf.maximum
            points += _points(answer) or Decimal(0)
    return Sums(maximum=maximum, own_maximum=own, points=points)


def _leaf_table(definition: Definition, answers: Mapping[str, Any]) -> Table:
    return Table(
        headers=["Mã", "Tiêu chí", "Điểm tối đa", "Điểm tự chấm", "Cách tính, giải trình, tài liệu kiểm chứng"],
        rows=list(_leaf_rows(definition, answers)),
        numeric=(2, 3),
        widths=(8, 32, 9, 9, 42),
    )


def _leaf_rows(definition: Definition, answers: Mapping[str, Any]) -> Iterator[Row]:
    for domain in definition.domains:
        sums = _sums([domain], answers)
        yield Group(
            f"{domain.code}. {domain.name} (tối đa {format_points(domain.maximum)}; "
            f"tự chấm {format_points(sums.points)} trên {format_points(sums.own_maximum)})"
        )
        for criterion in domain.criteria:
            if criterion.children:
                yield Group(f"{criterion.code}. {criterion.name}")
            for leaf in criterion.leaves:
                yield _leaf_row(leaf, answers.get(leaf.code))


def _leaf_row(leaf: Leaf, answer: Mapping[str, Any] | None) -> list[str | Cell]:
    head: list[str | Cell] = [leaf.code, leaf.name, format_points(leaf.maximum)]
    if leaf.scorer != Scorer.SELF:
        return [*head, "—", Cell("", note=f"Không tự chấm: {Scorer(leaf.scorer).label}.")]
    if answer is None:
        return [*head, "—", Cell("", note="Chưa trả lời.")]
    points = format_points(_points(answer)) if answer["applicable"] else "Không áp dụng"
    lines = [_sentence(leaf, answer["inputs"])]
    if answer["explanation"]:
        lines.append(f"Giải trình: {answer['explanation']}")
    lines += [f"Tài liệu: {_named(piece, pages=True)}" for piece in answer["evidence"]]
    missing = "Không có tài liệu kiểm chứng." if leaf.evidence_required and not answer["evidence"] else ""
    return [*head, points, Cell("\n".join(line for line in lines if line), note=missing)]


def _sentence(leaf: Leaf, inputs: Mapping[str, str]) -> str:
    """How the inputs came to their points; the inputs themselves while some are missing."""
    outcome = outcome_of(leaf=leaf, inputs=inputs)
    if outcome is not None:
        return outcome.sentence
    known = [field for field in input_fields(leaf) if field.name in inputs]
    return "; ".join(f"{field.label}: {shown_value(field=field, stored=inputs[field.name])}" for field in known)


def _points(answer: Mapping[str, Any] | None) -> Decimal | None:
    return Decimal(answer["points"]) if answer is not None and answer["points"] is not None else None


# --- evidence ---------------------------------------------------------------------------------------------------------
def _named(piece: Mapping[str, str], *, pages: bool = False) -> str:
    """A document as official texts name it: title, number, day, issuer."""
    day = _day(dt.date.fromisoformat(piece["issued_on"])) if piece["issued_on"] else ""
    parts = [
        piece["title"],
        f"số {piece['number']}" if piece["number"] else "",
        f"ngày {day}" if day else "",
        piece["issuer"],
        f"trang {piece['pages']}" if pages and piece["pages"] else "",
    ]
    return ", ".join(part for part in parts if part)


def _appendix(definition: Definition, answers: Mapping[str, Any]) -> list[Block]:
    """The documents that were handed in, each once, with the criteria that it proves and its hash."""
    codes: dict[str, list[str]] = {}
    pieces: dict[str, Mapping[str, str]] = {}
    for leaf in definition.leaves:
        for piece in answers.get(leaf.code, {}).get("evidence", ()):
            pieces.setdefault(piece["sha256"], piece)
            codes.setdefault(piece["sha256"], []).append(leaf.code)
    if not pieces:
        return []
    rows: list[Row] = [
        [str(number), _named(piece), ", ".join(codes[sha256]), sha256[:16]]
        for number, (sha256, piece) in enumerate(pieces.items(), start=1)
    ]
    return [
        NewPage(),
        Heading("Phụ lục. Danh mục tài liệu kiểm chứng"),
        Table(headers=["TT", "Tài liệu", "Tiêu chí", "SHA-256"], rows=rows, widths=(6, 54, 20, 20)),
    ]


# --- the end ----------------------------------------------------------------------------------------------------------
def _signatures(owner: str, receipt: Receipt | None) -> Signatures:
    leader = str(receipt.sign_off.signed_by) if receipt else ""
    return Signatures(
        items=[("Thủ trưởng đơn vị", leader)], recipients=[f"{owner} (để báo cáo);", "Lưu: VT, đơn vị tổng hợp."]
    )


def _proof(receipt: Receipt | None, digest: str) -> list[Block]:
    if receipt is None:
        return [Paragraph(f"Bản dự thảo, chưa gửi. Mã băm nội dung SHA-256: {digest}", small=True)]
    signed, sent = (timezone.localtime(moment) for moment in (receipt.sign_off.signed_at, receipt.sent_at))
    return [
        Paragraph(
            f"{receipt.sign_off.signed_by} ký duyệt trên Cổng lúc {signed:%H:%M} ngày {signed:%d/%m/%Y}; gửi lúc "
            f"{sent:%H:%M} ngày {sent:%d/%m/%Y}, biên nhận số {receipt.number}. Mã băm nội dung SHA-256: {digest}",
            small=True,
        )
    ]


def _day(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"
