"""Conflicts of interest: everybody's own page to declare and withdraw, and the secretariat's register of a round."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cms.exceptions import PermissionRefused, PortalError
from cms.models import Unit, User
from cms.numbers import parse_id
from submissions.domain.conflict_register import computed_for, declared_in, involved_in, rounds_of_person
from submissions.domain.conflicts import declare_conflict, lift_conflict, may_lift
from submissions.domain.round_access import may_run, require_scores
from submissions.enums import RoundState
from submissions.models import AssessmentRound, ConflictOfInterest
from submissions.views.access import attempt, round_for
from submissions.views.rounds import frame


class DeclareForm(forms.Form):
    """A conflict of interest with a unit of the round: one's own, or somebody's where people are given."""

    person = forms.ModelChoiceField(label=gettext_lazy("Person"), queryset=User.objects.none())
    unit = forms.ModelChoiceField(label=gettext_lazy("Unit"), queryset=Unit.objects.none())
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("For instance a relative who works there, or having worked there yourself."),
        max_length=500,
    )

    def __init__(self, *args: Any, round: AssessmentRound, people: list[User] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, prefix=f"khai-{round.pk}", **kwargs)
        self.fields["unit"].queryset = Unit.objects.filter(participations__round=round).order_by("order", "name")
        if people is None:
            del self.fields["person"]
        else:
            self.fields["person"].queryset = User.objects.filter(pk__in=[person.pk for person in people])


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """Show the user's conflicts of interest by round, and take declarations and withdrawals."""
    rounds = list(rounds_of_person(request.user))
    if not rounds:
        raise PermissionRefused(_("Conflicts of interest are declared by appraisers and council members."))
    failed: dict[int, DeclareForm] = {}
    if request.method == "POST":
        round_ = next((row for row in rounds if str(row.pk) == request.POST.get("dot")), None)
        if round_ is None:
            raise Http404
        form = DeclareForm(request.POST, round=round_)
        if _act(request, round_, form):
            return redirect("submissions:conflicts")
        failed[round_.pk] = form
    parts = [
        {
            "round": row,
            "computed": computed_for(request.user, row),
            "declared": [
                (conflict, may_lift(request.user, conflict))
                for conflict in declared_in(row).filter(user=request.user, lifted_at__isnull=True)
            ],
            "form": failed.get(row.pk) or DeclareForm(round=row),
        }
        for row in rounds
    ]
    return render(request, "submissions/conflicts/own.html", {"parts": parts}, status=422 if failed else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, code: str) -> HttpResponse:
    """Show everybody who judges in the round and whom each may not judge; the secretariat declares and lifts."""
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    people = involved_in(round_)
    form = DeclareForm(round=round_, people=[row.person for row in people])
    if request.method == "POST":
        if not may_run(request.user, round_):
            raise PermissionRefused(_("The register of conflicts is kept by the secretariat of the round."))
        form = DeclareForm(request.POST, round=round_, people=[row.person for row in people])
        if _act(request, round_, form):
            return redirect("submissions:round_conflicts", round_.code)
    context = {
        **frame(request, round_, "phan-cong"),
        "people": people,
        "lifted": declared_in(round_).filter(lifted_at__isnull=False),
        "form": form,
        "is_open": round_.state != RoundState.FINALISED,
    }
    return render(request, "submissions/conflicts/register.html", context, status=422 if form.errors else 200)


def _act(request: HttpRequest, round_: AssessmentRound, form: DeclareForm) -> bool:
    """Declare or lift; False where the form is to be shown again with its errors."""
    if request.POST.get("viec") == "rut":
        rows = ConflictOfInterest.objects.select_related("round__owner", "unit")
        conflict = rows.filter(round=round_, pk=parse_id(request.POST.get("muc", "")) or 0).first()
        if conflict is None:
            raise Http404
        attempt(
            request,
            lambda: lift_conflict(conflict=conflict, reason=request.POST.get("ly-do", ""), user=request.user),
            _("The conflict of interest is lifted; the record stays."),
        )
        return True
    if not form.is_valid():
        return False
    data = form.cleaned_data
    person = data.get("person") or request.user
    try:
        declare_conflict(round=round_, person=person, unit=data["unit"], reason=data["reason"], user=request.user)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error("reason" if refusal.code == "reason_missing" else "unit", refusal.message)
        return False
    attempt(request, lambda: None, _("The conflict of interest is declared; it holds at once."))
    return True
