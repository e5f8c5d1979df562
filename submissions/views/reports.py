"""The unit's report as PDF and Word: at once where it is short, as a background job where it is long."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from csp.decorators import csp_replace

from cms import clock, jobs
from cms.domain.files import DOCX_TYPE
from cms.numbers import parse_id
from cms.security import FILE_POLICY
from submissions.domain.unit_report import QUICK_LETTERS, report_name, report_size, unit_report, write
from submissions.models import Receipt
from submissions.views.pages import FormPlace, form_screen

TYPES = {"pdf": "application/pdf", "docx": DOCX_TYPE}


@form_screen
@require_safe
def report(request: HttpRequest, place: FormPlace, kind: str) -> HttpResponse:
    """Send the report: of what was sent (the newest, or `?bien-nhan=KEY`), or of the draft as it stands now."""
    if kind not in TYPES:
        raise Http404
    receipt = _receipt(request, place)
    document = unit_report(place.submission, receipt)
    if report_size(document) > QUICK_LETTERS:
        return _as_job(request, place, kind, receipt)
    response = csp_replace(FILE_POLICY)(_send)(request, write(document, kind), TYPES[kind])
    name = report_name(place.submission, receipt, kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _send(request: HttpRequest, content: bytes, content_type: str) -> HttpResponse:
    return HttpResponse(content, content_type=content_type)


def _receipt(request: HttpRequest, place: FormPlace) -> Receipt | None:
    """The sending that the report is of; None for the draft. Raises Http404 for a receipt of another form."""
    named = request.GET.get("bien-nhan")
    if named is None:
        return place.receipt if place.is_sent else None
    found = place.submission.receipts.filter(pk=parse_id(named) or 0).select_related("sign_off__signed_by").first()
    if found is None:
        raise Http404
    return found


def _as_job(request: HttpRequest, place: FormPlace, kind: str, receipt: Receipt | None) -> HttpResponse:
    run = jobs.enqueue(
        "submissions.unit_report",
        arguments={"submission_id": place.submission.pk, "receipt_id": receipt.pk if receipt else None, "kind": kind},
        key=f"unit-report-{place.submission.pk}-{kind}-{clock.now():%Y%m%d%H%M%S%f}-{place.user.pk}",
        user=place.user,
        title=_("Report of %(unit)s") % {"unit": place.submission.participant.unit.name},
        unit=place.submission.participant.unit,
    )
    return redirect("cms:job", run.pk)
