"""Official documents: described once, written as PDF (Typst) and as Word (python-docx).

A `Document` is a title and blocks in order. What people wrote goes in as data and never as markup, so nothing typed can
change a document's form or make it fail. `typeset` is for templates of a room's own (letters, minutes).
"""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language

import docx
import typst
from docx.document import Document as WordFile
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from fontTools.ttLib import TTFont
from PIL import Image

from cms import clock
from cms.document_blocks import (
    Bar,
    Bars,
    Block,
    Bullets,
    Cell,
    Document,
    Facts,
    Group,
    Heading,
    NewPage,
    Paragraph,
    Row,
    Signatures,
    Table,
    Total,
)
from cms.text import normal

__all__ = [
    "Bar",
    "Bars",
    "Block",
    "Bullets",
    "Cell",
    "Document",
    "Facts",
    "Group",
    "Heading",
    "NewPage",
    "Paragraph",
    "Row",
    "Signatures",
    "Table",
    "Total",
    "to_pdf",
    "to_word",
    "typeset",
]
FONTS = Path(str(resources.files("fontpkg_be_vietnam_pro") / "files"))
TEMPLATES = Path(__file__).resolve().parent / "typeset"
REPORT = TEMPLATES / "report.typ"
PICTURE_DOTS = 220  # per inch, of a chart in Word
# The face of official documents in Word; every office has it or LibreOffice's metric equal.
WORD_FACE = "Times New Roman"
NATION = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc")
# Words of the form itself, which is Vietnamese whatever the language of the interface.
DRAFT, RECIPIENTS = "DỰ THẢO", "Nơi nhận:"
MISSING = "¤"
_STYLES = (
    ("Normal", 13, False),
    ("Title", 15, True),
    ("Subtitle", 13, False),
    ("Heading 1", 14, True),
    ("Heading 2", 13, True),
    ("Heading 3", 13, True),
    ("List Bullet", 13, False),
)
# What XML cannot carry: control characters but tab and line feed, lone surrogates, and the two non-characters.
_UNSAFE = dict.fromkeys((*range(9), 11, 12, 13, *range(14, 32), *range(55296, 57344), 65534, 65535))


# --- PDF --------------------------------------------------------------------------------------------------------------
def to_pdf(document: Document) -> bytes:
    """Return the document as PDF/UA: tags, headings, header rows, language."""
    texts = ("title", "issuer", "superior", "number", "place_and_day", "subtitle", "to", "notice", "footer")
    return typeset(
        REPORT,
        {
            **{name: getattr(document, name) for name in texts},
            "national": document.national,
            "landscape": document.landscape,
            "draft_mark": _draft_mark(document),
            "language": (get_language() or "vi")[:2],
            "blocks": [_as_data(block) for block in document.blocks],
        },
    )


def typeset(template: Path, data: Mapping[str, Any]) -> bytes:
    """Return the PDF that a Typst template makes of the data, which it reads as JSON from `sys.inputs.data`.

    Fonts are the portal's own, nothing is read from the machine; letters that they lack (pictographs, foreign scripts)
    are shown as ¤. Checked against PDF/UA-1, so a picture without words is an error.
    """
    return typst.compile(
        str(template),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_printable(data), ensure_ascii=False)},
        format="pdf",
        pdf_standards=["ua-1"],
        timestamp=int(clock.now().timestamp()),
    )


COLOURS = 64


def draw(template: Path, data: Mapping[str, Any]) -> bytes:
    """Return the PNG that a Typst template of one page makes of the data; a point of the page is a pixel.

    Of its colours the commonest are kept: flat shapes and letters look the same in a third of the bytes.
    """
    drawn: bytes = typst.compile(
        str(template),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_printable(data), ensure_ascii=False)},
        format="png",
        ppi=72,
    )
    packed = io.BytesIO()
    with Image.open(io.BytesIO(drawn)) as picture:
        few = picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(packed, "PNG")
    return packed.getvalue()


@cache
def _letters() -> frozenset[int]:
    """Return the code points that the face has."""
    with TTFont(FONTS / "BeVietnamPro-Regular.ttf", lazy=True) as font:
        return frozenset(font.getBestCmap()) | {0x0A}


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        known = _letters()
        text = _clean(value)
        return "".join(c if ord(c) in known else MISSING for c in text if not _is_joiner(c))
    if isinstance(value, Mapping):
        return {name: _printable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value


def _is_joiner(letter: str) -> bool:
    """Whether a letter only changes the one before it: variation selectors, joiners, direction marks."""
    return unicodedata.category(letter) in {"Cf", "Mn", "Me"}


def _as_data(block: Block) -> dict[str, Any]:
    if isinstance(block, Table):
        return {
            "kind": "table",
            "headers": block.headers,
            "rows": [_row_data(row) for row in block.rows],
            "numeric": block.numeric,
            "widths": block.widths or [1] * len(block.headers),
            "caption": block.caption,
        }
    if isinstance(block, NewPage):
        return {"kind": "page"}
    if isinstance(block, Bars):
        return {"kind": "bars", **_bars_data(block)}
    values: dict[str, Any] = {name: getattr(block, name) for name in block.__dataclass_fields__}
    if isinstance(block, Paragraph):
        values["text"] = block.text.splitlines()
    if isinstance(block, Signatures):
        values["recipients_label"] = RECIPIENTS
    return {"kind": type(block).__name__.lower(), **values}


def _bars_data(block: Bars) -> dict[str, Any]:
    items = [{"label": bar.label, "share": float(bar.share), "text": bar.text} for bar in block.items]
    return {"title": block.title, "items": items}


def _row_data(row: Row) -> dict[str, Any]:
    kind, cells = _parts(row)
    return {"kind": kind, "cells": [{"text": cell.text.splitlines(), "note": cell.note} for cell in cells]}


def _parts(row: Row) -> tuple[str, list[Cell]]:
    """Return the kind of a row and its cells; a group has one, which spans the table."""
    if isinstance(row, Group):
        return "group", [Cell(row.text)]
    kind, cells = ("total", row.cells) if isinstance(row, Total) else ("plain", row)
    return kind, [cell if isinstance(cell, Cell) else Cell(cell) for cell in cells]


def _draft_mark(document: Document) -> str:
    return DRAFT if document.draft else ""


# --- Word -------------------------------------------------------------------------------------------------------------
def to_word(document: Document) -> bytes:
    """Return the document as a Word file with real headings, header rows and styles."""
    word = docx.Document()
    _prepare(word, document)
    if document.national:
        _head(word, document)
    title = word.add_paragraph(style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.add_run(_clean(document.title))
    if document.subtitle:
        word.add_paragraph(_clean(document.subtitle), style="Subtitle").alignment = WD_ALIGN_PARAGRAPH.CENTER
    if document.notice:
        word.add_paragraph().add_run(_clean(document.notice)).bold = True
    if document.to:
        word.add_paragraph(_clean(document.to)).alignment = WD_ALIGN_PARAGRAPH.CENTER
    for block in document.blocks:
        _WRITERS[type(block)](word, block)
    target = io.BytesIO()
    word.save(target)
    return target.getvalue()


def _prepare(word: WordFile, document: Document) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    if document.landscape:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Cm(29.7), Cm(21)
    section.left_margin, section.right_margin = Cm(3), Cm(2)
    section.top_margin = section.bottom_margin = Cm(2)
    for name, size, bold in _STYLES:
        _style(word.styles[name], size, bold=bold)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-GB" if (get_language() or "vi").startswith("en") else "vi-VN")
    word.styles["Normal"].element.get_or_add_rPr().append(language)
    properties = word.core_properties
    properties.title, properties.author = _clean(document.title)[:255], _clean(document.issuer)[:255]
    properties.created = properties.modified = timezone.localtime(clock.now()).replace(tzinfo=None)
    _foot(section.footer.paragraphs[0], document.footer)
    if document.draft:
        mark = section.header.paragraphs[0]
        mark.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = mark.add_run(DRAFT)
        run.bold, run.font.size, run.font.color.rgb = True, Pt(20), RGBColor(0x80, 0x80, 0x80)


def _style(style: Any, size: int, *, bold: bool) -> None:
    style.font.name, style.font.size, style.font.bold = WORD_FACE, Pt(size), bold
    style.font.italic, style.font.color.rgb = False, RGBColor(0, 0, 0)
    style.paragraph_format.space_after = Pt(6)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{attribute}"), WORD_FACE)
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for frame in style.element.iter(qn("w:pBdr")):
        frame.getparent().remove(frame)
        break


def _foot(paragraph: Any, text: str) -> None:
    """Write the footer: its text, then the page and how many there are, which Word counts itself."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    runs = [paragraph.add_run(f"{_clean(text)} · " if text else ""), _count(paragraph, "PAGE")]
    runs += [paragraph.add_run(" / "), _count(paragraph, "NUMPAGES")]
    for run in runs:
        run.font.size = Pt(9)


def _count(paragraph: Any, name: str) -> Any:
    run = paragraph.add_run()
    for kind in ("begin", name, "end"):
        mark = OxmlElement("w:instrText" if kind == name else "w:fldChar")
        if kind == name:
            mark.text = name
        else:
            mark.set(qn("w:fldCharType"), kind)
        run._r.append(mark)
    return run


def _head(word: WordFile, document: Document) -> None:
    grid = word.add_table(rows=1, cols=2)
    left, right = grid.rows[0].cells
    left.width, right.width = Cm(6.5), Cm(9.5)
    _centred(left, [(document.superior.upper(), False), (document.issuer.upper(), True), ("———", False)])
    _centred(left, [(document.number, False)], goes_on=True)
    _centred(right, [(NATION[0], True), (NATION[1], True), ("—————", False)])
    _centred(right, [(document.place_and_day, False)], goes_on=True)
    word.add_paragraph()


def _centred(cell: Any, lines: Sequence[tuple[str, bool]], *, goes_on: bool = False) -> None:
    shown = [(text, bold) for text, bold in lines if text]
    for number, (text, bold) in enumerate(shown):
        paragraph = cell.paragraphs[0] if number == 0 and not goes_on else cell.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.space_after = Pt(0)
        run = paragraph.add_run(_clean(text))
        run.bold, run.font.size = bold, Pt(12)


def _write_heading(word: WordFile, block: Heading) -> None:
    word.add_heading(_clean(block.text), level=block.level)


def _write_paragraph(word: WordFile, block: Paragraph) -> None:
    for line in block.text.splitlines():
        run = word.add_paragraph().add_run(_clean(line))
        run.bold = block.strong or None
        if block.small:
            run.font.size = Pt(10.5)


def _write_bullets(word: WordFile, block: Bullets) -> None:
    for item in block.items:
        word.add_paragraph(_clean(item), style="List Bullet")


def _write_facts(word: WordFile, block: Facts) -> None:
    grid = word.add_table(rows=0, cols=2)
    for name, value in block.items:
        cells = grid.add_row().cells
        cells[0].paragraphs[0].add_run(_clean(name)).bold = True
        cells[1].text = _clean(value)
    word.add_paragraph()


def _write_table(word: WordFile, block: Table) -> None:
    if block.caption:
        caption = word.add_paragraph()
        caption.add_run(_clean(block.caption)).bold = True
        caption.paragraph_format.keep_with_next = True
    grid = word.add_table(rows=1, cols=len(block.headers), style="Table Grid")
    again = OxmlElement("w:tblHeader")
    again.set(qn("w:val"), "true")
    grid.rows[0]._tr.get_or_add_trPr().append(again)
    _fill(grid.rows[0].cells, [Cell(name) for name in block.headers], block, bold=True)
    for row in block.rows:
        kind, parts = _parts(row)
        cells = grid.add_row().cells
        if kind == "group":
            cells = (cells[0].merge(cells[-1]),)
        _fill(cells, parts, block, bold=kind != "plain")
    widths = block.widths or [1] * len(block.headers)
    section = word.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    for position, share in enumerate(widths):
        grid.columns[position].width = int(room * share / sum(widths))
    word.add_paragraph().paragraph_format.space_after = Pt(0)


def _fill(cells: Sequence[Any], parts: Sequence[Cell], block: Table, *, bold: bool) -> None:
    for position, (cell, part) in enumerate(zip(cells, parts, strict=True)):
        lines = [(line, False) for line in part.text.splitlines() or [""]] + ([(part.note, True)] if part.note else [])
        for number, (line, is_note) in enumerate(lines):
            paragraph = cell.paragraphs[0] if number == 0 else cell.add_paragraph()
            paragraph.paragraph_format.space_after = Pt(0)
            run = paragraph.add_run(_clean(line))
            run.font.size, run.bold, run.italic = Pt(11), bold or None, is_note or None
            if position in block.numeric and len(parts) > 1:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _write_bars(word: WordFile, block: Bars) -> None:
    """Put the chart in as a picture that Typst draws; its words say what it shows."""
    if not block.items:
        return
    caption = word.add_paragraph()
    caption.add_run(_clean(block.title)).bold = True
    caption.paragraph_format.keep_with_next = True
    data = json.dumps(_printable(_bars_data(block)), ensure_ascii=False)
    picture = typst.compile(
        str(TEMPLATES / "bars_picture.typ"),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": data},
        format="png",
        ppi=PICTURE_DOTS,
    )
    shape = word.add_picture(io.BytesIO(picture), width=Cm(16))
    words = "; ".join(f"{bar.label}: {bar.text}" for bar in block.items)
    shape._inline.docPr.set("descr", _clean(f"{block.title} {words}")[:2000])


def _write_signatures(word: WordFile, block: Signatures) -> None:
    word.add_paragraph()
    places = len(block.items) + bool(block.recipients)
    cells = list(word.add_table(rows=1, cols=places).rows[0].cells)
    if block.recipients:
        cell = cells.pop(0)
        run = cell.paragraphs[0].add_run(RECIPIENTS)
        run.bold = run.italic = True
        for one in block.recipients:
            cell.add_paragraph().add_run(f"- {_clean(one)}").font.size = Pt(11)
    for cell, (role, name) in zip(cells, block.items, strict=True):
        _centred(cell, [(role.upper(), True), ("\n\n\n", False), (name, True)])


def _write_page(word: WordFile, block: NewPage) -> None:
    word.add_page_break()


_WRITERS: dict[type, Callable[[WordFile, Any], None]] = {
    Heading: _write_heading,
    Paragraph: _write_paragraph,
    Bullets: _write_bullets,
    Facts: _write_facts,
    Table: _write_table,
    Bars: _write_bars,
    Signatures: _write_signatures,
    NewPage: _write_page,
}


def _clean(text: str) -> str:
    """Return the text in NFC without what XML cannot carry; a vertical tab (a line feed of Word) becomes one."""
    return normal(text.replace("\x0b", "\n").replace("\x0c", "\n")).translate(_UNSAFE)
