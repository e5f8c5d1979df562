"""The data page of a release and its files."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from publishing.domain import exports, queries, representation, sharing
from publishing.domain.files import files_of
from publishing.models import IndexRelease
from publishing.views.access import ReleaseAbsent, released


@released
def data_page(request: HttpRequest, release: IndexRelease) -> HttpResponse:
    """Show what can be taken away, what the columns mean, and how to cite it."""
    context = {
        "release": release,
        "files": files_of(release),
        "dictionary": exports.dictionary(release),
        "citation": sharing.citation(release),
        "address": representation.release_address(release),
        "licence": representation.LICENCE,
        "licence_url": representation.LICENCE_URL,
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
    content = release.survey.sha256 if file.survey_only else release.rows_sha256
    response["ETag"] = f'"{content[:32]}-{name}-{language}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
