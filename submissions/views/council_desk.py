"""The council room as the secretariat runs it: planning, members, agenda, motions, results, the end."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from cms.exceptions import PortalError
from cms.numbers import parse_decimal
from submissions.council_enums import DiscrepancyKind, SeatPosition
from submissions.council_forms import DrawForm, ItemForm, SeatForm, SessionForm
from submissions.domain.agenda import add_item, draw_agenda, put_off, show_item
from submissions.domain.council import people_for_seats, sessions_seen_by
from submissions.domain.council_sessions import (
    add_seat,
    cancel_session,
    change_seat,
    change_session,
    open_session,
    plan_session,
    remove_seat,
)
from submissions.domain.definitions import definition_of_round
from submissions.domain.discrepancies import counts_by_kind
from submissions.models import AgendaItem, CouncilSession
from submissions.views.access import attempt, attempt_in_form, round_for
from submissions.views.council import (
    frame,
    item_for,
    number,
    session_for,
)
from submissions.views.rounds import frame as round_frame


# --- planning ---------------------------------------------------------------------------------------------------------
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def council(request: HttpRequest, code: str) -> HttpResponse:
    """Show the sessions of a round's council and plan another."""
    round_ = round_for(request, code)
    form = SessionForm(request.POST or None, initial=_first_session(round_))
    if request.method == "POST" and form.is_valid():
        made = attempt_in_form(form, lambda: plan_session(round=round_, user=request.user, **form.cleaned_data))
        if made is not None:
            messages.success(request, _("The session is planned. Check its members, then draw the agenda."))
            return redirect("submissions:council_members", made.pk)
    seen = list(sessions_seen_by(request.user).filter(round=round_).order_by("number"))
    context = {
        **round_frame(request, round_, "hoi-dong"),
        "sessions": seen,
        "is_closed_to_user": not seen and round_.council_sessions.exists(),
        "kinds": _kinds(round_),
        "form": form,
    }
    return render(request, "submissions/council/round.html", context, status=422 if form.errors else 200)


def _first_session(round_: Any) -> dict[str, Any]:
    last = round_.council_sessions.order_by("-number").first()
    following = (last.number if last else 0) + 1
    initial = {"title": _("Session %(number)s of the council") % {"number": following}}
    if last is None:
        return initial | {"chair_breaks_ties": True}
    return initial | {name: getattr(last, name) for name in ("place", "quorum", "majority", "chair_breaks_ties")}


def _kinds(round_: Any) -> list[tuple[str, str, int]]:
    counts = counts_by_kind(round_)
    return [(kind.value, str(kind.label), counts[kind]) for kind in DiscrepancyKind]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Change what was planned."""
    session = session_for(request, pk)
    names = ("title", "held_at", "place", "quorum", "majority", "chair_breaks_ties")
    form = SessionForm(request.POST or None, initial={name: getattr(session, name) for name in names})
    if request.method == "POST" and form.is_valid():
        done = attempt_in_form(form, lambda: change_session(session=session, user=request.user, **form.cleaned_data))
        if done is not None:
            messages.success(request, _("The session is changed."))
            return redirect("submissions:council_session", session.pk)
    context = {**frame(request, session, "chuong-trinh"), "form": form}
    return render(request, "submissions/council/plan.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def step(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin or cancel the session."""
    session = session_for(request, pk)
    if request.POST.get("viec") == "huy":
        reason = request.POST.get("ly-do", "")
        attempt(
            request,
            lambda: cancel_session(session=session, user=request.user, reason=reason),
            _("The session is cancelled."),
        )
    else:
        attempt(request, lambda: open_session(session=session, user=request.user), _("The session has begun."))
    return redirect("submissions:council_session", session.pk)


# --- members ----------------------------------------------------------------------------------------------------------
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def members(request: HttpRequest, pk: int) -> HttpResponse:
    """Show who sits in the session, mark who is present, add and take back seats."""
    session = session_for(request, pk)
    form = SeatForm(people=people_for_seats(session))
    if request.method == "POST":
        act = request.POST.get("viec", "")
        if act == "them":
            form = SeatForm(request.POST, people=people_for_seats(session))
            done = form.is_valid() and attempt_in_form(
                form, lambda: add_seat(session=session, user=request.user, **form.cleaned_data)
            )
            if done:
                messages.success(request, _("The seat is given."))
                return redirect("submissions:council_members", session.pk)
        else:
            _change_seats(request, session, remove=number(request.POST.get("bo")))
            return redirect("submissions:council_members", session.pk)
    context = {
        **frame(request, session, "thanh-vien"),
        "seats": session.seats.select_related("user").order_by("pk"),
        "positions": SeatPosition.choices,
        "form": form,
    }
    return render(request, "submissions/council/members.html", context, status=422 if form.errors else 200)


def _change_seats(request: HttpRequest, session: CouncilSession, *, remove: int) -> None:
    """Store the whole list; what is refused is named and the rest stands."""
    if remove:
        seat = session.seats.filter(pk=remove).first()
        if seat is not None:
            attempt(request, lambda: remove_seat(seat=seat, user=request.user), _("The seat is taken back."))
        return
    seats = list(session.seats.select_related("user", "session__round__owner"))
    # Who gives the chair up comes first, so that two people can change places in one act.
    seats.sort(key=lambda seat: request.POST.get(f"vi-tri-{seat.pk}") == SeatPosition.CHAIR)
    stored = 0
    for seat in seats:
        position = request.POST.get(f"vi-tri-{seat.pk}")
        if position not in SeatPosition.values:
            continue
        stored += attempt(request, _seat_change(request, seat, position), "")
    if stored:
        messages.success(request, _("Members and attendance are stored."))


def _seat_change(request: HttpRequest, seat: Any, position: str) -> Callable[[], Any]:
    return lambda: change_seat(
        seat=seat,
        user=request.user,
        position=position,
        represents=request.POST.get(f"dai-dien-{seat.pk}", "")[:255],
        is_present=f"co-mat-{seat.pk}" in request.POST,
        absence=request.POST.get(f"vang-{seat.pk}", "")[:255],
    )


# --- agenda -----------------------------------------------------------------------------------------------------------
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def agenda(request: HttpRequest, pk: int) -> HttpResponse:
    """Draw the agenda from discrepancies and special cases, or add one matter by hand."""
    session = session_for(request, pk)
    participants = session.round.participants.select_related("unit").order_by("unit__order", "unit__name")
    leaves = definition_of_round(session.round).leaves
    draw = DrawForm(prefix="rut", initial={"kinds": [kind.value for kind in DiscrepancyKind], "special_cases": True})
    item = ItemForm(prefix="muc", participants=participants, leaves=leaves)
    if request.method == "POST" and request.POST.get("viec") == "rut":
        draw = DrawForm(request.POST, prefix="rut")
        if draw.is_valid() and _draw(request, session, draw):
            return redirect("submissions:council_session", session.pk)
    elif request.method == "POST":
        item = ItemForm(request.POST, prefix="muc", participants=participants, leaves=leaves)
        made = item.is_valid() and attempt_in_form(item, lambda: _add(request, session, item), _ITEM_FIELDS)
        if made:
            messages.success(request, _("The item is on the agenda."))
            return redirect("submissions:council_session", session.pk)
    context = {
        **frame(request, session, "chuong-trinh"),
        "draw_form": draw,
        "item_form": item,
        "kinds": _kinds(session.round),
    }
    failed = draw.errors or item.errors
    return render(request, "submissions/council/agenda.html", context, status=422 if failed else 200)


_ITEM_FIELDS = {"unknown_code": "code", "survey_leaf": "code", "topic_missing": "topic"}


def _add(request: HttpRequest, session: CouncilSession, form: ItemForm) -> AgendaItem:
    data = form.cleaned_data
    data["participant"].round = session.round
    return add_item(
        session=session,
        user=request.user,
        participant=data["participant"],
        subject=data["subject"],
        code=data["code"],
        topic=data["topic"],
    )


def _draw(request: HttpRequest, session: CouncilSession, form: DrawForm) -> bool:
    data = form.cleaned_data
    try:
        least = parse_decimal(data["least"]) if data["least"] else Decimal(0)
    except PortalError as refusal:
        form.add_error("least", refusal.message)
        return False
    drawn = attempt_in_form(
        form,
        lambda: draw_agenda(
            session=session, user=request.user, kinds=data["kinds"], least=least, special_cases=data["special_cases"]
        ),
    )
    if drawn is None:
        return False
    text = ngettext("%(number)d item was drawn.", "%(number)d items were drawn.", len(drawn)) % {"number": len(drawn)}
    messages.success(request, text)
    return True


@login_required
@require_POST
def item_act(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """Postpone an item, take it off, or show it on the wall."""
    session = session_for(request, pk)
    row = item_for(session, item)
    act = request.POST.get("viec", "")
    if act == "chieu":
        done = _("The wall shows this item.")
        attempt(request, lambda: show_item(session=session, item=row, user=request.user), done)
    else:
        attempt(
            request,
            lambda: put_off(
                item=row, user=request.user, reason=request.POST.get("ly-do", "")[:500], take_off=act == "rut"
            ),
            _("The item is taken off.") if act == "rut" else _("The item is postponed."),
        )
    return redirect("submissions:council_item", session.pk, row.pk)
