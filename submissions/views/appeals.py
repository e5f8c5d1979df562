"""Appeals against scores of a finalised round: what was asked, what was decided."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.permissions import require_role
from submissions.desk_forms import AppealForm
from submissions.domain.appeals import appeals_of, decide_appeal
from submissions.domain.definitions import definition_for, definition_of_round
from submissions.domain.ledger import current_entry
from submissions.domain.round_access import require_scores
from submissions.enums import AppealOutcome, ParticipantStatus, RoundState
from submissions.models import AssessmentRound, Participant
from submissions.views.access import round_for
from submissions.views.rounds import frame

_ABOUT_POINTS = {"nothing_changes", "points_out_of_range", "blank", "too_long", "grouped", "not_a_number"}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def appeals(request: HttpRequest, code: str) -> HttpResponse:
    """List the appeals of a round. To decide one: choose unit and criterion, read what counts now, decide."""
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    chosen = _chosen(request, round_)
    form = None
    if chosen is not None:
        form = AppealForm(request.POST or None, maximum=chosen["leaf"].maximum)
        if request.method == "POST":
            require_role(request.user, Role.SECRETARIAT, unit=round_.owner)
            if form.is_valid() and _decide(request, chosen, form):
                return redirect("submissions:round_appeals", round_.code)
    context = {
        **frame(request, round_, "kien-nghi"),
        "rows": appeals_of(round_),
        "is_final": round_.state == RoundState.FINALISED,
        "participants": round_.participants.exclude(status=ParticipantStatus.NOT_ASSESSED).select_related("unit"),
        "leaves": definition_of_round(round_).leaves,
        "chosen": chosen,
        "form": form,
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "submissions/rounds/appeals.html", context, status=status)


def _chosen(request: HttpRequest, round_: AssessmentRound) -> dict[str, Any] | None:
    """Return the unit and the leaf that an appeal is about with the score that counts; None where none is chosen."""
    pk, code = request.GET.get("don-vi", ""), request.GET.get("tieu-chi", "")
    if round_.state != RoundState.FINALISED or not (pk.isdecimal() and code):
        return None
    rows = round_.participants.select_related("unit__tier", "round__edition", "round__owner")
    participant: Participant | None = rows.filter(pk=int(pk[:15])).first()
    if participant is None or not definition_for(participant).has_leaf(code):
        messages.error(request, _("This criterion is not asked of the unit."))
        return None
    leaf = definition_for(participant).leaf(code)
    return {"participant": participant, "leaf": leaf, "entry": current_entry(participant, code)}


def _decide(request: HttpRequest, chosen: dict[str, Any], form: AppealForm) -> bool:
    data = form.cleaned_data
    seen = request.POST.get("muc", "")
    try:
        appeal = decide_appeal(
            participant=chosen["participant"],
            code=chosen["leaf"].code,
            user=request.user,
            expected_entry_id=int(seen[:15]) if seen.isdecimal() else None,
            **data,
        )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error("points" if refusal.code in _ABOUT_POINTS else None, refusal.message)
        return False
    if appeal.outcome == AppealOutcome.GRANTED:
        messages.success(request, _("The score is corrected in the ledger. Now build the correcting release."))
    else:
        messages.success(request, _("The rejection is recorded; the score stays as it was."))
    return True
