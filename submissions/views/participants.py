"""One unit of a round on the secretariat's desk: form, scores by leaf, more time, status."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cms.exceptions import PermissionRefused, PortalError
from criteria_pages.scoring import compute_index
from submissions.desk_forms import ExtensionForm, StatusForm
from submissions.domain.assignment import AssignmentMap
from submissions.domain.definitions import definition_for
from submissions.domain.extensions import grant_extension
from submissions.domain.ledger import AdjustmentTotals, current_entries, final_points
from submissions.domain.ledger import adjustments as adjustment_totals
from submissions.domain.round_access import require_scores
from submissions.domain.rounds import set_participant_status
from submissions.models import AssessmentRound, Participant
from submissions.views.access import round_for
from submissions.views.rounds import frame


def _participant(round_: AssessmentRound, pk: int) -> Participant:
    found = (
        round_.participants.select_related("unit__tier", "round__edition", "round__owner", "submission")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404
    return found


@login_required
@require_safe
def participant_page(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Show one unit of the round: form, scores by leaf, extensions, status."""
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    who = _participant(round_, pk)
    return _participant_response(request, round_, who)


def _participant_response(
    request: HttpRequest,
    round_: AssessmentRound,
    who: Participant,
    *,
    extension: ExtensionForm | None = None,
    status_form: StatusForm | None = None,
    status: int = 200,
) -> HttpResponse:
    definition = definition_for(who)
    entries = current_entries(who)
    points = final_points(round_, only=[who.pk])[who.pk]
    extra = adjustment_totals(round_).get(who.pk, AdjustmentTotals())
    assignments = AssignmentMap(round_)
    domains = [
        {
            "domain": domain,
            "leaves": [
                {
                    "leaf": leaf,
                    "entry": entries.get(leaf.code),
                    "agency": assignments.agency_for(leaf.code, unit_id=who.unit_id),
                }
                for leaf in domain.leaves
            ],
        }
        for domain in definition.domains
    ]
    result = compute_index(definition, points, bonus=extra.bonus, penalty=extra.penalty)
    context = {
        **frame(request, round_, "don-vi"),
        "participant": who,
        "submission": getattr(who, "submission", None),
        "domains": domains,
        "result": result,
        # Nothing scored yet is no figure; it is never shown as zero.
        "points_now": result.points if len(result.missing) < len(definition.leaves) else None,
        "index_now": result.index if len(result.missing) < len(definition.leaves) else None,
        "extensions": who.extensions.select_related("granted_by", "reopens"),
        "extension_form": extension or _extension_form(who),
        "status_form": status_form or StatusForm(initial={"status": who.status, "reason": who.reason}),
    }
    return render(request, "submissions/rounds/participant.html", context, status=status)


def _extension_form(who: Participant, data: Any = None) -> ExtensionForm:
    definition = definition_for(who)
    return ExtensionForm(
        data,
        domains=[(domain.code, domain.name) for domain in definition.domains],
        leaves=[(leaf.code, leaf.name) for leaf in definition.leaves],
    )


@login_required
@require_POST
def extend(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Give one unit more time."""
    round_ = round_for(request, code)
    who = _participant(round_, pk)
    form = _extension_form(who, request.POST)
    if form.is_valid():
        scope, part = form.scope()
        try:
            granted = grant_extension(
                participant=who,
                phase=form.cleaned_data["phase"],
                scope=scope,
                code=part,
                until=form.cleaned_data["until"],
                reason=form.cleaned_data["reason"],
                reopen=form.cleaned_data["reopen"],
                user=request.user,
            )
        except PermissionRefused:
            raise
        except PortalError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(
                request, _("%(unit)s has more time: %(extension)s.") % {"unit": who.unit.name, "extension": granted}
            )
            return redirect("submissions:round_participant", round_.code, who.pk)
    return _participant_response(request, round_, who, extension=form, status=422)


@login_required
@require_POST
def set_status(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Say whether the unit is assessed and ranked."""
    round_ = round_for(request, code)
    who = _participant(round_, pk)
    form = StatusForm(request.POST)
    if form.is_valid():
        try:
            set_participant_status(
                participant=who,
                status=form.cleaned_data["status"],
                reason=form.cleaned_data["reason"],
                user=request.user,
            )
        except PermissionRefused:
            raise
        except PortalError as refusal:
            form.add_error("reason" if refusal.code == "reason_missing" else None, refusal.message)
        else:
            messages.success(request, _("The status of %(unit)s is changed.") % {"unit": who.unit.name})
            return redirect("submissions:round_participant", round_.code, who.pk)
    return _participant_response(request, round_, who, status_form=form, status=422)
