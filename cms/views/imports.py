"""The screens of an import: choose, upload, see what the check found, confirm, see what was done."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cms.domain.files import XLSX_TYPE
from cms.jobs.context import live_progress
from cms.models import JobRun
from cms.spreadsheets import imports
from cms.spreadsheets.imports import ImportKind
from cms.text import fold


class UploadForm(forms.Form):
    """One file."""

    file = forms.FileField(
        label=gettext_lazy("Excel or CSV file"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        allow_empty_file=True,
    )

    def clean_file(self) -> Any:
        """Refuse at once what is too large; everything else is the check's business."""
        upload = self.cleaned_data["file"]
        if upload.size > settings.PORTAL_IMPORT_MAX_BYTES:
            raise ValidationError(
                _("The file is larger than %(size)d MB.") % {"size": settings.PORTAL_IMPORT_MAX_BYTES // 1024 // 1024}
            )
        return upload


@login_required
@require_safe
def kinds(request: HttpRequest) -> HttpResponse:
    """List what the user may import without further choice, and the imports made so far."""
    recent = JobRun.objects.filter(created_by=request.user, task=imports.CHECK_JOB)[:20]
    return render(request, "cms/imports/kinds.html", {"kinds": imports.usable_kinds(request.user), "recent": recent})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, kind: str) -> HttpResponse:
    """Show what the file must look like, and take it."""
    found, context = _kind(kind), _context(request, kind)
    imports.require_permission(found, request.user, context)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        job = imports.start_check(kind=found, content=upload, name=upload.name, context=context, user=request.user)
        return redirect("cms:import_preview", kind=kind, pk=job.pk)
    return render(
        request,
        "cms/imports/start.html",
        {"kind": found, "form": form, "query": urlencode(context), "limits": _limits(), "trail": _trail()},
    )


@login_required
@require_safe
def template_file(request: HttpRequest, kind: str) -> HttpResponse:
    """Send the empty workbook."""
    found, context = _kind(kind), _context(request, kind)
    imports.require_permission(found, request.user, context)
    buffer = io.BytesIO()
    imports.write_template(found, buffer, context)
    return _workbook(buffer, f"{fold(str(found.title)).replace(' ', '-')}.xlsx")


@login_required
@never_cache
@require_safe
def preview(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Show where the check or the import is, what was found, and the button to confirm."""
    check = _check_for(request, kind, pk)
    found = _kind(kind)
    applied = JobRun.objects.filter(key=imports.apply_key(check)).select_related("created_by").first()
    job = live_progress(applied or check)
    response = render(
        request,
        "cms/imports/preview.html",
        {
            "kind": found,
            "check": check,
            "applied": applied,
            "job": job,
            "report": (applied.report if applied and applied.report else check.report),
            "clean": imports.is_clean(check.report),
            "problems": _problems(found, check.report),
            "trail": _trail(),
            "sample": _sample(found, check.report),
            "query": urlencode(check.arguments["context"]),
            "done_url": found.done_url(check.arguments["context"]) if found.done_url else "",
        },
    )
    if job.is_finished and request.headers.get("HX-Request"):
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_safe
def problems_file(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Send the problems as a workbook."""
    check = _check_for(request, kind, pk)
    buffer = io.BytesIO()
    imports.write_problems(_kind(kind), check.report, buffer)
    return _workbook(buffer, "loi.xlsx")


@login_required
@require_POST
def apply(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Confirm: import the bytes that were checked."""
    imports.start_apply(check=_check_for(request, kind, pk), user=request.user)
    return redirect("cms:import_preview", kind=kind, pk=pk)


def _kind(kind: str) -> ImportKind:
    try:
        return imports.get_import(kind)
    except LookupError:
        raise Http404 from None


def _context(request: HttpRequest, kind: str) -> dict[str, str]:
    names = _kind(kind).context_names
    context = {name: str(request.GET[name])[:100] for name in names if name in request.GET}
    if len(context) != len(names):
        raise Http404
    return context


def _check_for(request: HttpRequest, kind: str, pk: int) -> JobRun:
    """Return the user's own check; another's number shows nothing."""
    check = JobRun.objects.select_related("source_file").filter(
        pk=pk, task=imports.CHECK_JOB, created_by=request.user, arguments__kind=kind
    )
    found = check.first()
    if found is None:
        raise Http404
    imports.require_permission(_kind(kind), request.user, found.arguments["context"])
    return found


def _trail() -> list[dict[str, str]]:
    return [{"title": _("Imports"), "url": reverse("cms:imports")}]


def _problems(kind: ImportKind, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    labels = {column.name: str(column.label) for column in kind.columns}
    return [{**problem, "label": labels.get(problem["column"], "")} for problem in report.get("problems", [])]


def _sample(kind: ImportKind, report: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the sample into headers and rows of cells for a table."""
    rows = report.get("sample", [])
    names = [column.name for column in kind.columns if any(column.name in row["values"] for row in rows)]
    labels = {column.name: str(column.label) for column in kind.columns}
    return {
        "headers": [labels[name] for name in names],
        "rows": [
            {
                "row": row["row"],
                "action": row["action"],
                "cells": [
                    {
                        "value": row["values"].get(name, ""),
                        "changed": row["action"] == "changed"
                        and name in row["before"]
                        and row["before"][name] != row["values"].get(name, ""),
                        "before": row["before"].get(name, ""),
                    }
                    for name in names
                ],
            }
            for row in rows
        ],
    }


def _limits() -> dict[str, int]:
    return {
        "megabytes": settings.PORTAL_IMPORT_MAX_BYTES // 1024 // 1024,
        "rows": settings.PORTAL_IMPORT_MAX_ROWS,
    }


def _workbook(buffer: io.BytesIO, name: str) -> HttpResponse:
    response = HttpResponse(buffer.getvalue(), content_type=XLSX_TYPE)
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response
