"""Where things stand in an appendix table: headers, columns, numbers as offices write them, merged cells."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from cms.spreadsheets import Grid
from cms.text import fold
from criteria_pages.definition import plain
from criteria_pages.domain.appendix_cells import (
    AGENCY,
    EVIDENCE,
    FIRST_HIDDEN,
    MAXIMUM,
    NAME,
    NOTE,
    NUMBER,
    RULE,
    SCORER,
    TAG,
)

HEADER_WITHIN = 40
#: First match wins; "thang điểm" is the maximum in some tables and the rule in others, so its cells decide.
_WORDS: tuple[tuple[str, str], ...] = (
    (NUMBER, r"^(stt|tt|so tt|so thu tu|ma|ma so|number|no\.?|code)$"),
    (MAXIMUM, r"diem toi da|diem chuan|so diem|maximum|^diem$"),
    (EVIDENCE, r"kiem chung|minh chung|evidence"),
    (AGENCY, r"co quan tham dinh|don vi tham dinh|co quan chu tri|don vi chu tri|agency"),
    (SCORER, r"hinh thuc|phuong thuc|nguoi cham|scored by|scorer"),
    (NOTE, r"ghi chu|note"),
    (RULE, r"thang diem|cach cham|cach tinh|phuong phap|tieu chuan|huong dan cham|scoring"),
    (NAME, r"linh vuc|tieu chi|noi dung|criteri"),
)
_ROMAN = re.compile(r"^(?=[IVXLC])(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})$")
_ARABIC = re.compile(r"^\d{1,4}(?:[.,]\d{1,4})*$")
_LEADING = re.compile(r"^\s*(?P<number>\d{1,3}(?:\.\d{1,3})*|[IVXLC]{1,6})\s*[.):-]\s*(?P<rest>\S.*)$", re.S)
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


@dataclass(frozen=True, slots=True)
class Layout:
    """The table of a sheet: its first row of content and the column of each thing (counted from 0)."""

    first: int
    columns: dict[str, int]
    levels: tuple[int, ...] = ()
    unknown: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written: its parts; `roman` for I, II; `letter` for a), b). `guess`: how it was put right."""

    text: str
    parts: tuple[int, ...] = ()
    roman: bool = False
    letter: bool = False
    from_date: bool = False
    numeric: bool = False


@dataclass(slots=True)
class Areas:
    """Merged cells: which cells are covered by another, and the value that stands for them."""

    covered: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, grid: Grid) -> Areas:
        """Return the covered cells of a sheet (areas of an absurd size are left aside)."""
        covered = {}
        for first_row, first_column, last_row, last_column in grid.merges:
            last_row, last_column = min(last_row, len(grid.rows) + 1), min(last_column, first_column + 50)
            for row in range(first_row, last_row + 1):
                for column in range(first_column, last_column + 1):
                    if (row, column) != (first_row, first_column):
                        covered[(row, column)] = (first_row, first_column)
        return cls(covered)

    def owner(self, row: int, column: int) -> tuple[int, int]:
        """Return the cell whose value stands at the place."""
        return self.covered.get((row, column), (row, column))


def find_layout(grid: Grid, areas: Areas) -> Layout | None:
    """Return the layout of the sheet; None where it has no row of headers with a name and a maximum."""
    for row in range(min(HEADER_WITHIN, len(grid.rows))):
        found = _columns(grid, row)
        if MAXIMUM in found[0] and (NAME in found[0] or found[1]):
            last = max((r for (r, _c), owner in areas.covered.items() if owner[0] == row), default=row)
            first = last + 1
            while first < len(grid.rows) and _is_column_numbers(grid.rows[first]):
                first += 1
            columns, levels, unknown = found
            for below in range(row + 1, last + 1):  # a header of two rows: what stands under a merged heading
                deeper, _levels, more = _columns(grid, below)
                columns = deeper | columns
                unknown = tuple(item for item in unknown if not _parted_below(grid, below, item[0], areas, row)) + more
            return Layout(first, columns, levels, unknown)
    return None


def _columns(grid: Grid, row: int) -> tuple[dict[str, int], tuple[int, ...], tuple[tuple[int, str], ...]]:
    columns: dict[str, int] = {}
    levels: dict[str, int] = {}
    unknown = []
    # The row of our own title carries its data beside it, in words that headers have too.
    width = min(FIRST_HIDDEN, len(grid.rows[row])) if grid.cell(row, FIRST_HIDDEN) == TAG else len(grid.rows[row])
    for column in range(width):
        cell = grid.cell(row, column)
        if not isinstance(cell, str):
            continue
        words = fold(cell)
        if words in {"linh vuc", "tieu chi", "tieu chi thanh phan"}:
            levels[words] = column
        name = next((name for name, pattern in _WORDS if re.search(pattern, words)), None)
        if name is None:
            unknown.append((column, cell))
        elif name not in columns:
            columns[name] = column
        elif name == MAXIMUM:
            unknown.append((column, cell))
    if MAXIMUM not in columns and RULE in columns and _is_numeric(grid, row, columns[RULE]):
        columns[MAXIMUM] = columns.pop(RULE)
    order = ("linh vuc", "tieu chi", "tieu chi thanh phan")
    parted = tuple(levels[words] for words in order if words in levels)
    return columns, parted if len(parted) > 1 else (), tuple(unknown)


def _parted_below(grid: Grid, below: int, column: int, areas: Areas, row: int) -> bool:
    """Whether the heading is only the roof of headings in the row below it."""
    return grid.cell(below, column) is not None and areas.owner(below, column) != (row, column)


def _is_numeric(grid: Grid, row: int, column: int) -> bool:
    cells = [grid.cell(r, column) for r in range(row + 1, min(row + 40, len(grid.rows)))]
    given = [cell for cell in cells if cell is not None]
    return bool(given) and sum(points_of(cell) is not None for cell in given) * 2 >= len(given)


def _is_column_numbers(cells: Iterable[object]) -> bool:
    """Whether the row only counts the columns: (1), (2), (3) …"""
    given = [str(cell).strip("() ") for cell in cells if cell is not None]
    return len(given) > 2 and given == [str(number) for number in range(1, len(given) + 1)]


def points_of(cell: object) -> Decimal | None:
    """Return the number in a cell ("0,25", "1.5", "2 điểm"); None where it is none."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | Decimal):
        return Decimal(cell)
    match = re.fullmatch(r"(\d{1,6}(?:[.,]\d{1,6})?)\s*(?:điểm|đ)?\.?", str(cell or "").strip(), re.I)
    return Decimal(match[1].replace(",", ".")) if match else None


def number_of(cell: object) -> Number | None:
    """Return the number of a node; None where the cell holds none."""
    if cell is None or isinstance(cell, bool):
        return None
    if isinstance(cell, dt.datetime | dt.date):
        return Number(f"{cell.day}.{cell.month}", (cell.day, cell.month), from_date=True)
    if isinstance(cell, int | Decimal):
        text = plain(Decimal(cell))
        return Number(text, _parts(text), numeric=True) if _ARABIC.match(text) else None
    text = str(cell).strip().rstrip(".):").strip()
    if text and _ROMAN.match(text):
        return Number(text, (_roman(text),), roman=True)
    if _ARABIC.match(text):
        return Number(text.replace(",", "."), _parts(text.replace(",", ".")))
    if re.fullmatch(r"[a-zđ]", text):
        return Number(text, letter=True)
    if re.fullmatch(r"[A-Za-z0-9]+([.-][A-Za-z0-9]+)*", text, re.ASCII) and any(c.isdigit() for c in text):
        return Number(text, tuple(range(1, text.count(".") + 2)))
    return None


def number_in_name(name: str) -> tuple[Number | None, str]:
    """Return the number at the beginning of a name and the rest ("1.1. Kế hoạch" -> 1.1, "Kế hoạch")."""
    match = _LEADING.match(name)
    number = number_of(match["number"]) if match else None
    return (number, match["rest"].strip()) if match and number else (None, name)


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _roman(text: str) -> int:
    values = [_VALUES[letter] for letter in text]
    return sum(
        -value if any(value < after for after in values[i + 1 : i + 2]) else value for i, value in enumerate(values)
    )
