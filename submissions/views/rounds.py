"""The secretariat's desk: rounds, their participants, deadlines and steps."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cms import clock
from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.permissions import require_role, units_where
from submissions.desk_forms import ParticipantsForm, RoundForm
from submissions.domain.appraisal_queue import workload_by_agency
from submissions.domain.relatives import superior_rounds_for
from submissions.domain.round_access import may_read_scores, may_run, rounds_seen_by
from submissions.domain.round_overview import counts, participant_lines, participants_matching, units_for
from submissions.domain.rounds import add_participants, advance_round, create_round, date_warnings
from submissions.enums import ROUND_TRANSITIONS, RoundState
from submissions.models import AssessmentRound
from submissions.navigation import round_actions, round_tabs
from submissions.views.access import attempt, round_for

PER_PAGE = 50
STEP_LABELS = {
    (RoundState.DRAFT, RoundState.OPEN): gettext_lazy("Open the round"),
    (RoundState.OPEN, RoundState.APPRAISAL): gettext_lazy("Start the appraisal"),
    (RoundState.APPRAISAL, RoundState.OPEN): gettext_lazy("Back to self-assessment"),
    (RoundState.APPRAISAL, RoundState.COUNCIL): gettext_lazy("Hand over to the council"),
    (RoundState.COUNCIL, RoundState.APPRAISAL): gettext_lazy("Back to appraisal"),
}


@login_required
@require_safe
def round_list(request: HttpRequest) -> HttpResponse:
    """List the rounds whose desk the user may see."""
    page = Paginator(rounds_seen_by(request.user), PER_PAGE).get_page(request.GET.get("trang"))
    return render(
        request,
        "submissions/rounds/list.html",
        {"page_obj": page, "may_create": units_where(request.user, Role.SECRETARIAT).exists()},
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def round_create(request: HttpRequest) -> HttpResponse:
    """Create a round in preparation."""
    require_role(request.user, Role.SECRETARIAT)
    today = clock.today()
    # Those that still exist first; one that has ended may hold the round of its last year.
    owners = units_where(request.user, Role.SECRETARIAT).order_by(F("valid_to").desc(nulls_first=True), "order", "name")
    form = RoundForm(
        request.POST or None,
        owners=owners,
        parents=superior_rounds_for(request.user),
        initial={
            "year": today.year,
            "period_from": today.replace(month=1, day=1),
            "period_to": today.replace(month=12, day=31),
            "owner": owners.first(),
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = create_round(user=request.user, **form.cleaned_data)
        except PermissionRefused:
            raise
        except PortalError as refusal:
            form.add_error(_FIELD_OF.get(refusal.code), refusal.message)
        else:
            messages.success(request, _("The round is created. Add the units that take part."))
            return redirect("submissions:round_participants", made.code)
    status = 422 if form.errors else 200
    return render(request, "submissions/rounds/create.html", {"form": form}, status=status)


_FIELD_OF = {
    "period_order": "period_to",
    "edition_deviates": "edition",
    **dict.fromkeys(("parent_not_above", "parent_year", "parent_finalised", "parent_depth"), "parent"),
}


@login_required
@require_safe
def round_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show where the round stands and every unit's line."""
    round_ = round_for(request, code)
    state, text = request.GET.get("tinh-trang", ""), request.GET.get("tim", "")
    rows = participants_matching(round_, text=text, state=_STATES.get(state, ""))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("trang"))
    context = {
        **frame(request, round_, "tong-quan"),
        "page_obj": page,
        "lines": participant_lines(round_, page.object_list),
        "counts": counts(round_),
        "deadlines": list(round_.deadlines.all()),
        "warnings": date_warnings(round_),
        "agencies": workload_by_agency(round_) if round_.state != RoundState.DRAFT else [],
        "actions": round_actions(round_, request.user),
        "steps": _steps(round_),
        "chosen": {"state": state, "text": text},
    }
    return render(request, "submissions/rounds/page.html", context)


# Tabs that show points before they are published.
_SCORE_TABS = ("cong-tru", "chenh-lech", "kien-nghi")
_STATES = {"chua-gui": "not_sent", "da-gui": "sent", "khong-danh-gia": "not_assessed"}


def frame(request: HttpRequest, round_: AssessmentRound, current: str) -> dict[str, Any]:
    """Return what every screen of a round shares: the round, whether the user runs it, its tabs."""
    names = [
        ("tong-quan", _("Overview"), "round_page"),
        ("tien-do", _("Progress"), "round_progress"),
        ("don-vi", _("Units"), "round_participants"),
        ("thoi-han", _("Deadlines"), "round_deadlines"),
        ("phan-cong", _("Assignments"), "round_assignments"),
        ("nhap-diem", _("Central points"), "round_central"),
        ("chenh-lech", _("Discrepancies"), "round_discrepancies"),
        ("hoi-dong", _("Council"), "round_council"),
        ("cong-tru", _("Bonus and penalty"), "round_adjustments"),
        ("chot", _("Finalise"), "round_finalise"),
        *([("kien-nghi", _("Appeals"), "round_appeals")] if round_.state == RoundState.FINALISED else []),
    ]
    reads_scores = may_read_scores(request.user, round_)
    tabs = [
        (key, title, reverse(f"submissions:{name}", args=[round_.code]))
        for key, title, name in names
        if reads_scores or key not in _SCORE_TABS
    ]
    tabs += round_tabs(round_, request.user)
    return {
        "round": round_,
        "runs": may_run(request.user, round_),
        "reads_scores": reads_scores,
        "illustrative": round_.illustrative,
        "tabs": [{"title": title, "url": url, "current": key == current} for key, title, url in tabs],
    }


def _steps(round_: AssessmentRound) -> list[dict[str, str]]:
    """Return the steps that the transition table allows now; finalising has a screen of its own."""
    return [
        {"to": to, "label": STEP_LABELS[(RoundState(round_.state), RoundState(to))]}
        for to in ROUND_TRANSITIONS[round_.state]
        if to != RoundState.FINALISED
    ]


@login_required
@require_POST
def round_step(request: HttpRequest, code: str) -> HttpResponse:
    """Move the round to the next state."""
    round_ = round_for(request, code)
    to = request.POST.get("buoc", "")
    if to not in ROUND_TRANSITIONS[round_.state] or to == RoundState.FINALISED:
        messages.error(request, _("The round cannot go there from its present state."))
    elif attempt(
        request,
        lambda: advance_round(round=round_, to=to, user=request.user),
        _("The round is now in the state “%(state)s”.") % {"state": RoundState(to).label},
    ):
        _name_missing(request, round_)
    return redirect("submissions:round_page", round_.code)


def _name_missing(request: HttpRequest, round_: AssessmentRound) -> None:
    """After the step to appraisal name the units that did not send: they are not appraised."""
    if round_.state != RoundState.APPRAISAL:
        return
    waiting = [row.unit.name for row in participants_matching(round_, state="not_sent")]
    if waiting:
        shown = ", ".join(waiting[:10]) + (" …" if len(waiting) > 10 else "")
        messages.warning(
            request,
            ngettext(
                "%(number)d unit has not sent and is not appraised: %(units)s.",
                "%(number)d units have not sent and are not appraised: %(units)s.",
                len(waiting),
            )
            % {"number": len(waiting), "units": shown},
        )


def _tell_added(request: HttpRequest, number: int, *, below_owner: bool) -> None:
    """Say how many units were added, and why none, where none was."""
    if number:
        messages.success(
            request, ngettext("%(number)d unit was added.", "%(number)d units were added.", number) % {"number": number}
        )
    elif below_owner:
        messages.warning(
            request,
            _(
                "No unit was added: none that you chose lies below the organising unit, or all take part already. "
                "Untick “Only units below the organising unit” to choose among all."
            ),
        )
    else:
        messages.warning(request, _("No unit was added: all that you chose take part already."))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def participants(request: HttpRequest, code: str) -> HttpResponse:
    """List who takes part and add units."""
    round_ = round_for(request, code)
    form = ParticipantsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            units = units_for(
                owner=round_.owner,
                tiers=data["tiers"],
                groups=data["groups"],
                named=data["codes"],
                below_owner=data["below_owner"],
                day=clock.today(),
            )
            added = add_participants(round=round_, units=units, user=request.user)
        except PermissionRefused:
            raise
        except PortalError as refusal:
            form.add_error("codes" if refusal.code == "unknown_unit" else None, refusal.message)
        else:
            _tell_added(request, len(added), below_owner=data["below_owner"])
            return redirect("submissions:round_participants", round_.code)
    rows = participants_matching(round_, text=request.GET.get("tim", ""))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("trang"))
    context = {**frame(request, round_, "don-vi"), "form": form, "page_obj": page, "text": request.GET.get("tim", "")}
    return render(request, "submissions/rounds/participants.html", context, status=422 if form.errors else 200)
