"""Writing tables to XLSX and CSV, row by row in flat memory. No text of ours becomes a formula in anybody's Excel."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from django.utils import timezone

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
_MAX_TEXT = 32_767
# As many rows have a drop-down list as the longest import takes.
_CHOICE_ROWS = 20_000
_BAD_IN_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: headers, rows (any iterable, read once), and notes that stand above the headers.

    `text_columns` are column numbers, from 0, that Excel shall treat as text ("1.10" stays "1.10" when typed);
    `choices` gives columns a drop-down list: where its entries stand, as Excel writes it ("'Sheet 2'!$B$2:$B$6").
    """

    name: str
    headers: Sequence[str]
    rows: Iterable[Sequence[Any]] = ()
    notes: Sequence[str] = ()
    widths: Sequence[int] = ()
    text_columns: frozenset[int] = field(default_factory=frozenset)
    number_format: str = "0.00####"
    choices: Mapping[int, str] = field(default_factory=dict)


def write_xlsx(target: str | Path | IO[bytes], *, sheets: Sequence[Sheet]) -> None:
    """Write a workbook. Numbers stay numbers, dates dates; texts that look like formulas are marked as text."""
    book = xlsxwriter.Workbook(
        str(target) if isinstance(target, Path) else target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": True,
            "default_date_format": "dd/mm/yyyy",
        },
    )
    try:
        for sheet in sheets:
            _write_sheet(book, sheet)
    finally:
        book.close()


def write_csv(target: IO[str], *, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV table (comma, CRLF). The caller opens the target in UTF-8, with a byte order mark for Excel.

    A text that a spreadsheet would run as a formula gets an apostrophe in front; numbers are left alone.
    """
    writer = csv.writer(target)
    writer.writerow([neutral(header) for header in headers])
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])


def neutral(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(RISKY) else text


def _plain(cell: Any) -> Any:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, dt.datetime | dt.date):
        return cell.isoformat()
    return cell if isinstance(cell, int | float) else neutral(str(cell))


class _Formats:
    def __init__(self, book: xlsxwriter.Workbook, sheet: Sheet) -> None:
        self.header: Format = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.note: Format = book.add_format({"italic": True})
        self.text: Format = book.add_format({"num_format": "@"})
        self.risky: Format = book.add_format({"num_format": "@", "quote_prefix": True})
        self.number: Format = book.add_format({"num_format": sheet.number_format})
        self.date: Format = book.add_format({"num_format": "dd/mm/yyyy"})
        self.time: Format = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})


def _write_sheet(book: xlsxwriter.Workbook, sheet: Sheet) -> None:
    page = book.add_worksheet(sheet.name.translate(_BAD_IN_NAME).strip("' ")[:31] or None)
    formats = _Formats(book, sheet)
    for column in range(len(sheet.headers)):
        width = sheet.widths[column] if column < len(sheet.widths) else 18
        page.set_column(column, column, width, formats.text if column in sheet.text_columns else None)
    line = 0
    for note in sheet.notes:
        page.write_string(line, 0, str(note)[:_MAX_TEXT], formats.note)
        line += 1
    for column, header in enumerate(sheet.headers):
        page.write_string(line, column, str(header), formats.header)
    page.freeze_panes(line + 1, 0)
    for column, source in sheet.choices.items():
        page.data_validation(
            line + 1, column, line + _CHOICE_ROWS, column, {"validate": "list", "source": f"={source}"}
        )
    for row in sheet.rows:
        line += 1
        for column, cell in enumerate(row):
            _write_cell(page, line, column, cell, formats)


def _write_cell(page: Worksheet, line: int, column: int, cell: Any, formats: _Formats) -> None:
    if cell is None or cell == "":
        return
    if type(cell) is str:
        text = cell[:_MAX_TEXT]
        page.write_string(line, column, text, formats.risky if text.startswith(RISKY) else formats.text)
    elif isinstance(cell, bool):
        page.write_boolean(line, column, cell)
    elif isinstance(cell, int):
        page.write_number(line, column, cell)
    elif isinstance(cell, Decimal | float):
        # Excel itself stores binary numbers; what leaves here is for reading, the exact digits are in CSV and JSON.
        page.write_number(line, column, float(cell), formats.number)
    elif isinstance(cell, dt.datetime):
        local = timezone.localtime(cell) if timezone.is_aware(cell) else cell
        page.write_datetime(line, column, local.replace(tzinfo=None), formats.time)
    elif isinstance(cell, dt.date):
        page.write_datetime(line, column, dt.datetime.combine(cell, dt.time()), formats.date)
    else:
        text = str(cell)[:_MAX_TEXT]
        page.write_string(line, column, text, formats.risky if text.startswith(RISKY) else formats.text)
