"""The data page of a release and its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from publishing.domain import exports, packages, queries
from publishing.models import IndexRelease
from publishing.views.access import ReleaseAbsent, released


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of a release: its name in the address, its type, how it is made."""

    name: str
    content_type: str
    label: str | Promise
    make: Callable[[IndexRelease], bytes]
    computed_only: bool = False


CSV = "text/csv; charset=utf-8"
FILES = (
    ExportFile("ket-qua.csv", CSV, gettext_lazy("Results, CSV (UTF-8)"), exports.results_csv),
    ExportFile(
        "ket-qua-excel.csv",
        CSV,
        gettext_lazy("Results, CSV for Excel (with byte order mark)"),
        lambda release: exports.results_csv(release, with_bom=True),
    ),
    ExportFile("diem.csv", CSV, gettext_lazy("All points, CSV (UTF-8)"), exports.scores_csv, computed_only=True),
    ExportFile(
        "ket-qua.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        gettext_lazy("Workbook (XLSX)"),
        exports.workbook,
    ),
    ExportFile("ket-qua.json", "application/json", gettext_lazy("Everything, JSON"), exports.release_json),
    ExportFile(
        "goi-du-lieu.zip", "application/zip", gettext_lazy("Data package (Frictionless, ZIP)"), packages.data_package
    ),
)


def files_of(release: IndexRelease) -> list[ExportFile]:
    """Return the files that the release has."""
    return [file for file in FILES if release.edition_id or not file.computed_only]


@released
def data_page(request: HttpRequest, release: IndexRelease) -> HttpResponse:
    """Show what can be taken away, what the columns mean, and how to cite it."""
    context = {
        "release": release,
        "files": files_of(release),
        "dictionary": exports.dictionary(release),
        "source": exports.source_of(release),
        "address": exports.release_address(release),
        "licence": exports.LICENCE,
        "licence_url": exports.LICENCE_URL,
        "correction": queries.correction_of(release),
    }
    return render(request, "publishing/data.html", context)


@released
def download(request: HttpRequest, release: IndexRelease, name: str) -> HttpResponse:
    """Send a file of the release. The embargo was asked at the door."""
    file = next((file for file in files_of(release) if file.name == name), None)
    if file is None:
        raise ReleaseAbsent(_("There is no such file."))
    response = HttpResponse(file.make(release), content_type=file.content_type)
    response["Content-Disposition"] = f'attachment; filename="{release.slug}-{name}"'
    language = get_language() if name.endswith((".xlsx", ".zip")) else "vi"
    response["ETag"] = f'"{release.rows_sha256[:32]}-{name}-{language}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
