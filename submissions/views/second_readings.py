"""The secretariat's screen of second readings: draw the sample of an agency once, see how it stands, change readers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from cms.exceptions import PermissionRefused, PortalError
from cms.models import Unit, User
from cms.numbers import parse_id
from submissions.domain.appraisal_queue import Workload, workload_by_agency
from submissions.domain.appraisers import agencies_in, appraisers_of
from submissions.domain.definitions import definition_of_round
from submissions.domain.round_access import require_scores
from submissions.domain.second_reading_state import is_unsettled, readings
from submissions.domain.second_readings import draw_sample, move_readings, samples_of, withdraw_readings
from submissions.enums import ReadingState, RoundState
from submissions.models import AssessmentRound, SecondReading, SecondReadingSample
from submissions.views.access import round_for
from submissions.views.rounds import frame

SHOWN = 500


class DrawForm(forms.Form):
    """What share of an agency's decisions is read again, and by which agency."""

    share = forms.IntegerField(
        label=gettext_lazy("Share in percent"),
        min_value=1,
        max_value=100,
        initial=10,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "input--short"}),
    )
    reading_agency = forms.ModelChoiceField(
        label=gettext_lazy("Read by"),
        help_text=gettext_lazy("Of the same agency always another appraiser than the one who decided."),
        queryset=Unit.objects.none(),
        empty_label=None,
    )

    def __init__(self, *args: Any, agency: Unit, agencies: list[Unit], **kwargs: Any) -> None:
        super().__init__(*args, prefix=f"mau-{agency.pk}", initial={"reading_agency": agency.pk}, **kwargs)
        self.agency = agency
        self.fields["reading_agency"].queryset = Unit.objects.filter(pk__in=[unit.pk for unit in agencies])


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def round_readings(request: HttpRequest, code: str) -> HttpResponse:
    """Show the samples of a round with their readings; draw, give to others, take out."""
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    agencies = agencies_in(round_)
    failed: dict[int, DrawForm] = {}
    if request.method == "POST":
        refused = _act(request, round_, agencies)
        if refused is None:
            return redirect("submissions:round_second_readings", round_.code)
        failed[refused.agency.pk] = refused
    is_open = round_.state == RoundState.APPRAISAL
    context = {
        **frame(request, round_, "phan-cong"),
        "parts": _parts(round_, agencies, failed),
        "people": User.objects.filter(pk__in=[p.pk for agency in agencies for p in appraisers_of(agency)]),
        "is_open": is_open,
    }
    return render(request, "submissions/rounds/second_readings.html", context, status=422 if failed else 200)


def _parts(round_: AssessmentRound, agencies: list[Unit], failed: dict[int, DrawForm]) -> list[dict[str, Any]]:
    """Return what is shown of each agency: its sample with the readings, or the form to draw one."""
    samples = {row.agency_id: row for row in _counted(round_)}
    works = {agency.pk: work for agency, work in workload_by_agency(round_)}
    leaves = {leaf.code: leaf for leaf in definition_of_round(round_).leaves}
    lines: dict[int, list[dict[str, Any]]] = {}
    rows = readings(round_).select_related("participant__unit", "reader", "agency", "compared")
    for row in rows.order_by(
        "-differs", "is_settled", F("read_at").desc(nulls_first=True), "participant__unit__name", "code"
    ):
        line = {"row": row, "leaf": leaves.get(row.code), "unsettled": is_unsettled(row)}
        lines.setdefault(row.sample_id, []).append(line)
    parts = []
    for agency in agencies:
        sample = samples.get(agency.pk)
        parts.append(
            {
                "agency": agency,
                "sample": sample,
                "lines": lines.get(sample.pk, [])[:SHOWN] if sample else [],
                "hidden": max(0, len(lines.get(sample.pk, [])) - SHOWN) if sample else 0,
                "work": Workload(done=sample.given, total=sample.in_all) if sample else None,
                "decided": works.get(agency.pk),
                "form": failed.get(agency.pk) or DrawForm(agency=agency, agencies=agencies),
            }
        )
    return parts


def _counted(round_: AssessmentRound) -> Any:
    """The samples, with how many of their readings are given, of how many."""
    stays = ~Q(readings__state=ReadingState.WITHDRAWN)
    given = Count("readings", filter=Q(readings__state=ReadingState.READ))
    return samples_of(round_).annotate(given=given, in_all=Count("readings", filter=stays))


def _act(request: HttpRequest, round_: AssessmentRound, agencies: list[Unit]) -> DrawForm | None:
    """Do what was asked; return the form that is to be shown again with its errors."""
    if request.POST.get("viec") == "rut-mau":
        agency = next((unit for unit in agencies if str(unit.pk) == request.POST.get("co-quan")), None)
        if agency is None:
            raise Http404
        return _draw(request, round_, DrawForm(request.POST, agency=agency, agencies=agencies))
    ids = [pk for value in request.POST.getlist("muc")[:SHOWN] if (pk := parse_id(value)) is not None]
    rows = list(SecondReading.objects.filter(sample__round=round_, pk__in=ids))
    if not rows:
        messages.warning(request, _("No second reading was chosen."))
        return None
    try:
        _change(request, round_, rows)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
    return None


def _draw(request: HttpRequest, round_: AssessmentRound, form: DrawForm) -> DrawForm | None:
    if not form.is_valid():
        return form
    try:
        sample: SecondReadingSample = draw_sample(
            round=round_, agency=form.agency, user=request.user, **form.cleaned_data
        )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error("share" if refusal.code == "share" else "reading_agency", refusal.message)
        return form
    text = ngettext(
        "%(number)d of %(all)d decisions is drawn and given to its reader.",
        "%(number)d of %(all)d decisions are drawn and given to their readers.",
        sample.drawn,
    )
    messages.success(request, text % {"number": sample.drawn, "all": sample.population})
    return None


def _change(request: HttpRequest, round_: AssessmentRound, rows: list[SecondReading]) -> None:
    reason = request.POST.get("ly-do", "")[:500]
    if request.POST.get("viec") == "rut":
        taken = withdraw_readings(round=round_, rows=rows, reason=reason, user=request.user)
        text = ngettext(
            "%(number)d reading is taken out of the sample.", "%(number)d readings are taken out of the sample.",
            len(taken),
        )  # fmt: skip
        messages.success(request, text % {"number": len(taken)})
        return
    reader = User.objects.filter(pk=parse_id(request.POST.get("nguoi", "")) or 0).first()
    if reader is None:
        messages.warning(request, _("Choose who reads."))
        return
    moved = move_readings(round=round_, rows=rows, reader=reader, reason=reason, user=request.user)
    text = ngettext("%(number)d reading goes to %(person)s.", "%(number)d readings go to %(person)s.", len(moved))
    messages.success(request, text % {"number": len(moved), "person": reader})
