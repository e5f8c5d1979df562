"""Bonus and penalty, and the papers of a round."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cms.domain.files import clean_name, store_file
from cms.enums import FileKind, Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import StoredFile
from cms.numbers import exact, parse_id
from cms.permissions import require_role
from submissions.desk_forms import AdjustmentForm
from submissions.domain.adjustments import OPEN_STATES, record_adjustment, standing_adjustments, withdraw_adjustment
from submissions.domain.definitions import definition_of_round
from submissions.domain.pdf_check import check_pdf
from submissions.domain.round_access import require_scores
from submissions.enums import ParticipantStatus, RoundState
from submissions.models import Adjustment, AssessmentRound
from submissions.views.access import attempt, round_for
from submissions.views.rounds import frame

#: Refusals that are about the points as they were typed.
ABOUT_POINTS = ("points_out_of_range", "above_cap", "blank", "too_long", "grouped", "not_a_number")
_CORRECTED = gettext_lazy(
    "The correction stands in the ledger. What was published stays; now build the correcting release."
)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def adjustments(request: HttpRequest, code: str) -> HttpResponse:
    """Show, give and withdraw bonus and penalty points."""
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    participants = round_.participants.exclude(status=ParticipantStatus.NOT_ASSESSED).select_related("unit")
    is_final = round_.state == RoundState.FINALISED
    # What the address asks for, not what the round allows: the domain refuses with a sentence.
    corrects = request.POST.get("viec", "").startswith("dinh-chinh") if request.method == "POST" else is_final
    form = AdjustmentForm(participants=participants, corrects=corrects)
    if request.method == "POST" and request.POST.get("viec") in {"rut", "dinh-chinh-rut"}:
        row = Adjustment.objects.filter(participant__round=round_, pk=_number(request.POST.get("muc"))).first()
        if row is None:
            raise Http404
        attempt(
            request,
            lambda: withdraw_adjustment(
                adjustment=row,
                reason=request.POST.get("ly-do", ""),
                user=request.user,
                decision=request.POST.get("quyet-dinh", "") if corrects else None,
            ),
            _CORRECTED if corrects else _("The entry is withdrawn."),
        )
        return redirect("submissions:round_adjustments", round_.code)
    if request.method == "POST":
        form = AdjustmentForm(request.POST, request.FILES, participants=participants, corrects=corrects)
        if form.is_valid() and _adjust(request, round_, form):
            return redirect("submissions:round_adjustments", round_.code)
    definition = definition_of_round(round_)
    context = {
        **frame(request, round_, "cong-tru"),
        "form": form,
        "rows": standing_adjustments(round_),
        "bonus_cap": definition.bonus_cap,
        "penalty_cap": definition.penalty_cap,
        "is_open": round_.state in OPEN_STATES,
        "is_final": is_final,
    }
    return render(request, "submissions/rounds/adjustments.html", context, status=422 if form.errors else 200)


def _adjust(request: HttpRequest, round_: AssessmentRound, form: AdjustmentForm) -> bool:
    data = form.cleaned_data
    require_role(request.user, Role.SECRETARIAT, unit=round_.owner)
    try:
        # A refused entry takes its document back with it.
        with transaction.atomic():
            entry = record_adjustment(
                participant=data["participant"],
                kind=data["kind"],
                points=data["points"],
                reason=data["reason"],
                evidence=store_attachment(request, round_, data["evidence"]) if data["evidence"] else None,
                user=request.user,
                decision=data.get("decision"),
            )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        names = {
            "reason_missing": "reason",
            **dict.fromkeys(ABOUT_POINTS, "points"),
            "decision_missing": "decision",
        }
        form.add_error(names.get(refusal.code), refusal.message)
        return False
    told = _("%(kind)s of %(points)s points for %(unit)s is entered.") % {
        "kind": entry.get_kind_display(),
        "points": exact(entry.points),
        "unit": data["participant"].unit.name,
    }
    messages.success(request, f"{told} {_CORRECTED}" if "decision" in data else told)
    return True


def store_attachment(request: HttpRequest, round_: AssessmentRound, upload: Any) -> StoredFile:
    """Check an uploaded PDF and keep it as a paper of the round."""
    findings = check_pdf(upload, name=clean_name(upload.name))
    return store_file(
        kind=FileKind.ATTACHMENT,
        content=upload,
        name=upload.name,
        owner_unit=round_.owner,
        user=request.user,
        inspection=findings.to_json(),
        content_type="application/pdf",
    )


def _number(text: str | None) -> int:
    return parse_id(text) or 0
