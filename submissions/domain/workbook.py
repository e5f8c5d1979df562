"""The unit's workbook coming back: filled in offline, merged through the same gate as the form.

Only values and explanations can be typed. A stamp names edition, round and unit. Each leaf carries the version and a
hash of what was exported, so that reading it back is a three-way merge: what the file did not change is left alone,
what only the file changed is taken, what both changed is shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from xlsxwriter.utility import xl_rowcol_to_cell

from cms import audit
from cms.exceptions import PortalError
from cms.models import StoredFile, User
from cms.numbers import exact, typed_number
from cms.spreadsheets import SpreadsheetError, Table, read_table, sheet_names
from cms.spreadsheets.inspection import Limits
from criteria_pages.definition import Definition, Leaf
from criteria_pages.enums import Scorer
from criteria_pages.exceptions import InputError
from criteria_pages.rules.base import InputField
from criteria_pages.rules.inputs import InputErrors
from submissions.domain.answers import TypedAnswer, write_answers
from submissions.domain.definitions import definition_for
from submissions.domain.inputs import clean_text, input_fields, read_explanation, read_inputs, typed_inputs
from submissions.domain.workbook_format import (
    EXPLANATION,
    FILE_LANGUAGE,
    HEADERS,
    KEY,
    MARK,
    STAMP_HEADERS,
    STAMP_SHEET,
    VALUE,
    VERSION,
    labels_of,
    mark_of,
    stamp_of,
)
from submissions.models import Answer, Submission

LIMITS = Limits(size=5 * 1024**2, unzipped=60 * 1024**2, rows=5_000, columns=50, cells=100_000)


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong with one cell (or with the sheet, where `cell` is empty)."""

    sheet: str
    cell: str
    code: str
    message: str


@dataclass(slots=True)
class LeafInFile:
    """What the file says of one leaf, and where."""

    code: str
    inputs: dict[str, str] = field(default_factory=dict)
    explanation: str = ""
    version: int = 0
    mark: str = ""
    sheet: str = ""
    cells: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """A leaf that the file changes; `conflict` where the portal's answer has changed since the export too."""

    code: str
    name: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    explanation_before: str
    explanation_after: str
    conflict: bool


@dataclass(slots=True)
class Plan:
    """The dry run of a filled workbook: nothing is stored. `partial`: leaves of which the file lacks rows."""

    changes: list[Change] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)
    untouched: int = 0
    absent: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    leaves: dict[str, LeafInFile] = field(default_factory=dict)

    @property
    def conflicts(self) -> list[Change]:
        """Leaves changed on both sides."""
        return [change for change in self.changes if change.conflict]


def plan_workbook(*, submission: Submission, source: StoredFile | IO[bytes] | Path) -> Plan:
    """Read a filled workbook and say what it would change; nothing is stored.

    Raises `SpreadsheetError` for a file that is no such workbook, or one of another edition, round or unit.
    """
    definition = definition_for(submission.participant)
    names = sheet_names(source, limits=LIMITS)
    _check_stamp(submission, source, names)
    plan = Plan()
    for name in names:
        if name != STAMP_SHEET:
            _read_sheet(plan, definition, name, source)
    stored = {answer.code: answer for answer in Answer.objects.filter(submission=submission)}
    own = [leaf.code for leaf in definition.leaves if leaf.scorer == Scorer.SELF]
    plan.absent = [code for code in own if code not in plan.leaves]
    for code, found in plan.leaves.items():
        _compare(plan, definition.leaf(code), found, stored.get(code))
    return plan


def apply_workbook(
    *, user: User, submission: Submission, source: StoredFile | IO[bytes] | Path, take_file: bool = False
) -> list[Answer]:
    """Store what the workbook changes, all or nothing, through the gate; return the changed answers.

    Where both sides changed a leaf the portal's answer stays, unless `take_file`. Raises `SpreadsheetError` where a
    cell cannot be read, what the gate raises, and `RefusedAnswers`.
    """
    plan = plan_workbook(submission=submission, source=source)
    if plan.problems:
        first = plan.problems[0]
        raise SpreadsheetError(
            _("Nothing was stored: %(number)s cells cannot be read. The first: %(sheet)s %(cell)s: %(message)s")
            % {"number": len(plan.problems), "sheet": first.sheet, "cell": first.cell, "message": first.message},
            code="cells",
        )
    chosen = [change for change in plan.changes if take_file or not change.conflict]
    if not chosen:
        return []
    definition = definition_for(submission.participant)
    rows = {
        c.code: TypedAnswer(
            inputs=typed_inputs(definition.leaf(c.code), c.after),
            explanation=c.explanation_after,
        )
        for c in chosen
    }
    with transaction.atomic():
        versions = dict(Answer.objects.filter(submission=submission, code__in=rows).values_list("code", "version"))
        stored = write_answers(user=user, submission=submission, rows=rows, expected_versions=versions)
        if stored:
            audit.record("submissions.workbook", submission, user=user, codes=[answer.code for answer in stored])
    return stored


def _check_stamp(submission: Submission, source: StoredFile | IO[bytes] | Path, names: list[str]) -> None:
    if STAMP_SHEET not in names:
        raise SpreadsheetError(
            _("This is not a workbook of the portal: the sheet “%(sheet)s” is missing. Download it again.")
            % {"sheet": STAMP_SHEET},
            code="no_stamp",
        )
    table = read_table(source, sheet=STAMP_SHEET, expected=STAMP_HEADERS, limits=LIMITS)
    stamp = {str(row[0]): str(row[1]) for row in table.rows if len(row) > 1}
    expected = stamp_of(submission)
    reasons = {
        "Mẫu": _("The workbook is of another make (%(found)s); download it again."),
        "Đợt đánh giá": _("The workbook belongs to another round (%(found)s)."),
        "Ấn bản": _("The workbook was made from another edition of the criteria set; download it again."),
        "Đơn vị": _("The workbook belongs to another unit (%(found)s)."),
    }
    for key, sentence in reasons.items():
        if stamp.get(key) != expected[key]:
            raise SpreadsheetError(sentence % {"found": stamp.get(key, "—")[:100]}, code="foreign_workbook")


def _read_sheet(plan: Plan, definition: Definition, name: str, source: StoredFile | IO[bytes] | Path) -> None:
    table = read_table(source, sheet=name, expected=HEADERS, limits=LIMITS)
    missing = [header for header in (VALUE, EXPLANATION, KEY) if header not in table.headers]
    if missing:
        text = _("Columns are missing: %(names)s. This sheet is left out.") % {"names": ", ".join(missing)}
        plan.problems.append(CellProblem(sheet=name, cell="", code="", message=text))
        return
    for row, number in _rows(table):
        key = str(row.get(KEY) or "")
        code, _bar, input_name = key.partition("|")
        if not key:
            continue
        with override(FILE_LANGUAGE):
            fields = {f.name: f for f in input_fields(definition.leaf(code))} if definition.has_leaf(code) else {}
        if input_name not in fields or definition.leaf(code).scorer != Scorer.SELF:
            plan.problems.append(
                CellProblem(
                    name, _cell(table, KEY, number), code, _("“%(key)s” is not asked of this unit.") % {"key": key[:60]}
                )
            )
            continue
        _read_row(plan, table, row, number, fields[input_name], code)


def _read_row(plan: Plan, table: Table, row: Mapping[str, Any], number: int, item: InputField, code: str) -> None:
    found = plan.leaves.setdefault(code, LeafInFile(code=code, sheet=table.sheet))
    cell = _cell(table, VALUE, number)
    if item.name in found.cells:
        text = _("This input stands in the file twice.")
        plan.problems.append(CellProblem(table.sheet, cell, code, text))
        return
    found.cells[item.name] = cell
    found.inputs[item.name] = _typed(item, row.get(VALUE))
    if row.get(MARK):
        found.mark = str(row[MARK])
        version = row.get(VERSION)
        found.version = int(version) if isinstance(version, int | Decimal) else 0
        found.explanation = clean_text("" if row.get(EXPLANATION) is None else _plain(row[EXPLANATION])).strip()
        found.cells["explanation"] = _cell(table, EXPLANATION, number)


def _compare(plan: Plan, leaf: Leaf, found: LeafInFile, stored: Answer | None) -> None:
    """Sort a leaf of the file: unreadable, untouched, or changed (on both sides: a conflict).

    A row that was deleted says nothing: what it held stays as it is in the portal.
    """
    before = dict(stored.inputs) if stored else {}
    before_text = stored.explanation if stored else ""
    lacking = [item.name for item in input_fields(leaf) if item.name not in found.cells]
    if lacking or "explanation" not in found.cells:
        plan.partial.append(leaf.code)
    kept = typed_inputs(leaf, {name: before[name] for name in lacking if name in before})
    try:
        explanation = read_explanation(found.explanation) if "explanation" in found.cells else before_text
        inputs = read_inputs(leaf=leaf, typed={**kept, **found.inputs}).inputs
    except PortalError as refusal:
        plan.problems.extend(_located(found, refusal))
        return
    same = inputs == before and explanation == before_text
    if same or (found.mark and mark_of(inputs, explanation) == found.mark):
        plan.untouched += 1
        return
    plan.changes.append(
        Change(
            code=leaf.code,
            name=leaf.name,
            before=before,
            after=inputs,
            explanation_before=before_text,
            explanation_after=explanation,
            conflict=(stored.version if stored else 0) != found.version,
        )
    )


def _located(found: LeafInFile, refusal: PortalError) -> Iterator[CellProblem]:
    errors: list[PortalError] = list(refusal.errors) if isinstance(refusal, InputErrors) else [refusal]
    for error in errors:
        name = error.field if isinstance(error, InputError) else ""
        cell = found.cells.get(name) or next(iter(found.cells.values()), "")
        yield CellProblem(sheet=found.sheet, cell=cell, code=found.code, message=str(error.message))


def _typed(item: InputField, value: object) -> str:
    """A cell as a person would have typed it: labels of choices become their values, everything else text."""
    if value is None:
        return ""
    if isinstance(value, float | Decimal) and item.kind in {"decimal", "integer"}:
        # A cell that holds a number leaves no doubt, unlike "1.500" as text.
        return typed_number(Decimal(str(value)))
    text = _plain(value)
    if item.kind in {"choice", "boolean"}:
        with override(FILE_LANGUAGE):
            by_label = {str(label).casefold(): mark for mark, label in labels_of(item)}
        return by_label.get(text.strip().casefold(), text)
    return text


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        return exact(Decimal(str(value)))
    return str(value)


def _rows(table: Table) -> Iterator[tuple[dict[str, Any], int]]:
    for values, number in zip(table.rows, table.numbers, strict=True):
        yield dict(zip(table.headers, values, strict=False)), number


def _cell(table: Table, header: str, number: int) -> str:
    if table.columns and header in table.headers:
        return f"{table.columns[table.headers.index(header)]}{number}"
    return xl_rowcol_to_cell(number - 1, HEADERS.index(header))
