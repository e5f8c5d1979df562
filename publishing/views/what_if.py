"""What a result would be under other rules: shown, never stored, never published."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.forms import BaseFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cms.exceptions import PortalError
from publishing.domain.what_if import Assumption, Line, what_if
from publishing.forms import ClassFormSet, WhatIfForm
from publishing.models import IndexRelease
from submissions.domain.definitions import definition_of_round
from submissions.domain.round_access import require_scores
from submissions.enums import RoundState
from submissions.models import AssessmentRound
from submissions.views.access import round_for
from submissions.views.rounds import frame


@login_required
@require_safe
def what_if_page(request: HttpRequest, code: str) -> HttpResponse:
    """Choose other rules in the address, see every unit as it stands and as it would stand."""
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    if round_.state == RoundState.DRAFT:
        raise Http404
    now = _rules_now(round_)
    asked = request.GET if "tinh" in request.GET else None
    leaves = [(leaf.code, f"{leaf.code} {leaf.name[:80]}") for leaf in definition_of_round(round_).leaves]
    form = WhatIfForm(asked, leaves=leaves, initial={"tie_rule": now.tie_rule, "rank_scope": now.rank_scope})
    classes = ClassFormSet(asked, prefix="lop", initial=_initial_classes(now))
    too_many = round_.participants.count() > settings.PORTAL_BUILD_INLINE_UNITS
    lines: list[Line] = []
    if asked is not None and not too_many and form.is_valid() and classes.is_valid():
        lines = _compute(round_, now, form, classes)
    context = {
        **frame(request, round_, "tong-quan"),
        "form": form,
        "classes": classes,
        "lines": lines,
        "too_many": too_many,
        "limit": settings.PORTAL_BUILD_INLINE_UNITS,
        "several_tiers": len({line.now.subject.tier_code for line in lines}) > 1,
    }
    failed = asked is not None and (bool(form.errors) or any(classes.errors))
    return render(request, "publishing/desk/what_if.html", context, status=422 if failed else 200)


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


def _compute(round_: AssessmentRound, now: Assumption, form: WhatIfForm, classes: BaseFormSet) -> list[Line]:
    data = form.cleaned_data
    bands = [found for one in classes if (found := one.to_class()) is not None]
    then = Assumption(data["tie_rule"], data["rank_scope"], bands, data["maxima"])
    try:
        return what_if(round_, now=now, then=then)
    except PortalError as refusal:
        form.add_error(None, refusal.message)
        return []
