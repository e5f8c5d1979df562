"""The secretariat's desk on deadline day: how far all units are, live, and what is done about it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cms import clock, jobs
from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import UnitTier
from cms.numbers import parse_id
from cms.permissions import require_role
from submissions.desk_forms import UnitsExtensionForm
from submissions.domain.definitions import definition_of_round
from submissions.domain.people import members_by_role
from submissions.domain.round_overview import counts
from submissions.domain.round_progress import (
    FILLING,
    NOT_STARTED,
    OPEN,
    REOPENED,
    SENT,
    SET_ASIDE,
    SIGNED,
    STATES,
    UnitLine,
    participants_in,
    round_domains,
    share_done,
    share_of_points,
    state_label,
    unit_lines,
)
from submissions.domain.selected_units import Outcome, extend_units, remind_units
from submissions.enums import Phase, RoundState
from submissions.models import AssessmentRound, Participant
from submissions.views.access import round_for
from submissions.views.rounds import frame

PER_PAGE = 100
# As many units as one act takes in one request.
AT_ONCE = 500
LIST, HEAT = "danh-sach", "ban-do-nhiet"
DONE, POINTS = "da-lam", "diem"


def _chosen(request: HttpRequest) -> dict[str, str]:
    """Return what the address asks for, with everything unknown left out."""
    asked = request.GET
    return {
        "tim": asked.get("tim", "")[:200],
        "tinh-trang": asked.get("tinh-trang", "") if asked.get("tinh-trang", "") in STATES else "",
        "bac": asked.get("bac", "")[:64],
        "xem": HEAT if asked.get("xem") == HEAT else "",
        "so": POINTS if asked.get("so") == POINTS else "",
    }


def _rows(round_: AssessmentRound, chosen: dict[str, str]) -> QuerySet[Participant]:
    return participants_in(round_, text=chosen["tim"], state=chosen["tinh-trang"], tier=chosen["bac"])


def _query(chosen: dict[str, str], **changes: str) -> str:
    return urlencode({name: value for name, value in {**chosen, **changes}.items() if value})


@login_required
@require_safe
def progress(request: HttpRequest, code: str) -> HttpResponse:
    """Show how far the units are: a list or a heat map, cut by what the address says; asks again by itself."""
    return _progress_response(request, round_for(request, code))


def _progress_response(
    request: HttpRequest,
    round_: AssessmentRound,
    *,
    form: UnitsExtensionForm | None = None,
    ticked: frozenset[int] = frozenset(),
    words: str = "",
    status: int = 200,
) -> HttpResponse:
    framed = frame(request, round_, "tien-do")
    chosen = _chosen(request)
    if not framed["reads_scores"]:
        chosen["so"] = ""
    page = Paginator(_rows(round_, chosen), PER_PAGE).get_page(request.GET.get("trang"))
    lines = unit_lines(round_, page.object_list, besides=request.user)
    domains = round_domains(round_)
    address = reverse("submissions:round_progress", args=[round_.code])
    context = {
        **framed,
        "chosen": {name.replace("-", "_"): value for name, value in chosen.items()},
        "query": _query(chosen),
        "states": _states(),
        "tiers": UnitTier.objects.filter(units__participations__round=round_).distinct().order_by("order"),
        "page_obj": page,
        "rows": [{"line": line, "state": state_label(line), "ticked": line.participant.pk in ticked} for line in lines],
        "heat": _heat(lines, domains, by_points=bool(chosen["so"])) if chosen["xem"] else None,
        "domains": domains,
        "views": [
            {"title": _("List"), "url": f"{address}?{_query(chosen, xem='')}", "current": not chosen["xem"]},
            {"title": _("Heat map"), "url": f"{address}?{_query(chosen, xem=HEAT)}", "current": bool(chosen["xem"])},
        ],
        "measures": [
            {"title": _("Criteria done"), "url": f"{address}?{_query(chosen, so='')}", "current": not chosen["so"]},
            {"title": _("Self-scores"), "url": f"{address}?{_query(chosen, so=POINTS)}", "current": bool(chosen["so"])},
        ],
        "counts": counts(round_),
        "deadlines": list(round_.deadlines.all()),
        "common_lock": round_.deadlines.filter(phase=Phase.SELF_ASSESSMENT).values_list("closes_at", flat=True).first(),
        "now": clock.now(),
        "may_act": framed["runs"] and round_.state in {RoundState.OPEN, RoundState.APPRAISAL},
        "extension_form": form or _extension_form(round_),
        "words": words,
        "at_once": AT_ONCE,
        "all_matching": request.POST.get("tat-ca") == "1",
    }
    return render(request, "submissions/rounds/progress.html", context, status=status)


def _states() -> list[tuple[str, str]]:
    return [
        (OPEN, _("Not sent")),
        (NOT_STARTED, _("Not started")),
        (FILLING, _("Filling in")),
        (SIGNED, _("Signed off, not sent")),
        (REOPENED, _("Reopened")),
        (SENT, _("Sent")),
        (SET_ASIDE, _("Not assessed")),
    ]


def _heat(lines: list[UnitLine], domains: list[tuple[str, str]], *, by_points: bool) -> dict[str, Any]:
    """Return the rows of the heat map, and per domain how much all units shown have done together."""
    share = share_of_points if by_points else share_done
    rows = []
    for line in lines:
        cells = [{"share": share(part), "part": part} for part in line.domains]
        rows.append({"line": line, "cells": cells, "whole": _whole(line, by_points=by_points)})
    together = []
    for index, _domain in enumerate(domains):
        parts = [part for line in lines if (part := line.domains[index]) is not None]
        if by_points:
            done, total = sum((p.points for p in parts), Decimal(0)), sum((p.maximum for p in parts), Decimal(0))
        else:
            done, total = Decimal(sum(p.done for p in parts)), Decimal(sum(p.total for p in parts))
        together.append(done * 100 / total if total else None)
    return {"rows": rows, "together": together, "by_points": by_points}


def _whole(line: UnitLine, *, by_points: bool) -> Decimal | None:
    own = line.progress
    if own is None:
        return None
    if by_points:
        return own.points * 100 / own.maximum if own.maximum else None
    return Decimal(own.done * 100) / own.total if own.total else None


def _extension_form(round_: AssessmentRound, data: Any = None) -> UnitsExtensionForm:
    definition = definition_of_round(round_)
    return UnitsExtensionForm(
        data,
        domains=[(domain.code, domain.name) for domain in definition.domains],
        leaves=[(leaf.code, leaf.name) for leaf in definition.leaves],
    )


# --- acts on the units that were chosen -------------------------------------------------------------------------------
@login_required
@require_POST
def act(request: HttpRequest, code: str) -> HttpResponse:
    """Remind the chosen units, or give them more time or their form back; then back to the list as it was cut."""
    round_ = round_for(request, code)
    require_role(request.user, Role.SECRETARIAT, unit=round_.owner)
    chosen = _chosen(request)
    here = f"{reverse('submissions:round_progress', args=[round_.code])}?{_query(chosen)}"
    units, refusal = _units(request, round_, chosen)
    if refusal:
        messages.error(request, refusal)
        return _again(request, round_, units, status=422)
    if request.POST.get("viec") == "gia-han":
        return _extend(request, round_, units) or redirect(here)
    words = request.POST.get("loi-nhan", "")
    try:
        outcome = remind_units(round=round_, participants=units, user=request.user, words=words)
    except PermissionRefused:
        raise
    except PortalError as problem:
        messages.error(request, problem.message)
        return _again(request, round_, units, status=422)
    number = len(outcome.done)
    sentence = ngettext("%(number)d unit was reminded.", "%(number)d units were reminded.", number)
    _tell(request, outcome, sentence % {"number": number})
    return redirect(here)


def _units(request: HttpRequest, round_: AssessmentRound, chosen: dict[str, str]) -> tuple[list[Participant], str]:
    """Return the units that were ticked, or all that match, and why nothing can be done with them."""
    if request.POST.get("tat-ca") == "1":
        rows = _rows(round_, chosen)
        if rows.count() > AT_ONCE:
            sentence = _("More than %(number)d units match. Filter further, or tick the units one page at a time.")
            return [], sentence % {"number": AT_ONCE}
        units = list(rows)
    else:
        wanted = {pk for text in request.POST.getlist("don-vi") if (pk := parse_id(text)) is not None}
        units = list(participants_in(round_).filter(pk__in=wanted)) if len(wanted) <= AT_ONCE else []
    for unit in units:
        unit.round = round_
    return units, "" if units else _("Tick the units first.")


def _extend(request: HttpRequest, round_: AssessmentRound, units: list[Participant]) -> HttpResponse | None:
    """Give the units more time; return the page with the form's errors, None where it was done."""
    form = _extension_form(round_, request.POST)
    if not form.is_valid():
        return _again(request, round_, units, form=form, status=422)
    data = form.cleaned_data
    scope, part = form.scope()
    outcome = extend_units(
        participants=units,
        user=request.user,
        until=data["until"],
        reason=data["reason"],
        scope=scope,
        code=part,
        reopen=data["reopen"],
    )
    if not outcome.done and len({reason for _unit, reason in outcome.refused}) == 1:
        form.add_error(None, outcome.refused[0][1])
        return _again(request, round_, units, form=form, status=422)
    number = len(outcome.done)
    sentence = ngettext("%(number)d unit has more time.", "%(number)d units have more time.", number)
    _tell(request, outcome, sentence % {"number": number})
    return None


def _again(
    request: HttpRequest,
    round_: AssessmentRound,
    units: list[Participant],
    *,
    form: UnitsExtensionForm | None = None,
    status: int,
) -> HttpResponse:
    """Show the page again with what was ticked and typed."""
    return _progress_response(
        request,
        round_,
        form=form,
        ticked=frozenset(unit.pk for unit in units),
        words=request.POST.get("loi-nhan", ""),
        status=status,
    )


def _tell(request: HttpRequest, outcome: Outcome, sentence: str) -> None:
    """Say what was done, and for each reason which units were passed over."""
    if outcome.done:
        messages.success(request, sentence)
    by_reason: dict[str, list[str]] = defaultdict(list)
    for unit, reason in outcome.refused:
        by_reason[reason].append(unit.unit.name)
    for reason, names in by_reason.items():
        shown = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
        messages.warning(
            request,
            ngettext(
                "Passed over %(number)d unit (%(units)s): %(reason)s",
                "Passed over %(number)d units (%(units)s): %(reason)s",
                len(names),
            )
            % {"number": len(names), "units": shown, "reason": reason},
        )


# --- files and people -------------------------------------------------------------------------------------------------
@login_required
@require_POST
def export(request: HttpRequest, code: str) -> HttpResponse:
    """Start the job that writes the units' progress, as the address cuts it, as a workbook."""
    round_ = round_for(request, code)
    chosen = _chosen(request)
    cut = any(chosen[name] for name in ("tim", "tinh-trang", "bac"))
    only = list(_rows(round_, chosen).values_list("pk", flat=True)) if cut else None
    run = jobs.enqueue(
        "submissions.export_round_progress",
        arguments={"round_id": round_.pk, "only": only},
        key=f"export-round-progress-{round_.pk}-{clock.now():%Y%m%d%H%M%S%f}-{request.user.pk}",
        user=request.user,
        title=_("Progress of %(round)s") % {"round": round_.name},
        unit=round_.owner,
    )
    return redirect("cms:job", run.pk)


@login_required
@require_safe
def contacts(request: HttpRequest, code: str) -> HttpResponse:
    """List whom to ask in each unit: leaders and contributors with position and address."""
    round_ = round_for(request, code)
    chosen = _chosen(request)
    page = Paginator(_rows(round_, chosen), PER_PAGE).get_page(request.GET.get("trang"))
    people = members_by_role(row.unit_id for row in page.object_list)
    labels = dict(Role.choices)
    context = {
        **frame(request, round_, "tien-do"),
        "chosen": {name.replace("-", "_"): value for name, value in chosen.items()},
        "query": _query(chosen),
        "states": _states(),
        "tiers": UnitTier.objects.filter(units__participations__round=round_).distinct().order_by("order"),
        "page_obj": page,
        "rows": [
            {
                "participant": row,
                "people": [{"role": labels[role], "user": user} for role, user in people.get(row.unit_id, [])],
            }
            for row in page.object_list
        ],
    }
    return render(request, "submissions/rounds/contacts.html", context)
