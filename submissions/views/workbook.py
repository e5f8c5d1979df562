"""The unit's workbook: download, upload, see what it would change, take it over."""

from __future__ import annotations

import io
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cms.domain.files import is_intact, store_file
from cms.enums import FileKind
from cms.exceptions import PermissionRefused, PortalError
from cms.models import StoredFile
from criteria_pages.definition import Leaf
from submissions.domain.gate import refusal
from submissions.domain.workbook import LIMITS, Change, apply_workbook, plan_workbook
from submissions.domain.workbook_export import write_workbook
from submissions.enums import WriteAction
from submissions.views.cards import shown_inputs
from submissions.views.pages import FormPlace, form_screen

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@form_screen
@require_safe
def download(request: HttpRequest, place: FormPlace) -> HttpResponseBase:
    """Send the workbook with what is stored now."""
    target = io.BytesIO()
    write_workbook(submission=place.submission, target=target)
    target.seek(0)
    participant = place.submission.participant
    name = f"tu-danh-gia-{participant.round.code}-{participant.unit.code}.xlsx"
    return FileResponse(target, as_attachment=True, filename=name, content_type=XLSX)


@form_screen
@require_http_methods(["GET", "HEAD", "POST"])
def workbook(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """Offer the workbook; keep an uploaded one and show what it would change."""
    problem = ""
    closed = refusal(user=place.user, submission=place.submission, code=None, action=WriteAction.REPORT)
    if request.method == "POST":
        sent = request.FILES.get("file")
        if closed is not None:
            problem = closed.message
        elif sent is None:
            problem = _("Choose the filled workbook first.")
        elif sent.size is None or sent.size > LIMITS.size:
            problem = _("The file is larger than %(size)d MB.") % {"size": LIMITS.size // 1024**2}
        else:
            try:
                plan_workbook(submission=place.submission, source=sent.file)
                stored = store_file(
                    kind=FileKind.IMPORT,
                    content=sent,
                    name=sent.name or "",
                    owner_unit=place.submission.participant.unit,
                    user=place.user,
                )
            except PortalError as refused:
                problem = refused.message
            else:
                return redirect("submissions:workbook_preview", pk=place.submission.pk, uid=stored.uid)
    return render(
        request,
        "submissions/workspace/workbook.html",
        place.context(problem=problem, closed=closed, crumbs=place.crumbs()),
        status=422 if problem else 200,
    )


@form_screen
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, place: FormPlace, uid: UUID) -> HttpResponse:
    """Show what an uploaded workbook would change; take over exactly those bytes."""
    stored = StoredFile.objects.filter(
        uid=uid,
        kind=FileKind.IMPORT,
        owner_unit=place.submission.participant.unit,
        uploaded_by=place.user,
    ).first()
    if stored is None or not is_intact(stored):
        raise Http404
    if request.method == "POST":
        try:
            changed = apply_workbook(
                user=place.user,
                submission=place.submission,
                source=stored,
                take_file=request.POST.get("conflicts") == "file",
            )
        except PermissionRefused:
            raise
        except PortalError as refused:
            messages.error(request, refused.message)
        else:
            text = ngettext(
                "%(number)d criterion was taken over.", "%(number)d criteria were taken over.", len(changed)
            )
            messages.success(request, text % {"number": len(changed)})
            return redirect("submissions:overview", pk=place.submission.pk)
    plan = plan_workbook(submission=place.submission, source=stored)
    return render(
        request,
        "submissions/workspace/workbook_preview.html",
        place.context(
            plan=plan,
            stored=stored,
            rows=[_row(place.definition.leaf(change.code), change) for change in plan.changes],
            crumbs=place.crumbs(),
        ),
    )


def _row(leaf: Leaf, change: Change) -> dict[str, object]:
    return {
        "change": change,
        "before": shown_inputs(leaf, change.before),
        "after": shown_inputs(leaf, change.after),
    }
