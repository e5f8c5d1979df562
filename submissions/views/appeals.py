"""Appeals against scores of a finalised round: what was asked, what was decided."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.numbers import exact, parse_id
from cms.permissions import require_role
from submissions.appeal_forms import PeriodForm
from submissions.desk_forms import AppealForm
from submissions.domain.appeals import appeals_of, decide_appeal
from submissions.domain.appraisal_gate import when
from submissions.domain.definitions import definition_for, definition_of_round
from submissions.domain.ledger import current_entry
from submissions.domain.round_access import require_scores
from submissions.domain.unit_appeals import answer_filing, filings_of_round, set_appeal_period
from submissions.enums import AppealOutcome, ParticipantStatus, RoundState
from submissions.models import AppealPeriod, AssessmentRound, FiledAppeal, Participant
from submissions.views.access import attempt, round_for
from submissions.views.rounds import frame

# What is posted beside a decision: the time for appeals, an appeal admitted, an appeal not admitted.
_ACTS = ("thoi-han", "nhan", "khong-nhan")
_ABOUT_POINTS = {"nothing_changes", "points_out_of_range", "blank", "too_long", "grouped", "not_a_number"}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def appeals(request: HttpRequest, code: str) -> HttpResponse:
    """List the appeals of a round, filed and decided; set their time, answer one that was filed, decide one.

    To decide: choose unit and criterion, or an admitted appeal; read what counts now; decide.
    """
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    period_form = _period_form(request, round_)
    if request.method == "POST" and request.POST.get("viec") in _ACTS:
        about_time = request.POST["viec"] == "thoi-han"
        done = _set_period(request, round_, period_form) if about_time else _answer(request, round_)
        if done:
            return redirect("submissions:round_appeals", round_.code)
    chosen = _chosen(request, round_)
    form = _decision_form(request, round_, chosen)
    if form is not None and form.is_bound and form.is_valid() and _decide(request, chosen, form):
        return redirect("submissions:round_appeals", round_.code)
    context = {
        **frame(request, round_, "kien-nghi"),
        "rows": appeals_of(round_),
        "filings": filings_of_round(round_),
        "period": AppealPeriod.objects.filter(round=round_).first(),
        "period_form": period_form,
        "is_final": round_.state == RoundState.FINALISED,
        "participants": round_.participants.exclude(status=ParticipantStatus.NOT_ASSESSED).select_related("unit"),
        "leaves": definition_of_round(round_).leaves,
        "chosen": chosen,
        "form": form,
    }
    status = 422 if period_form.errors or (form is not None and form.errors) else 200
    return render(request, "submissions/rounds/appeals.html", context, status=status)


def _decision_form(request: HttpRequest, round_: AssessmentRound, chosen: dict[str, Any] | None) -> AppealForm | None:
    """The form of the decision, with what the unit filed where it did; None where nothing is chosen."""
    if chosen is None:
        return None
    filing: FiledAppeal | None = chosen["filing"]
    initial = {"document": filing.document, "asked": filing.asked[:2000]} if filing else None
    posted = request.method == "POST" and request.POST.get("viec") not in _ACTS
    if posted:
        require_role(request.user, Role.SECRETARIAT, unit=round_.owner)
    return AppealForm(request.POST if posted else None, maximum=chosen["leaf"].maximum, initial=initial)


def _period_form(request: HttpRequest, round_: AssessmentRound) -> PeriodForm:
    posted = request.method == "POST" and request.POST.get("viec") == "thoi-han"
    period = AppealPeriod.objects.filter(round=round_).first()
    return PeriodForm(request.POST if posted else None, initial={"closes_at": period.closes_at} if period else None)


def _set_period(request: HttpRequest, round_: AssessmentRound, form: PeriodForm) -> bool:
    if not form.is_valid():
        return False
    closes_at = form.cleaned_data["closes_at"]
    try:
        set_appeal_period(round=round_, closes_at=closes_at, user=request.user)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error("closes_at", refusal.message)
        return False
    messages.success(request, _("Units may appeal until %(time)s; their leaders are told.") % {"time": when(closes_at)})
    return True


def _answer(request: HttpRequest, round_: AssessmentRound) -> bool:
    """Admit an appeal that a unit filed, or say why it is not; back to the list either way."""
    filing = _filing(round_, request.POST.get("muc"))
    if filing is None:
        raise Http404
    admitted = request.POST["viec"] == "nhan"
    attempt(
        request,
        lambda: answer_filing(
            user=request.user, filing=filing, admitted=admitted, answer=request.POST.get("tra-loi", "")
        ),
        _("The appeal %(reference)s is admitted; now it is decided.") % {"reference": filing.reference}
        if admitted
        else _("The appeal %(reference)s is not admitted; the unit reads why.") % {"reference": filing.reference},
    )
    return True


def _filing(round_: AssessmentRound, key: str | None) -> FiledAppeal | None:
    rows = FiledAppeal.objects.filter(participant__round=round_)
    return rows.select_related("participant__unit", "participant__round__owner").filter(pk=parse_id(key) or 0).first()


def _chosen(request: HttpRequest, round_: AssessmentRound) -> dict[str, Any] | None:
    """Return the unit and the leaf that an appeal is about with the score that counts; None where none is chosen."""
    filing = _filing(round_, request.GET.get("kien-nghi"))
    pk, code = request.GET.get("don-vi", ""), request.GET.get("tieu-chi", "")
    if filing is not None:
        pk, code = str(filing.participant_id), filing.code
    if round_.state != RoundState.FINALISED or not (pk.isdecimal() and code):
        return None
    rows = round_.participants.select_related("unit__tier", "round__edition", "round__owner")
    participant: Participant | None = rows.filter(pk=int(pk[:15])).first()
    if participant is None or not definition_for(participant).has_leaf(code):
        messages.error(request, _("This criterion is not asked of the unit."))
        return None
    leaf = definition_for(participant).leaf(code)
    return {"participant": participant, "leaf": leaf, "entry": current_entry(participant, code), "filing": filing}


def _decide(request: HttpRequest, chosen: dict[str, Any], form: AppealForm) -> bool:
    data = form.cleaned_data
    seen = request.POST.get("muc", "")
    try:
        appeal = decide_appeal(
            participant=chosen["participant"],
            code=chosen["leaf"].code,
            user=request.user,
            expected_entry_id=int(seen[:15]) if seen.isdecimal() else None,
            filing=chosen["filing"],
            **data,
        )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error("points" if refusal.code in _ABOUT_POINTS else None, refusal.message)
        return False
    if appeal.outcome == AppealOutcome.GRANTED:
        points = appeal.entry.points if appeal.entry else None
        messages.success(
            request,
            _("The score is corrected in the ledger: %(points)s points. Now build the correcting release.")
            % {"points": exact(points)},
        )
    else:
        messages.success(request, _("The rejection is recorded; the score stays as it was."))
    return True
