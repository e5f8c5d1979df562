"""Who appraises what: parts of the set to agencies, and who stands in for an agency's own submission."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from cms import clock
from cms.exceptions import PermissionRefused, PortalError
from cms.models import Unit
from submissions.desk_forms import AssignForm, SubstituteForm
from submissions.domain.appraisal_queue import workload_by_agency
from submissions.domain.assignment import (
    AssignmentMap,
    assign,
    assign_defaults,
    node_codes,
    set_substitute,
    unassign,
)
from submissions.domain.units_meant import unit_meant
from submissions.models import AssessmentRound
from submissions.views.access import attempt, round_for
from submissions.views.rounds import frame


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def assignments(request: HttpRequest, code: str) -> HttpResponse:
    """Show which agency appraises what, and change it."""
    round_ = round_for(request, code)
    known = AssignmentMap(round_)
    parts = list(node_codes(known.definition).items())
    forms = {
        "assign": AssignForm(parts=[(code_, f"{code_} {name}") for code_, name in parts]),
        "substitute": SubstituteForm(
            auto_id="own-%s", agencies=Unit.objects.filter(appraisal_assignments__round=round_).distinct()
        ),
    }
    failed = False
    if request.method == "POST":
        answer = _assignment_act(request, round_, forms)
        if answer is not None:
            return answer
        failed = True
    rows = round_.assignments.select_related("agency")
    order = {code_: index for index, (code_, _name) in enumerate(parts)}
    names = dict(parts)
    context = {
        **frame(request, round_, "phan-cong"),
        **{f"{name}_form": form for name, form in forms.items()},
        "rows": sorted(
            ({"row": row, "name": names.get(row.code, "")} for row in rows),
            key=lambda item: order.get(item["row"].code, len(order)),
        ),
        "substitutes": round_.substitutes.select_related("agency", "substitute"),
        "unassigned": known.unassigned(),
        "own": known.own_without_substitute(),
        "agencies": workload_by_agency(round_),
    }
    return render(request, "submissions/rounds/assignments.html", context, status=422 if failed else 200)


def _assignment_act(request: HttpRequest, round_: AssessmentRound, forms: dict[str, Any]) -> HttpResponse | None:
    """Do what was asked; None where the form is to be shown again with its errors."""
    act = request.POST.get("viec", "")
    here = redirect("submissions:round_assignments", round_.code)
    if act == "mac-dinh":
        _assign_defaults(request, round_)
        return here
    if act == "bo":
        attempt(
            request,
            lambda: unassign(round=round_, code=request.POST.get("code", ""), user=request.user),
            _("The assignment is taken back."),
        )
        return here
    name, agency_field = ("substitute", "substitute") if act == "thay" else ("assign", "agency")
    form = forms[name] = type(forms[name])(
        request.POST,
        **(
            {"agencies": forms[name].fields["agency"].queryset, "auto_id": forms[name].auto_id}
            if name == "substitute"
            else {"parts": forms[name].fields["code"].choices}
        ),
    )
    if not form.is_valid():
        return None
    try:
        agency = unit_meant(owner=round_.owner, typed=form.cleaned_data[agency_field], day=clock.today())
        if name == "assign":
            assign(round=round_, code=form.cleaned_data["code"], agency=agency, user=request.user)
        else:
            set_substitute(round=round_, agency=form.cleaned_data["agency"], substitute=agency, user=request.user)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error(agency_field if refusal.code == "unknown_unit" else None, refusal.message)
        return None
    messages.success(request, _("%(agency)s is assigned.") % {"agency": agency.name})
    return here


def _assign_defaults(request: HttpRequest, round_: AssessmentRound) -> None:
    result = assign_defaults(round=round_, user=request.user)
    number = len(result.assigned)
    messages.success(
        request,
        ngettext("%(number)d part was assigned.", "%(number)d parts were assigned.", number) % {"number": number},
    )
    for code, agency in result.unknown:
        messages.warning(
            request,
            _("%(code)s: no valid unit has the code “%(agency)s” that the criteria set names.")
            % {"code": code, "agency": agency},
        )
