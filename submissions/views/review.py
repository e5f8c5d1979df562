"""Review, the leader's sign-off, sending, the receipt."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cms.exceptions import PermissionRefused, PortalError
from submissions.domain.answers import write_report_texts
from submissions.domain.content import content_of, content_sha256
from submissions.domain.gate import refusal
from submissions.domain.sending import find_receipt, last_receipt, send
from submissions.domain.sign_off import sign_off, void
from submissions.domain.signed_reports import attach_scan
from submissions.enums import WriteAction
from submissions.exceptions import AlreadySent, StaleWrite
from submissions.forms import ReasonForm, ReplaceForm, ReportTextForm
from submissions.models import SignOff, Submission
from submissions.views.cards import answers_of, leaf_card
from submissions.views.pages import FormPlace, form_screen


@form_screen
@require_safe
def review(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """Show the whole form as it would be signed: what is missing, all answers, difficulties, the hash."""
    return _review_screen(request, place)


@form_screen
@require_POST
def report_texts(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """Save difficulties and proposals."""
    form = ReportTextForm(request.POST)
    if not form.is_valid():
        return _review_screen(request, place, texts=form, status=422)
    try:
        write_report_texts(
            user=place.user,
            submission=place.submission,
            expected_version=form.cleaned_data["version"],
            difficulties=form.cleaned_data["difficulties"],
            proposals=form.cleaned_data["proposals"],
        )
    except StaleWrite as stale:
        data = request.POST.dict()
        data["version"] = str(stale.current["version"])
        again = ReportTextForm(data)
        again.add_error(None, stale.message)
        return _review_screen(request, place, texts=again, stale=stale, status=409)
    except PermissionRefused:
        raise
    except PortalError as refused:
        form.add_error(None, refused.message)
        return _review_screen(request, place, texts=form, status=422)
    messages.success(request, _("Difficulties and proposals were saved."))
    return redirect("submissions:review", pk=place.submission.pk)


@form_screen
@require_POST
def sign(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """The leader signs off what the review page showed."""
    try:
        sign_off(user=place.user, submission=place.submission, expected_sha256=request.POST.get("sha256", ""))
    except PermissionRefused:
        raise
    except PortalError as refused:
        messages.error(request, refused.message)
        return redirect("submissions:review", pk=place.submission.pk)
    messages.success(request, _("The form is signed off. It can be sent now."))
    return redirect("submissions:review", pk=place.submission.pk)


@form_screen
@require_POST
def take_back(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """The leader takes back the sign-off, with a reason."""
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        void(user=place.user, submission=place.submission, reason=reason)
    except PermissionRefused:
        raise
    except PortalError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The sign-off was taken back; the form can be changed again."))
    return redirect("submissions:review", pk=place.submission.pk)


@form_screen
@require_POST
def send_form(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """Send what the leader signed. A second sending shows the first receipt."""
    try:
        send(user=place.user, submission=place.submission)
    except AlreadySent as sent:
        messages.warning(request, sent.message)
        return redirect("submissions:receipt", pk=place.submission.pk)
    except PermissionRefused:
        raise
    except PortalError as refused:
        messages.error(request, refused.message)
        return redirect("submissions:review", pk=place.submission.pk)
    messages.success(request, _("The form was sent. This is the receipt."))
    return redirect("submissions:receipt", pk=place.submission.pk)


@form_screen
@require_POST
def attach_signed_report(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """Attach the scan of the report that was signed on paper."""
    back = "submissions:receipt" if place.is_sent else "submissions:review"
    sent = request.FILES.get("file")
    if sent is None:
        messages.error(request, _("Choose a PDF file first."))
        return redirect(back, pk=place.submission.pk)
    try:
        attach_scan(user=place.user, submission=place.submission, content=sent, name=sent.name or "")
    except PermissionRefused:
        raise
    except PortalError as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The signed report is attached."))
    return redirect(back, pk=place.submission.pk)


@form_screen
@require_safe
def receipt(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """Show the newest receipt, with the address at which anybody can verify it."""
    found = last_receipt(place.submission)
    if found is None:
        messages.info(request, _("The form was not sent yet."))
        return redirect("submissions:overview", pk=place.submission.pk)
    earlier = place.submission.receipts.exclude(pk=found.pk).select_related("sent_by")
    return render(
        request,
        "submissions/workspace/receipt.html",
        place.context(
            receipt=found,
            earlier=earlier,
            **_scan_context(place, found.sign_off),
            crumbs=place.crumbs(),
            verify_url=settings.PORTAL_BASE_URL.rstrip("/") + reverse("receipts:verify_token", args=[found.token]),
        ),
    )


@require_safe
def verify(request: HttpRequest, token: str = "") -> HttpResponse:
    """Tell anybody whether a receipt is genuine: unit, round, time and hash, nothing of the content."""
    typed = str(token or request.GET.get("so", "")).strip()
    found = find_receipt(typed) if typed else None
    valid = None
    if found is not None:
        submission: Submission = found.submission
        newer = submission.receipts.filter(sent_at__gt=found.sent_at).order_by("sent_at").first()
        valid = {"newer": newer}
    return render(
        request,
        "submissions/verify.html",
        {"typed": typed[:100], "receipt": found, "valid": valid},
        status=404 if typed and found is None else 200,
    )


def _scan_context(place: FormPlace, signed: SignOff | None) -> dict[str, Any]:
    """The scanned report beside a sign-off, and whether one can be attached now."""
    scan = signed.scan if signed else None
    refused = refusal(user=place.user, submission=place.submission, code=None, action=WriteAction.SCAN)
    return {
        "scan": {"file": scan} if scan else None,
        "may_scan": signed is not None and refused is None,
        "scan_form": ReplaceForm(),
    }


def _review_screen(
    request: HttpRequest,
    place: FormPlace,
    *,
    texts: ReportTextForm | None = None,
    stale: StaleWrite | None = None,
    status: int = 200,
) -> HttpResponse:
    submission = place.submission
    content = content_of(submission)
    codes = [leaf.code for leaf in place.definition.leaves]
    answers = answers_of(submission, codes)
    sections = [
        {
            "domain": domain,
            "progress": next((d for d in place.progress.domains if d.code == domain.code), None),
            "cards": [
                leaf_card(
                    submission=submission,
                    definition=place.definition,
                    code=leaf.code,
                    answer=answers.get(leaf.code),
                    progress=place.progress,
                    is_open=False,
                )
                for leaf in domain.leaves
            ],
        }
        for domain in place.definition.domains
    ]
    lacking = [card for section in sections for card in section["cards"] if card.lack]
    texts = texts or ReportTextForm(
        initial={
            "difficulties": submission.difficulties,
            "proposals": submission.proposals,
            "version": submission.report_version,
        }
    )
    user = place.user
    return render(
        request,
        "submissions/workspace/review.html",
        place.context(
            sections=sections,
            lacking=lacking,
            sha256=content_sha256(content),
            texts=texts,
            stale=stale,
            texts_refusal=refusal(user=user, submission=submission, code=None, action=WriteAction.REPORT),
            sign_refusal=refusal(user=user, submission=submission, code=None, action=WriteAction.SIGN_OFF),
            send_refusal=refusal(user=user, submission=submission, code=None, action=WriteAction.SEND),
            take_back_refusal=refusal(user=user, submission=submission, code=None, action=WriteAction.TAKE_BACK),
            voided=submission.sign_offs.filter(voided_at__isnull=False).first(),
            reason_form=ReasonForm(),
            **_scan_context(place, place.signed),
            crumbs=place.crumbs(),
        ),
        status=status,
    )
