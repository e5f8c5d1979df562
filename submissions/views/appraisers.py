"""Whose part is whose within an agency: the secretariat's screen with the workload, an appraiser's own hand-over."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cms.exceptions import PermissionRefused, PortalError
from cms.models import Unit, User
from cms.numbers import parse_id
from submissions.domain.appraisal_queue import agency_loads, rounds_for
from submissions.domain.appraisers import (
    agencies_in,
    appraisers_of,
    assign_appraiser,
    end_assignment,
    hand_over,
    standing_assignments,
)
from submissions.domain.assignment import node_codes
from submissions.domain.definitions import definition_of_round
from submissions.domain.second_readings import reading_loads
from submissions.enums import RoundState
from submissions.models import AppraiserAssignment, AssessmentRound
from submissions.views.access import attempt, round_for
from submissions.views.rounds import frame


class PartForm(forms.Form):
    """A part of an agency to one of its appraisers."""

    code = forms.ChoiceField(label=gettext_lazy("Domain, criterion or sub-criterion"))
    appraiser = forms.ModelChoiceField(label=gettext_lazy("Appraiser"), queryset=User.objects.none())

    def __init__(self, *args: Any, agency: Unit, parts: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, prefix=f"giao-{agency.pk}", **kwargs)
        self.fields["code"].choices = [(code, f"{code} {name[:90]}") for code, name in parts.items()]
        self.fields["appraiser"].queryset = appraisers_of(agency)


class HandOverForm(forms.Form):
    """All parts of one appraiser, or chosen ones, to a colleague, with a reason."""

    giver = forms.ModelChoiceField(label=gettext_lazy("From"), queryset=User.objects.none())
    taker = forms.ModelChoiceField(label=gettext_lazy("To"), queryset=User.objects.none())
    codes = forms.MultipleChoiceField(
        label=gettext_lazy("Parts"),
        help_text=gettext_lazy("All of them where none is chosen."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)

    def __init__(
        self, *args: Any, agency: Unit, rows: list[AppraiserAssignment], giver: User | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, prefix=f"ban-giao-{agency.pk}", **kwargs)
        self.agency, self.giver = agency, giver
        self.fields["taker"].queryset = appraisers_of(agency)
        mine = [row for row in rows if row.agency_id == agency.pk and giver in (None, row.appraiser)]
        self.fields["codes"].choices = [
            (row.code, row.code if giver else f"{row.code} – {row.appraiser}") for row in mine
        ]
        if giver is None:
            self.fields["giver"].queryset = User.objects.filter(pk__in={row.appraiser_id for row in mine})
        else:
            del self.fields["giver"]
            self.fields["taker"].queryset = appraisers_of(agency).exclude(pk=giver.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def round_appraisers(request: HttpRequest, code: str) -> HttpResponse:
    """Show the workload of each agency and appraiser; assign, give back and hand over."""
    round_ = round_for(request, code)
    names = node_codes(definition_of_round(round_))
    rows = list(standing_assignments(round_))
    agencies = agencies_in(round_)
    failed: dict[str, forms.Form] = {}
    if request.method == "POST":
        agency = next((unit for unit in agencies if str(unit.pk) == request.POST.get("co-quan")), None)
        if agency is None:
            raise Http404
        form = _act(request, round_, agency, names, rows)
        if form is None:
            return redirect("submissions:round_appraisers", round_.code)
        failed[form.prefix or ""] = form
    loads = {load.agency.pk: load for load in agency_loads(round_)}
    read = reading_loads(round_)
    parts = []
    for agency in agencies:
        part_form, hand_form = PartForm(agency=agency, parts=names), HandOverForm(agency=agency, rows=rows)
        parts.append(
            {
                "agency": agency,
                "load": loads.get(agency.pk),
                "readings": read.get(agency.pk, []),
                "rows": [(row, names.get(row.code, "")) for row in rows if row.agency_id == agency.pk],
                "part_form": failed.get(part_form.prefix or "", part_form),
                "hand_form": failed.get(hand_form.prefix or "", hand_form),
            }
        )
    context = {
        **frame(request, round_, "phan-cong"),
        "parts": parts,
        "handed": round_.appraiser_assignments.exclude(reason="").select_related("agency", "appraiser", "assigned_by"),
        "is_open": round_.state != RoundState.FINALISED,
    }
    return render(request, "submissions/rounds/appraisers.html", context, status=422 if failed else 200)


def _act(
    request: HttpRequest,
    round_: AssessmentRound,
    agency: Unit,
    names: dict[str, str],
    rows: list[AppraiserAssignment],
) -> forms.Form | None:
    """Do what was asked; return the form that is to be shown again with its errors."""
    act = request.POST.get("viec", "")
    if act == "bo":
        row = next((row for row in rows if row.pk == parse_id(request.POST.get("muc", ""))), None)
        if row is None:
            raise Http404
        done = _("%(code)s is the whole agency's again.") % {"code": row.code}
        attempt(request, lambda: end_assignment(assignment=row, user=request.user), done)
        return None
    if act == "ban-giao":
        return _hand_over(request, round_, HandOverForm(request.POST, agency=agency, rows=rows))
    form = PartForm(request.POST, agency=agency, parts=names)
    if not form.is_valid():
        return form
    try:
        assign_appraiser(round=round_, agency=agency, user=request.user, **form.cleaned_data)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error("code", refusal.message)
        return form
    messages.success(request, _("The part is assigned."))
    return None


def _hand_over(request: HttpRequest, round_: AssessmentRound, form: HandOverForm) -> forms.Form | None:
    if not form.is_valid():
        return form
    data = form.cleaned_data
    try:
        made = hand_over(
            round=round_,
            agency=form.agency,
            giver=form.giver or data["giver"],
            taker=data["taker"],
            codes=data["codes"],
            reason=data["reason"],
            user=request.user,
        )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error("reason" if refusal.code == "reason_missing" else "taker", refusal.message)
        return form
    codes = ", ".join(row.code for row in made)
    messages.success(request, _("%(codes)s: handed over to %(person)s.") % {"codes": codes, "person": data["taker"]})
    return None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own_parts(request: HttpRequest, code: str) -> HttpResponse:
    """Show an appraiser the own parts, and hand them over."""
    round_ = rounds_for(request.user).filter(code=code).first()
    if round_ is None:
        raise Http404
    rows = list(standing_assignments(round_).filter(appraiser=request.user))
    names = node_codes(definition_of_round(round_))
    agencies = {row.agency_id: row.agency for row in rows}
    shown = [HandOverForm(agency=agency, rows=rows, giver=request.user) for agency in agencies.values()]
    status = 200
    if request.method == "POST":
        agency = agencies.get(parse_id(request.POST.get("co-quan", "")) or 0)
        if agency is None:
            raise PermissionRefused(_("You have no part of your own in this round to hand over."))
        failed = _hand_over(request, round_, HandOverForm(request.POST, agency=agency, rows=rows, giver=request.user))
        if failed is None:
            return redirect("submissions:appraisal_own", round_.code)
        shown, status = [failed if form.prefix == failed.prefix else form for form in shown], 422
    context = {"round": round_, "rows": [(row, names.get(row.code, "")) for row in rows], "forms": shown}
    return render(request, "submissions/appraisal/own_parts.html", context, status=status)
