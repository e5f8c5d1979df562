"""From the cells of an appendix table to a definition, with a note per cell: understood, guessed, left open, wrong.

Our own export carries the exact nodes hidden beside the rows; a visible cell that was changed wins over them. Nothing
here writes: `appendix_import.py` makes the draft.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cms.models import StoredFile
from cms.numbers import exact
from cms.spreadsheets import SpreadsheetError, cell_name, read_grids
from cms.spreadsheets.inspection import Limits
from cms.text import fold
from criteria_pages.definition import Definition, plain
from criteria_pages.domain.appendix_cells import (
    COLUMNS,
    CRITERION,
    DOMAIN,
    EVIDENCE,
    FIRST_HIDDEN,
    LEAF,
    MAXIMUM,
    NAME,
    NOTE,
    NUMBER,
    RULE,
    SCORED,
    SET,
    TAG,
    is_sound,
    mark,
)
from criteria_pages.domain.appendix_filling import SAFE_FORMULA
from criteria_pages.domain.appendix_layout import (
    Areas,
    Number,
    find_layout,
    number_in_name,
    number_of,
    points_of,
)
from criteria_pages.domain.appendix_nodes import (
    GUESSED,
    OPEN,
    UNDERSTOOD,
    WRONG,
    Appendix,
    CellNote,
    Node,
    by_tier,
)
from criteria_pages.domain.appendix_placing import NodePlacer

LIMITS = Limits(size=5 * 1024**2, unzipped=60 * 1024**2, rows=4_000, columns=60, cells=240_000)
_NO_TITLE = re.compile(r"^(phu luc|bieu|mau)( so)?[ \d.ivxlc]*$|^\(|^cong hoa xa hoi|^doc lap")
_TOTAL = re.compile(r"^(tong cong|tong diem|tong so|tong|cong|total)\b")


def read_appendix(*, source: StoredFile | Any, title: str = "") -> Appendix:
    """Return what the workbook says. Raises `SpreadsheetError` where it cannot be read at all, or holds no such table.

    `title` is taken where the workbook is not our own export.
    """
    try:
        grids = read_grids(source, limits=LIMITS)
    except SpreadsheetError as fault:
        if fault.code == "too_many_rows":
            raise SpreadsheetError(
                _("The sheet has more than %(count)d rows. An appendix has far fewer: is this the right sheet?")
                % {"count": LIMITS.rows},
                code=fault.code,
            ) from fault
        raise
    for grid in grids:
        areas = Areas.of(grid)
        layout = find_layout(grid, areas)
        if layout is not None:
            return _Reader(grid, areas, layout).read(title)
    raise SpreadsheetError(
        _(
            "No sheet has a table with a column of names (%(names)s) and a column of maximum points (%(points)s) in "
            "its first rows."
        )
        % {"names": "“Tiêu chí”, “Lĩnh vực”, “Nội dung”", "points": "“Điểm tối đa”"},
        code="no_table",
    )


class _Reader(NodePlacer):
    """Reads one sheet: its rows into nodes, and the whole."""

    # --- the sheet ----------------------------------------------------------------------------------------------------
    def read(self, title: str) -> Appendix:
        self._say_layout()
        self._read_head()
        self.relative = self._is_relative()
        for row in range(self.layout.first, len(self.grid.rows)):
            if self.layout.levels:
                self._read_parted(row)
            else:
                self._read_row(row)
        for node in self._all():
            self._fill(node)
        definition = self._definition(title)
        self._check_sums(definition)
        order = {name: number for number, name in enumerate((WRONG, OPEN, GUESSED, UNDERSTOOD))}
        notes = sorted(self.notes, key=lambda note: order[note.kind])
        return Appendix(definition=definition, notes=notes, sheet=self.grid.sheet)

    def _say_layout(self) -> None:
        for column, header in self.layout.unknown:
            self.notes.append(
                CellNote(
                    OPEN,
                    cell_name(self.layout.first - 1, column),
                    "",
                    _("The column “%(header)s” is not one that is read.") % {"header": header[:80]},
                )
            )

    def _read_head(self) -> None:
        for row in range(min(self.layout.first, len(self.grid.rows))):
            kind, node, _marks = self._hidden(row)
            if kind == SET:
                self.head = node

    def _is_relative(self) -> bool:
        """Whether criteria are counted anew under Roman domains: I, 1, 2 … II, 1, 2 …"""
        numbers = [number for row in range(self.layout.first, len(self.grid.rows)) if (number := self._number(row))]
        has_roman = any(number.roman for number in numbers)
        return has_roman and any(len(number.parts) == 1 and not number.roman for number in numbers)

    def _number(self, row: int) -> Number | None:
        if NUMBER in self.layout.columns:
            found = number_of(self._value(row, NUMBER))
            if found is not None:
                return found
        return number_in_name(self._text(row, NAME))[0] if NUMBER not in self.layout.columns else None

    def _value(self, row: int, name: str) -> Any:
        """Return a cell; nothing where another covers it or a formula that is no plain arithmetic stands."""
        column = self.layout.columns.get(name)
        if column is None or (row, column) in self.areas.covered:
            return None
        formula = self.grid.formulas.get((row, column))
        value = self.grid.cell(row, column)
        if formula is None:
            return value
        return value if SAFE_FORMULA.match(formula) else None

    def _text(self, row: int, name: str) -> str:
        value = self._value(row, name)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return plain(Decimal(value)).replace(".", ",")
        return str(value if value is not None else "").strip()

    # --- rows ---------------------------------------------------------------------------------------------------------
    def _read_row(self, row: int) -> None:
        name, number = self._text(row, NAME), self._number(row)
        kind, hidden, marks = self._hidden(row)
        if hidden is None and number is None and _TOTAL.match(fold(name)):
            self._read_total(row)
        elif hidden is not None or number is not None:
            self._read_node(row, number, kind, hidden, marks)
        elif any(self._value(row, column) is not None for column in self.layout.columns):
            self._read_continuation(row, name)

    def _read_total(self, row: int) -> None:
        points = points_of(self._value(row, MAXIMUM))
        self._say_formulas(row, "")
        if points is None:
            self.note(OPEN, row, MAXIMUM, _("The total is not a number."))
            return
        self.total = (row, points)
        self.note(UNDERSTOOD, row, MAXIMUM, _("Total: %(points)s points.") % {"points": exact(points)})

    def _read_node(
        self, row: int, number: Number | None, kind: str, hidden: Mapping[str, Any] | None, marks: Mapping[str, str]
    ) -> None:
        cells = {name: self._value(row, name) for name in COLUMNS}
        same = frozenset(name for name in COLUMNS if name in marks and mark(cells[name]) == marks[name])
        if hidden is not None and NAME not in same and not {NUMBER, RULE} <= same:
            text = _("The row was changed so much that the data hidden behind it are not used.")
            self.note(GUESSED, row, NAME, text)
            hidden, same, kind = None, frozenset(), ""
        if hidden is not None and NUMBER in same:
            node = Node(row, kind, str(hidden["code"]), cells, hidden, same)
            self._place(node, kind if kind in {DOMAIN, LEAF} else CRITERION)
            return
        if number is None:
            self.note(WRONG, row, NUMBER, _("The row has no number, so it was left out: give it one."))
            return
        level, code = self._code(row, number)
        if hidden is not None:
            level = kind if kind in {DOMAIN, LEAF} else CRITERION
            self.note(GUESSED, row, NUMBER, _("The number was changed; the rest of the row stayed with it."), code)
        self._place(Node(row, kind or level, code, cells, hidden, same), level)

    def _read_continuation(self, row: int, name: str) -> None:
        """A row without a number belongs to the node above: a level with its points, or more words."""
        if self.last is None:
            if points_of(self._value(row, MAXIMUM)) is not None:
                self.note(WRONG, row, NAME, _("A row with points stands before the first domain; it was left out."))
            return
        points = points_of(self._value(row, MAXIMUM))
        rule = self._text(row, RULE)
        if name and points is not None:
            line = f"{name.rstrip(' :')}: {plain(points)}"
        else:
            line = "\n".join(part for part in (name, rule) if part)
        if line:
            self.last.lines.append(line)
            text = _("Taken as part of the scoring of %(code)s.") % {"code": self.last.code}
            self.note(GUESSED, row, NAME if name else RULE, text, self.last.code, fills=RULE)
        for column in (EVIDENCE, NOTE):
            more = self._text(row, column)
            if more:
                before = str(self.last.cells.get(column) or "").strip()
                self.last.cells[column] = f"{before}\n{more}".strip()

    def _read_parted(self, row: int) -> None:
        """A table with a column per level: each holds its node where its (merged) cell begins."""
        if _TOTAL.match(fold(str(self.grid.cell(row, self.layout.levels[0]) or ""))):
            self._read_total(row)
            return
        names = []
        for depth, column in enumerate(self.layout.levels):
            value = None if (row, column) in self.areas.covered else self.grid.cell(row, column)
            if value is not None:
                names.append((depth, column, str(value).strip()))
        for position, (depth, column, name) in enumerate(names):
            deepest = position == len(names) - 1
            self._part(row, depth, column, name, {n: self._value(row, n) for n in COLUMNS} if deepest else {})
        if not names and any(self._value(row, column) is not None for column in self.layout.columns):
            self._read_continuation(row, "")

    def _part(self, row: int, depth: int, column: int, name: str, cells: dict[str, Any]) -> None:
        number, rest = number_in_name(name)
        level = (DOMAIN, CRITERION, LEAF)[depth]
        code = self._code(row, number)[1] if number else self._next_code(level)
        if number is None:
            text = _("“%(name)s” has no number; it was called %(code)s by its place.")
            note = CellNote(GUESSED, cell_name(row, column), code, text % {"name": name[:60], "code": code}, "code")
            self.notes.append(note)
        self._place(Node(row, level, code, {**cells, NAME: rest}), level)

    # --- hidden data --------------------------------------------------------------------------------------------------
    def _hidden(self, row: int) -> tuple[str, Mapping[str, Any] | None, Mapping[str, str]]:
        """Return kind, node and marks hidden beside a row; nothing where there are none or they are not as written."""
        if self.grid.cell(row, FIRST_HIDDEN) != TAG:
            return "", None, {}
        pieces = [self.grid.cell(row, column) for column in range(FIRST_HIDDEN + 1, len(self.grid.rows[row]))]
        try:
            data = json.loads("".join(str(piece) for piece in pieces if piece is not None))
            kind, node, marks = data["kind"], data["node"], data["marks"]
            sound = isinstance(node, dict) and isinstance(marks, dict) and is_sound(kind, node)
        except (ValueError, KeyError, TypeError, RecursionError):
            sound = False
        if not sound:
            self.notes.append(
                CellNote(
                    GUESSED, f"{row + 1}", "", _("The data hidden behind the row are damaged; its cells were read.")
                )
            )
            return "", None, {}
        return kind, node, marks

    # --- the whole ----------------------------------------------------------------------------------------------------
    def _definition(self, title: str) -> Definition:
        domains = []
        for domain in self.domains:
            criteria = []
            for criterion in domain.children:
                data = dict(criterion.data)
                if criterion.kind != SCORED:
                    data["children"] = [leaf.data for leaf in criterion.children]
                criteria.append(data)
            domains.append({**domain.data, "criteria": criteria})
        head = dict(self.head or {})
        summed = sum((Decimal(domain["maximum"]) for domain in domains), Decimal(0))
        head["total"] = plain(self.total[1]) if self.total else head.get("total", plain(summed))
        shown = self._shown_title()
        if self.head is None or (shown and mark(shown) != mark(str(self.head.get("title", ""))[:32_000])):
            head["title"] = title or shown[:255]
        if self.total is None and self.head is None:
            self.notes.append(
                CellNote(
                    GUESSED,
                    "",
                    "",
                    _("No total is written; the sum of the domains was taken: %(points)s.") % {"points": exact(summed)},
                )
            )
        return Definition.from_json({"title": "", **head, "domains": domains})

    def _shown_title(self) -> str:
        """Return the first line above the table that names the set; “Phụ lục I” and brackets name nothing."""
        for row in self.grid.rows[: max(self.layout.first - 1, 0)]:
            text = next((cell for cell in row[:FIRST_HIDDEN] if isinstance(cell, str) and cell.strip()), "")
            if text and not _NO_TITLE.match(fold(text)):
                return " ".join(text.split())
        return ""

    def _check_sums(self, definition: Definition) -> None:
        rows = {id(node): node for node in self._all()}
        for node in rows.values():
            if node.kind == SCORED or not node.children:
                continue
            declared = Decimal(node.data.get("maximum", "0"))
            found = sum((Decimal(child.data.get("maximum", "0")) for child in node.children), Decimal(0))
            if found != declared and not by_tier(node):
                text = _("%(declared)s points are declared, but the parts add up to %(sum)s.")
                values = {"declared": exact(declared), "sum": exact(found)}
                self.note(WRONG, node.row, MAXIMUM, text % values, node.code)
        summed = sum((domain.maximum for domain in definition.domains), Decimal(0))
        if self.total and self.total[1] != summed and not any(map(by_tier, self.domains)):
            text = _("The total says %(declared)s points, but the domains add up to %(sum)s.")
            values = {"declared": exact(self.total[1]), "sum": exact(summed)}
            self.note(WRONG, self.total[0], MAXIMUM, text % values)
