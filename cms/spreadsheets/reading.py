"""Reading tables from XLSX and CSV, within limits and without guessing."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

import openpyxl
from python_calamine import CalamineError, CalamineWorkbook

from cms.domain.files import detect_type
from cms.models import StoredFile
from cms.spreadsheets.inspection import Limits, SpreadsheetError, check_workbook, is_sheet_part, too_many_rows
from cms.text import fold, normal

Cell = str | int | Decimal | bool | dt.date | dt.datetime | dt.time | dt.timedelta | None
Source = StoredFile | Path | str | IO[bytes]
_HEADER_WITHIN = 20
_OLE = "application/x-ole-storage"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(slots=True)
class Table:
    """A table as it was read. `numbers[i]` is the sheet's number of `rows[i]`, `columns` the columns' letters.

    It looks enough like a tablib dataset for django-import-export (headers, length, iteration, a column by name).
    """

    headers: list[str]
    rows: list[Sequence[Cell]]
    numbers: list[int]
    columns: list[str] = field(default_factory=list)
    sheet: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        return iter(self.rows)

    def __getitem__(self, header: str) -> list[Cell]:
        position = self.headers.index(header)
        return [row[position] for row in self.rows]

    def dicts(self) -> list[dict[str, Cell]]:
        """Return the rows as dictionaries by header."""
        return [dict(zip(self.headers, row, strict=False)) for row in self.rows]


@dataclass(slots=True)
class Grid:
    """A sheet as it lies there, for tables without one plain row of headers: cells from A1 on, merged areas, formulas.

    `merges` are (first row, first column, last row, last column), all counted from 0. A formula's cell holds the value
    that the office program had stored for it; `formulas` says what it was computed by.
    """

    sheet: str
    rows: list[list[Cell]]
    merges: list[tuple[int, int, int, int]]
    formulas: dict[tuple[int, int], str]

    def cell(self, row: int, column: int) -> Cell:
        """Return a cell; None outside of the table."""
        return self.rows[row][column] if row < len(self.rows) and column < len(self.rows[row]) else None


def cell_name(row: int, column: int) -> str:
    """Return the name of a cell counted from 0 ("C12")."""
    return f"{column_letter(column)}{row + 1}"


def read_grids(source: Source, *, limits: Limits | None = None) -> list[Grid]:
    """Return all sheets of an XLSX file as grids, after the same checks as `read_table`; formulas are let through."""
    limits = limits or Limits.default()
    content, close = _open(source)
    try:
        if _checked_type(content, limits) != _XLSX:
            raise SpreadsheetError(_("The file is not an Excel workbook (.xlsx)."), code="not_xlsx")
        check_workbook(content, limits, allow_formulas=True)
        formulas = _formulas(content)
        workbook = _workbook(content)
        return [_grid(workbook, name, formulas.get(name, {}), limits) for name in workbook.sheet_names]
    finally:
        if close:
            content.close()


def _grid(workbook: CalamineWorkbook, name: str, formulas: dict[tuple[int, int], str], limits: Limits) -> Grid:
    try:
        sheet = workbook.get_sheet_by_name(name)
        raw = sheet.to_python(skip_empty_area=False)
        merged = sheet.merged_cell_ranges or []
    except (CalamineError, ValueError, OSError) as fault:
        raise _damaged() from fault
    if len(raw) > limits.rows:
        raise too_many_rows(limits)
    return Grid(
        sheet=name,
        rows=[[None if _blank(cell) else _normal(cell) for cell in row] for row in raw],
        merges=[(*first, *last) for first, last in merged],
        formulas=formulas,
    )


def _formulas(content: IO[bytes]) -> dict[str, dict[tuple[int, int], str]]:
    content.seek(0)
    try:
        book = openpyxl.load_workbook(content, read_only=True, data_only=False, keep_links=False)
        # It finds the sheets by another way; one that was not looked at may hold rows without an end.
        if not all(is_sheet_part(sheet._worksheet_path) for sheet in book.worksheets):
            raise _damaged()
        return {
            sheet.title: {
                (cell.row - 1, cell.column - 1): str(getattr(cell.value, "text", cell.value))
                for row in sheet.iter_rows()
                for cell in row
                if cell.data_type == "f"
            }
            for sheet in book.worksheets
        }
    except (ValueError, LookupError, TypeError, AttributeError, SyntaxError, OSError, zipfile.BadZipFile) as fault:
        raise _damaged() from fault
    finally:
        content.seek(0)


def _damaged() -> SpreadsheetError:
    return SpreadsheetError(_("The file is damaged. Open it in Excel, save it again and retry."), code="damaged")


def read_rows(
    source: Source, *, sheet: str | None = None, limits: Limits | None = None, allow_formulas: bool = False
) -> list[dict[str, Cell]]:
    """Return the rows of a table as dictionaries by header; see `read_table`."""
    return read_table(source, sheet=sheet, limits=limits, allow_formulas=allow_formulas).dicts()


def read_table(
    source: Source,
    *,
    sheet: str | None = None,
    expected: Iterable[str] = (),
    limits: Limits | None = None,
    allow_formulas: bool = False,
) -> Table:
    """Read one sheet of an XLSX file (the first where none is named) or a CSV file.

    The header is the first row, within the first 20, that holds at least half of the `expected` headers (compared
    without accents and case), or the first row with content where nothing is expected. Empty rows are left out. Numbers
    come as int or Decimal, texts in NFC without space around, empty cells as None. Raises `SpreadsheetError` for files
    that are too large, damaged, protected, active, or of another type, for formulas, doubled or missing headers.
    """
    limits = limits or Limits.default()
    content, close = _open(source)
    try:
        media_type = _checked_type(content, limits)
        if media_type == _XLSX:
            check_workbook(content, limits, allow_formulas=allow_formulas)
            raw, offset, name = _xlsx_rows(content, sheet)
        else:
            raw, offset, name = _csv_rows(content), 0, ""
        return _table(raw, expected=[fold(header) for header in expected], limits=limits, offset=offset, sheet=name)
    finally:
        if close:
            content.close()


def sheet_names(source: Source, *, limits: Limits | None = None) -> list[str]:
    """Return the names of the sheets of an XLSX file, after the same checks."""
    limits = limits or Limits.default()
    content, close = _open(source)
    try:
        if _checked_type(content, limits) != _XLSX:
            return []
        check_workbook(content, limits, allow_formulas=True)
        return list(_workbook(content).sheet_names)
    finally:
        if close:
            content.close()


def column_letter(index: int) -> str:
    """Return the letters of a column counted from 0 (27 -> "AB")."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _open(source: Source) -> tuple[IO[bytes], bool]:
    if isinstance(source, StoredFile):
        # The reader seeks; a remote storage's file may not.
        with source.file.storage.open(source.file.name or "") as stored:
            return io.BytesIO(stored.read()), True
    if isinstance(source, str | Path):
        return Path(source).open("rb"), True
    return source, False


def _checked_type(content: IO[bytes], limits: Limits) -> str:
    size = content.seek(0, io.SEEK_END)
    content.seek(0)
    if size > limits.size:
        raise SpreadsheetError(
            _("The file is larger than %(size)d MB.") % {"size": limits.size // 1024 // 1024}, code="too_large"
        )
    if not size:
        raise SpreadsheetError(_("The file is empty."), code="empty")
    media_type = detect_type(content)
    if media_type == _OLE:
        raise SpreadsheetError(
            _("The file is protected by a password or is an old .xls file. Save it as .xlsx without a password."),
            code="old_or_encrypted",
        )
    if media_type not in {_XLSX, "text/csv", "text/plain", "application/json"}:
        raise SpreadsheetError(_("The file is neither an Excel workbook (.xlsx) nor a CSV file."), code="wrong_type")
    return _XLSX if media_type == _XLSX else "text/csv"


def _workbook(content: IO[bytes]) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(content)
    except (CalamineError, ValueError, OSError) as fault:
        raise SpreadsheetError(
            _("The file is damaged. Open it in Excel, save it again and retry."), code="damaged"
        ) from fault


def _xlsx_rows(content: IO[bytes], name: str | None) -> tuple[Iterator[list[Any]], int, str]:
    workbook = _workbook(content)
    names = list(workbook.sheet_names)
    if not names:
        raise SpreadsheetError(_("The workbook has no sheet."), code="no_sheet")
    if name is None:
        name = names[0]
    if name not in names:
        raise SpreadsheetError(
            _("The workbook has no sheet “%(name)s”. It has: %(names)s.")
            % {"name": name, "names": ", ".join(names[:20])},
            code="no_sheet",
        )
    try:
        sheet = workbook.get_sheet_by_name(name)
    except (CalamineError, ValueError, OSError) as fault:
        raise SpreadsheetError(
            _("The file is damaged. Open it in Excel, save it again and retry."), code="damaged"
        ) from fault
    return sheet.iter_rows(), sheet.start[1] if sheet.start else 0, name


def _csv_rows(content: IO[bytes]) -> Iterator[list[Any]]:
    try:
        text = content.read().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise SpreadsheetError(
            _("The CSV file is not encoded in UTF-8. Save it as “CSV UTF-8” or as .xlsx."), code="encoding"
        ) from fault
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    except csv.Error as fault:
        raise SpreadsheetError(
            _("The CSV file cannot be read: %(fault)s.") % {"fault": fault}, code="damaged"
        ) from fault


def _table(raw: Iterator[list[Any]], *, expected: list[str], limits: Limits, offset: int, sheet: str) -> Table:
    number, header = _find_header(raw, expected)
    while header and _blank(header[-1]):
        header.pop()
    if len(header) > limits.columns:
        raise SpreadsheetError(
            _("The sheet has more than %(count)d columns.") % {"count": limits.columns}, code="too_many_columns"
        )
    headers = [str(_normal(cell)) if not _blank(cell) else "" for cell in header]
    _check_headers(headers, offset)
    width = len(headers)
    rows: list[Sequence[Cell]] = []
    numbers: list[int] = []
    for cells in raw:
        number += 1
        row = [_normal(cell) for cell in cells[:width]]
        if all(cell is None for cell in row):
            continue
        if len(rows) >= limits.rows:
            raise too_many_rows(limits)
        if len(row) < width:
            row.extend([None] * (width - len(row)))
        rows.append(row)
        numbers.append(number)
    columns = [column_letter(offset + position) for position in range(width)]
    return Table(headers=headers, rows=rows, numbers=numbers, columns=columns, sheet=sheet)


def _find_header(raw: Iterator[list[Any]], expected: list[str]) -> tuple[int, list[Any]]:
    first: tuple[int, list[Any]] | None = None
    for number, cells in enumerate(raw, start=1):
        if all(_blank(cell) for cell in cells):
            if number >= _HEADER_WITHIN:
                break
            continue
        if not expected:
            return number, list(cells)
        found = {fold(str(cell)) for cell in cells if not _blank(cell)}
        if 2 * len(found.intersection(expected)) >= min(len(expected), 4):
            return number, list(cells)
        first = first or (number, list(cells))
        if number >= _HEADER_WITHIN:
            break
    if first is None:
        raise SpreadsheetError(_("The sheet is empty."), code="empty")
    raise SpreadsheetError(
        _("No row of headers was found. The first row holds: %(found)s.")
        % {"found": ", ".join(str(cell) for cell in first[1] if not _blank(cell))[:200]},
        code="no_header",
    )


def _check_headers(headers: list[str], offset: int) -> None:
    seen: dict[str, int] = {}
    for position, header in enumerate(headers):
        if not header:
            raise SpreadsheetError(
                _("Column %(column)s has no header.") % {"column": column_letter(offset + position)}, code="no_header"
            )
        if fold(header) in seen:
            raise SpreadsheetError(
                _("The header “%(header)s” stands in columns %(first)s and %(second)s.")
                % {
                    "header": header,
                    "first": column_letter(offset + seen[fold(header)]),
                    "second": column_letter(offset + position),
                },
                code="doubled_header",
            )
        seen[fold(header)] = position


def _blank(cell: Any) -> bool:
    return cell is None or cell == "" or (isinstance(cell, str) and not cell.strip())


def _normal(cell: Any) -> Cell:
    if isinstance(cell, str):
        text = cell.strip()
        return (text if text.isascii() else normal(text)) or None
    if isinstance(cell, float):
        # The shortest decimal that stands for the cell's binary number is what Excel shows: 1.1.
        return int(cell) if cell.is_integer() else Decimal(repr(cell))
    return cell  # type: ignore[no-any-return]
