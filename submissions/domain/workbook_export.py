"""The unit's workbook going out: generated from the edition, one sheet per domain, one row per input."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from django.utils.translation import override

import xlsxwriter

from criteria_pages.definition import Domain
from criteria_pages.enums import Scorer
from criteria_pages.rules import get_rule
from criteria_pages.rules.base import InputField
from submissions.domain.definitions import definition_for
from submissions.domain.inputs import input_fields
from submissions.domain.workbook_format import (
    FILE_LANGUAGE,
    HEADERS,
    STAMP_HEADERS,
    STAMP_SHEET,
    labels_of,
    mark_of,
    stamp_of,
)
from submissions.models import Answer, Submission


def write_workbook(*, submission: Submission, target: str | Path | IO[bytes]) -> None:
    """Write the unit's workbook with what is stored now."""
    definition = definition_for(submission.participant)
    answers = {answer.code: answer for answer in Answer.objects.filter(submission=submission)}
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(target) if isinstance(target, Path) else target, options)
    try:
        styles = _styles(book)
        _write_stamp(book, styles, submission)
        with override(FILE_LANGUAGE):
            for number, domain in enumerate(definition.domains, start=1):
                _write_domain(book, styles, domain, answers, number)
    finally:
        book.close()


def _styles(book: xlsxwriter.Workbook) -> dict[str, Any]:
    base = {"valign": "top", "text_wrap": True, "border": 1, "border_color": "#C9C3B6", "font_name": "Be Vietnam Pro"}
    open_ = {**base, "locked": False, "bg_color": "#FFFDF2"}
    return {
        "head": book.add_format({**base, "bold": True, "bg_color": "#EFEBE2"}),
        "text": book.add_format(base),
        "open_text": book.add_format({**open_, "num_format": "@"}),
        "open_number": book.add_format({**open_, "num_format": "0.######"}),
        "open_date": book.add_format({**open_, "num_format": "dd/mm/yyyy"}),
        "grey": book.add_format({**base, "font_color": "#6B6B6B", "italic": True}),
    }


def _write_stamp(book: xlsxwriter.Workbook, styles: Mapping[str, Any], submission: Submission) -> None:
    sheet = book.add_worksheet(STAMP_SHEET)
    sheet.protect()
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 80)
    sheet.write_row(0, 0, STAMP_HEADERS, styles["head"])
    for row, pair in enumerate(stamp_of(submission).items(), start=1):
        sheet.write_row(row, 0, pair, styles["text"])


def _write_domain(
    book: xlsxwriter.Workbook, styles: Mapping[str, Any], domain: Domain, answers: Mapping[str, Answer], number: int
) -> None:
    sheet = book.add_worksheet(f"{number}. {domain.code}"[:31])
    sheet.protect(options={"format_columns": True, "format_rows": True})
    sheet.freeze_panes(1, 2)
    for column, width in enumerate((10, 44, 40, 32, 18, 50, 10, 10, 10)):
        sheet.set_column(column, column, width, None, {"hidden": column >= 6})
    sheet.write_row(0, 0, HEADERS, styles["head"])
    row = 1
    for leaf in domain.leaves:
        answer = answers.get(leaf.code)
        rule = get_rule(leaf.rule, leaf.maximum).describe()
        if leaf.scorer != Scorer.SELF:
            sheet.write_row(row, 0, (leaf.code, leaf.name, rule, str(Scorer(leaf.scorer).label)), styles["grey"])
            row += 1
            continue
        for position, item in enumerate(input_fields(leaf)):
            first = position == 0
            texts = (leaf.code, leaf.name if first else "", rule if first else "", str(item.label))
            sheet.write_row(row, 0, texts, styles["text"])
            if first:
                sheet.write_comment(
                    row, 0, f"{leaf.name}\n{rule}\n{leaf.evidence}"[:1500], {"x_scale": 3, "y_scale": 2}
                )
                sheet.write_string(row, 5, answer.explanation[:32_000] if answer else "", styles["open_text"])
                sheet.write_number(row, 7, answer.version if answer else 0)
                sheet.write_string(
                    row, 8, mark_of(answer.inputs if answer else {}, answer.explanation if answer else "")
                )
            else:
                sheet.write_blank(row, 5, None, styles["text"])
            _write_value(sheet, row, item, answer.inputs.get(item.name, "") if answer else "", styles)
            sheet.write_string(row, 6, f"{leaf.code}|{item.name}")
            row += 1


def _write_value(sheet: Any, row: int, item: InputField, stored: str, styles: Mapping[str, Any]) -> None:
    if item.kind in {"choice", "boolean"}:
        labels = labels_of(item)
        sheet.write_string(row, 4, dict(labels).get(stored, ""), styles["open_text"])
        # A list of more than 255 characters does not fit into a validation; then the label is typed or pasted.
        if sum(len(label) + 1 for _value, label in labels) <= 250 and not any("," in label for _v, label in labels):
            sheet.data_validation(row, 4, row, 4, {"validate": "list", "source": [label for _value, label in labels]})
        return
    if item.kind == "date":
        if stored:
            sheet.write_datetime(row, 4, dt.datetime.fromisoformat(stored), styles["open_date"])
        else:
            sheet.write_blank(row, 4, None, styles["open_date"])
        return
    if stored and len(stored) <= 15:
        sheet.write_number(row, 4, Decimal(stored), styles["open_number"])
    elif stored:
        sheet.write_string(row, 4, stored, styles["open_text"])
    else:
        sheet.write_blank(row, 4, None, styles["open_number"])
