"""The files of a release: their names in the address, their types, and how each is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from publishing.domain import exports, packages, surveys
from publishing.models import IndexRelease


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of a release: its name in the address, its type, how it is made."""

    name: str
    content_type: str
    label: str | Promise
    make: Callable[[IndexRelease], bytes]
    computed_only: bool = False
    survey_only: bool = False


CSV = "text/csv; charset=utf-8"
FILES = (
    ExportFile("ket-qua.csv", CSV, gettext_lazy("Results, CSV (UTF-8)"), exports.results_csv),
    ExportFile(
        "ket-qua-excel.csv",
        CSV,
        gettext_lazy("Results, CSV for Excel (with byte order mark)"),
        partial(exports.results_csv, with_bom=True),
    ),
    ExportFile("diem.csv", CSV, gettext_lazy("All points, CSV (UTF-8)"), exports.scores_csv, computed_only=True),
    ExportFile(
        "ket-qua.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        gettext_lazy("Workbook (XLSX)"),
        exports.workbook,
    ),
    ExportFile("ket-qua.json", "application/json", gettext_lazy("Everything, JSON"), exports.release_json),
    ExportFile("dieu-tra.csv", CSV, gettext_lazy("Survey, CSV (UTF-8)"), surveys.survey_csv, survey_only=True),
    ExportFile(
        "dieu-tra.json", "application/json", gettext_lazy("Survey, JSON"), surveys.survey_json, survey_only=True
    ),
    ExportFile(
        "goi-du-lieu.zip", "application/zip", gettext_lazy("Data package (Frictionless, ZIP)"), packages.data_package
    ),
)


def files_of(release: IndexRelease) -> list[ExportFile]:
    """Return the files that the release has."""
    return [
        file
        for file in FILES
        if (release.edition_id or not file.computed_only) and (release.has_survey or not file.survey_only)
    ]
