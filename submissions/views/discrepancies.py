"""The queue of scores that deserve a second look: search, filter, clear with a reason, put on the council's agenda."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from cms.exceptions import PermissionRefused, PortalError
from cms.models import Unit
from cms.numbers import parse_decimal, parse_id
from criteria_pages.definition import Definition, Leaf
from criteria_pages.domain.queries import guidance_for
from submissions.council_enums import DiscrepancyKind, DiscrepancyState, SessionState
from submissions.domain.agenda import add_discrepancies, sentence_of
from submissions.domain.council import sessions_seen_by
from submissions.domain.definitions import definition_of_round
from submissions.domain.discrepancies import (
    DiscrepancyFilters,
    clear_discrepancies,
    counts_by_kind,
    discrepancies,
    find_discrepancies,
    last_search,
)
from submissions.domain.explanations import requests_of
from submissions.domain.leaf_story import leaf_story
from submissions.domain.page_notes import notes_for_council
from submissions.domain.round_access import require_scores
from submissions.enums import RoundState
from submissions.models import AgendaItem, AssessmentRound, Discrepancy
from submissions.views.access import attempt, round_for
from submissions.views.rounds import PER_PAGE, frame

FILTER_NAMES = ("loai", "tinh-trang", "linh-vuc", "don-vi", "tu", "tim")
STATE_OF = {
    "mo": DiscrepancyState.OPEN,
    "bo-qua": DiscrepancyState.CLEARED,
    "chuong-trinh": DiscrepancyState.AGENDA,
    "da-quyet": DiscrepancyState.DECIDED,
    "het": DiscrepancyState.GONE,
}
ALL = "tat-ca"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the queue: the discrepancy, its leaf, what it says, and where the council has it."""

    row: Discrepancy
    leaf: Leaf | None
    sentence: str
    item: AgendaItem | None


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def queue(request: HttpRequest, code: str) -> HttpResponse:
    """List the discrepancies by the filters in the address, and take what the secretariat does about them."""
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    if request.method == "POST":
        _act(request, round_)
        return redirect(f"{reverse('submissions:round_discrepancies', args=[round_.code])}{_query(request.POST)}")
    rows = discrepancies(round_, filters_of(request.GET)).prefetch_related("agenda_items__session")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("trang"))
    definition = definition_of_round(round_)
    sessions = list(sessions_seen_by(request.user).filter(round=round_).order_by("number"))
    context = {
        **frame(request, round_, "chenh-lech"),
        "page_obj": page,
        "lines": _lines(page, definition, {session.pk for session in sessions}),
        "kinds": _kinds(request, round_),
        "states": [(name, state.label) for name, state in STATE_OF.items()],
        "domains": definition.domains,
        "units": Unit.objects.filter(pk__in=round_.participants.values("unit")).order_by("order", "name"),
        "chosen": {name.replace("-", "_"): request.GET.get(name, "") for name in FILTER_NAMES},
        "hidden": [(name, request.GET[name]) for name in FILTER_NAMES if request.GET.get(name)],
        "query": _query(request.GET),
        "run": last_search(round_),
        "may_search": round_.state not in {RoundState.DRAFT, RoundState.OPEN, RoundState.FINALISED},
        "sessions": [s for s in sessions if s.state in {SessionState.PLANNED, SessionState.SITTING}],
    }
    return render(request, "submissions/discrepancies/queue.html", context)


def _lines(page: Any, definition: Definition, sessions: set[int]) -> list[Line]:
    lines = []
    for row in page:
        items = [item for item in row.agenda_items.all() if item.session_id in sessions]
        leaf = definition.leaf(row.code) if definition.has_leaf(row.code) else None
        lines.append(Line(row, leaf, sentence_of(row), max(items, key=lambda item: item.pk, default=None)))
    return lines


def _kinds(request: HttpRequest, round_: AssessmentRound) -> list[dict[str, Any]]:
    """Return each kind with its number of open rows and its address; the rest of the filters stays."""
    numbers = counts_by_kind(round_)
    others = {name: request.GET[name] for name in FILTER_NAMES if request.GET.get(name) and name != "loai"}
    address = reverse("submissions:round_discrepancies", args=[round_.code])
    return [
        {
            "value": str(kind),
            "label": kind.label,
            "number": numbers[kind],
            "address": f"{address}?{urlencode({**others, 'loai': str(kind)})}",
            "current": request.GET.get("loai") == kind,
        }
        for kind in DiscrepancyKind
    ]


def filters_of(data: QueryDict) -> DiscrepancyFilters:
    """Return the filters that an address asks for; what makes no sense is left out."""
    wanted = data.get("tinh-trang", "")
    try:
        least = parse_decimal(data["tu"]) if data.get("tu", "").strip() else None
    except PortalError:
        least = None
    kind = data.get("loai", "")
    return DiscrepancyFilters(
        kind=kind if kind in DiscrepancyKind.values else "",
        state="" if wanted == ALL else str(STATE_OF.get(wanted, DiscrepancyState.OPEN)),
        domain=data.get("linh-vuc", ""),
        unit=parse_id(data.get("don-vi", "")),
        least=least,
        text=data.get("tim", "")[:200],
    )


def _query(data: QueryDict) -> str:
    given = [(name, data[name]) for name in FILTER_NAMES if data.get(name)]
    return f"?{urlencode(given)}" if given else ""


def _act(request: HttpRequest, round_: AssessmentRound) -> None:
    act = request.POST.get("viec", "")
    if act == "tim-lai":
        _search(request, round_)
        return
    ids = [pk for value in request.POST.getlist("muc")[:PER_PAGE] if (pk := parse_id(value)) is not None]
    rows = list(
        Discrepancy.objects.filter(participant__round=round_, pk__in=ids).select_related(
            "participant__round__owner", "participant__unit"
        )
    )
    if not rows:
        messages.warning(request, _("No discrepancy was chosen."))
    elif act == "bo-qua":
        _clear(request, rows)
    elif act == "chuong-trinh":
        _to_agenda(request, round_, rows)


def _search(request: HttpRequest, round_: AssessmentRound) -> None:
    try:
        number = find_discrepancies(round=round_, user=request.user)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
    else:
        text = ngettext("%(number)d discrepancy is open.", "%(number)d discrepancies are open.", number)
        messages.success(request, text % {"number": number})


def _clear(request: HttpRequest, rows: list[Discrepancy]) -> None:
    reason = request.POST.get("ly-do", "")[:500]
    try:
        number = clear_discrepancies(rows=rows, reason=reason, user=request.user)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
        return
    text = ngettext("%(number)d discrepancy was cleared.", "%(number)d discrepancies were cleared.", number)
    messages.success(request, text % {"number": number})
    if number < len(rows):
        messages.warning(request, _("Where another score counts by now, or somebody was quicker, nothing was changed."))


def _to_agenda(request: HttpRequest, round_: AssessmentRound, rows: list[Discrepancy]) -> None:
    session = (
        sessions_seen_by(request.user).filter(round=round_, pk=parse_id(request.POST.get("phien", "")) or 0).first()
    )
    if session is None:
        messages.warning(request, _("Choose the session on whose agenda they come."))
        return
    attempt(
        request,
        lambda: add_discrepancies(session=session, rows=rows, user=request.user),
        _("They stand on the agenda of “%(session)s”.") % {"session": session.title},
    )


@login_required
@require_safe
def leaf_page(request: HttpRequest, code: str, pk: int, leaf: str) -> HttpResponse:
    """Show one leaf of one unit with everything known of it, to those who may read points before publication."""
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    who = round_.participants.select_related("unit", "round__edition", "round__owner").filter(pk=pk).first()
    if who is None:
        raise Http404
    try:
        story = leaf_story(who, leaf)
    except KeyError:
        raise Http404 from None
    rows = discrepancies(round_, DiscrepancyFilters(state="", unit=who.unit_id)).filter(code=leaf)
    context = {
        **frame(request, round_, "don-vi"),
        "story": story,
        "requests": requests_of(who, leaf),
        "page_notes": notes_for_council(user=request.user, participant=who, code=leaf),
        "guidance": guidance_for(round_.edition, leaf),
        "discrepancies": [(row, sentence_of(row)) for row in rows],
    }
    return render(request, "submissions/rounds/leaf.html", context)
