"""What a result would be under other rules: shown to whoever asks, never part of the record, never published."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import BaseFormSet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cms.exceptions import PermissionRefused, PortalError
from cms.jobs.context import live_progress
from cms.models import JobRun
from cms.numbers import exact, parse_id
from publishing.domain.what_if import Assumption, what_if
from publishing.domain.what_if_runs import KEPT, Row, from_json, order_what_if, read_rows, row_of, run_of, runs_of
from publishing.forms import ClassFormSet, WhatIfForm
from publishing.models import IndexRelease
from submissions.domain.definitions import definition_of_round
from submissions.domain.round_access import require_scores
from submissions.enums import RoundState
from submissions.models import AssessmentRound
from submissions.views.access import round_for
from submissions.views.rounds import frame

PER_PAGE = 200


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def what_if_page(request: HttpRequest, code: str) -> HttpResponse:
    """Choose other rules, see every unit as it stands and as it would stand.

    Small rounds are computed at once, from the address; big ones by a job that is ordered here and shown here.
    """
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    if round_.state == RoundState.DRAFT:
        raise Http404
    too_many = round_.participants.count() > settings.PORTAL_BUILD_INLINE_UNITS
    if request.method == "POST" and not too_many:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    now, run = _rules_now(round_), _run(request, round_)
    form, classes, asked = _forms(request, round_, from_json(run.arguments["then"]) if run else now)
    rows: list[Row] = []
    if asked and classes.non_form_errors():
        form.add_error(None, _("The rows of the classes did not arrive whole. Load the page anew and choose again."))
    if asked and form.is_valid() and classes.is_valid():
        if request.method == "POST":
            ordered = _order(request, round_, now, form, classes)
            if ordered is not None:
                return redirect(f"{reverse('publishing:what_if', args=[round_.code])}?viec={ordered.pk}")
        elif not too_many:
            rows = _compute(round_, now, form, classes)
    if run is not None and run.result_file is not None:
        rows = read_rows(run.result_file)
    context = {
        **frame(request, round_, "tong-quan"),
        "form": form,
        "classes": classes,
        "page_obj": Paginator(rows, PER_PAGE if too_many else max(1, len(rows))).get_page(request.GET.get("trang")),
        "too_many": too_many,
        "limit": settings.PORTAL_BUILD_INLINE_UNITS,
        "several_tiers": len({row.tier for row in rows}) > 1,
        "run": run,
        "runs": runs_of(user=request.user, round=round_) if too_many else [],
        "kept_days": KEPT.days,
    }
    failed = asked and (bool(form.errors) or any(classes.errors))
    return render(request, "publishing/desk/what_if.html", context, status=422 if failed else 200)


def _run(request: HttpRequest, round_: AssessmentRound) -> JobRun | None:
    """Return the job that the address names, where it is the person's own."""
    if request.method == "POST" or "viec" not in request.GET:
        return None
    run = run_of(user=request.user, round=round_, pk=parse_id(request.GET["viec"]) or 0)
    if run is None:
        raise Http404
    return live_progress(run)


def _forms(request: HttpRequest, round_: AssessmentRound, shown: Assumption) -> tuple[WhatIfForm, BaseFormSet, bool]:
    """Return the forms as typed, else with the rules that are shown; and whether something was asked."""
    posted = request.POST if request.method == "POST" else None
    data = posted if posted is not None else request.GET if "tinh" in request.GET else None
    initial: dict[str, Any] = {"tie_rule": shown.tie_rule, "rank_scope": shown.rank_scope}
    for number, (code, maximum) in enumerate(shown.maxima.items()):
        initial |= {f"leaf_{number}": code, f"maximum_{number}": exact(maximum)}
    leaves = [(leaf.code, f"{leaf.code} {leaf.name[:80]}") for leaf in definition_of_round(round_).leaves]
    form = WhatIfForm(data, leaves=leaves, initial=initial)
    return form, ClassFormSet(data, prefix="lop", initial=_initial_classes(shown)), data is not None


def _order(
    request: HttpRequest, round_: AssessmentRound, now: Assumption, form: WhatIfForm, classes: BaseFormSet
) -> JobRun | None:
    try:
        return order_what_if(round=round_, user=request.user, now=now, then=_assumed(form, classes))
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error(None, refusal.message)
        return None


def _rules_now(round_: AssessmentRound) -> Assumption:
    """Return the rules of the newest release of the round; before there is one, those that the desk proposes."""
    newest = IndexRelease.objects.filter(round=round_).order_by("-pk").first()
    if newest is None:
        return Assumption(tie_rule="competition", rank_scope="tier")
    return Assumption(newest.tie_rule, newest.rank_scope, newest.classes)


def _initial_classes(rules: Assumption) -> list[dict[str, Any]]:
    return [
        {"code": band["code"], "name": band["name"], "name_en": band.get("name_en", ""), "start": band["from"]}
        for band in rules.classes
    ]


def _assumed(form: WhatIfForm, classes: BaseFormSet) -> Assumption:
    data = form.cleaned_data
    bands = [found for one in classes if (found := one.to_class()) is not None]
    return Assumption(data["tie_rule"], data["rank_scope"], bands, data["maxima"])


def _compute(round_: AssessmentRound, now: Assumption, form: WhatIfForm, classes: BaseFormSet) -> list[Row]:
    try:
        return [row_of(line) for line in what_if(round_, now=now, then=_assumed(form, classes))]
    except PortalError as refusal:
        form.add_error(None, refusal.message)
        return []
