"""The Excel template of a unit's list of respondents, and reading it back."""

from __future__ import annotations

from typing import IO

from django.utils.translation import gettext as _

from cms.spreadsheets import Sheet, read_table, write_xlsx
from cms.text import fold
from submissions.domain.survey.lists import MAX_ROWS, ListedPerson, rows_of
from submissions.exceptions import SubmissionError
from submissions.models import RespondentList

# The headers of the template; offices know them in Vietnamese, whatever the language of the interface.
HEADERS = ("Họ và tên", "Chức vụ", "Cơ quan, tổ chức", "Thư điện tử công vụ", "Nhóm đối tượng", "Đơn vị được đánh giá")
_GROUPS = "Nhom doi tuong"
_FIELDS = ("name", "position", "organisation", "mail", "group", "rated")


def write_template(target: IO[bytes], *, respondent_list: RespondentList) -> None:
    """Write the list as a workbook: what was entered so far, groups by name from a drop-down list, and their sheet."""
    groups = list(respondent_list.survey.groups.listed())
    names = {group.code: group.name for group in groups}
    people = [
        [names[row.group] if name == "group" else getattr(row, name) for name in _FIELDS]
        for row in rows_of(respondent_list)
    ]
    write_xlsx(
        target,
        sheets=[
            Sheet(
                name="Danh sach",
                headers=HEADERS,
                rows=people,
                widths=(28, 22, 34, 30, 34, 22),
                choices={_FIELDS.index("group"): f"'{_GROUPS}'!$B$2:$B${len(groups) + 1}"},
            ),
            Sheet(
                name=_GROUPS,
                headers=("Mã nhóm", "Tên nhóm", "Ai được khảo sát"),
                rows=[[g.code, g.name, g.get_rule_display()] for g in groups],
                widths=(24, 50, 40),
            ),
        ],
    )


def read_workbook(source: IO[bytes], *, respondent_list: RespondentList) -> list[ListedPerson]:
    """Return the people of an uploaded workbook. A group may be given by code or by name.

    Raises SubmissionError naming missing or unknown columns, and SpreadsheetError for a file that cannot be read.
    """
    table = read_table(source, expected=HEADERS)
    wanted = {fold(header): name for header, name in zip(HEADERS, _FIELDS, strict=True)}
    found = {wanted[fold(header)]: header for header in table.headers if fold(header) in wanted}
    missing = [header for header, name in zip(HEADERS, _FIELDS, strict=True) if name not in found and name != "rated"]
    extra = [header for header in table.headers if fold(header) not in wanted]
    if missing or extra:
        raise SubmissionError(_columns_sentence(missing, extra), code="wrong_columns")
    if len(table) > MAX_ROWS:
        raise SubmissionError(_("A list holds at most %(limit)s people.") % {"limit": MAX_ROWS}, code="too_many")
    by_name = {fold(group.name): group.code for group in respondent_list.survey.groups.listed()}
    people = []
    for line, row in zip(table.numbers, table.dicts(), strict=True):
        texts = {name: _text(row.get(header)) for name, header in found.items()}
        texts["group"] = by_name.get(fold(texts["group"]), texts["group"])
        people.append(ListedPerson(**{**dict.fromkeys(_FIELDS, ""), **texts}, line=line))
    return people


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _columns_sentence(missing: list[str], extra: list[str]) -> str:
    parts = []
    if missing:
        parts.append(_("These columns are missing: %(columns)s.") % {"columns": ", ".join(missing)})
    if extra:
        parts.append(_("These columns are not in the template: %(columns)s.") % {"columns": ", ".join(extra)})
    return " ".join([*parts, _("Download the template and fill it in.")])
