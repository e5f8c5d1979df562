"""The appendix table of a criteria set as an Excel workbook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

from django.utils.translation import override

import xlsxwriter

from criteria_pages.definition import Definition, plain
from criteria_pages.domain.appendix_cells import (
    CHUNK,
    COLUMNS,
    DOMAIN,
    FIRST_HIDDEN,
    HEADERS,
    LANGUAGE,
    MAXIMUM,
    NAME,
    SET,
    TAG,
    TOTAL,
    Row,
    rows_of,
)

_WIDTHS = (9, 46, 10, 44, 34, 26, 20, 24)
_EXACT_DIGITS = 15
_MADE = dt.datetime(2000, 1, 1)  # noqa: DTZ001 -- a fixed day, so that the same set gives the same bytes


def write_appendix(*, definition: Definition, target: IO[bytes]) -> None:
    """Write the table of the whole set. The same definition gives the same bytes."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    book = xlsxwriter.Workbook(target, options)
    book.set_properties({"created": _MADE, "title": "Bộ tiêu chí"})
    try:
        sheet = book.add_worksheet("Bộ tiêu chí")
        styles = _styles(book)
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        sheet.set_column(FIRST_HIDDEN, FIRST_HIDDEN + 20, 3, None, {"hidden": True})
        with override(LANGUAGE):
            rows = list(rows_of(definition))
        _write_head(sheet, rows[0], styles)
        line = 2
        for row in rows[1:]:
            line += 1
            _write_row(sheet, line, row, styles)
        sheet.write_string(line + 1, 1, TOTAL, styles["bold"])
        _write_number(sheet, line + 1, COLUMNS.index(MAXIMUM), definition.total, styles, "bold_number")
        sheet.freeze_panes(3, 2)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2)
    finally:
        book.close()


def _styles(book: xlsxwriter.Workbook) -> dict[str, Any]:
    base = {"valign": "top", "text_wrap": True, "border": 1, "font_name": "Times New Roman", "font_size": 11}
    text = {**base, "num_format": "@"}
    number = {**base, "num_format": "0.######", "align": "right"}
    return {
        "title": book.add_format({"bold": True, "align": "center", "text_wrap": True, "font_size": 13}),
        "head": book.add_format({**base, "bold": True, "align": "center", "bg_color": "#EFEBE2"}),
        "text": book.add_format(text),
        "risky": book.add_format({**text, "quote_prefix": True}),
        "number": book.add_format(number),
        "bold": book.add_format({**text, "bold": True, "bg_color": "#F6F3EC"}),
        "bold_number": book.add_format({**number, "bold": True, "bg_color": "#F6F3EC"}),
    }


def _write_head(sheet: Any, row: Row, styles: Mapping[str, Any]) -> None:
    sheet.merge_range(0, 0, 0, len(COLUMNS) - 1, "", styles["title"])
    sheet.write_string(0, 0, str(row.cells[NAME]), styles["title"])
    _write_payload(sheet, 0, row)
    for column, name in enumerate(COLUMNS):
        sheet.write_string(2, column, HEADERS[name], styles["head"])


def _write_row(sheet: Any, line: int, row: Row, styles: Mapping[str, Any]) -> None:
    bold = row.kind in {DOMAIN, SET}
    for column, name in enumerate(COLUMNS):
        value = row.cells.get(name, "")
        if isinstance(value, Decimal):
            _write_number(sheet, line, column, value, styles, "bold_number" if bold else "number")
        else:
            sheet.write_string(line, column, value, styles["bold" if bold else "text"])
    _write_payload(sheet, line, row)


def _write_number(sheet: Any, line: int, column: int, value: Decimal, styles: Mapping[str, Any], style: str) -> None:
    if len(value.as_tuple().digits) <= _EXACT_DIGITS:
        sheet.write_number(line, column, float(value), styles[style])
    else:
        sheet.write_string(line, column, plain(value), styles[style])


def _write_payload(sheet: Any, line: int, row: Row) -> None:
    text = row.payload
    sheet.write_string(line, FIRST_HIDDEN, TAG)
    for number, start in enumerate(range(0, len(text), CHUNK), start=1):
        sheet.write_string(line, FIRST_HIDDEN + number, text[start : start + CHUNK])
