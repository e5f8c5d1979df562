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

from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import StoredFile
from cms.numbers import parse_decimal
from cms.permissions import require_role
from criteria_pages.exceptions import InputError
from criteria_pages.rules.inputs import InputErrors
from submissions.council_enums import DiscrepancyKind, SeatPosition, SessionState
from submissions.council_forms import CloseForm, DrawForm, ItemForm, MotionForm, SeatForm, SessionForm
from submissions.desk_forms import INPUT_PREFIX
from submissions.domain.agenda import add_item, draw_agenda, put_off, show_item
from submissions.domain.council import people_for_seats, sessions_seen_by
from submissions.domain.council_decisions import adopt_rest, record_result
from submissions.domain.council_motions import MotionText, put_motion, put_rest, withdraw_motion
from submissions.domain.council_sessions import (
    add_seat,
    cancel_session,
    change_seat,
    change_session,
    open_session,
    plan_session,
    remove_seat,
)
from submissions.domain.council_votes import record_votes
from submissions.domain.definitions import definition_of_round
from submissions.domain.discrepancies import counts_by_kind
from submissions.domain.leaf_story import leaf_story
from submissions.domain.minutes import close_session
from submissions.exceptions import StaleWrite
from submissions.models import AgendaItem, CouncilMotion, CouncilSession
from submissions.views.access import attempt, round_for
from submissions.views.adjustments import store_attachment
from submissions.views.council import (
    frame,
    item_for,
    item_response,
    minutes_response,
    motion_form,
    number,
    session_for,
    vote_context,
    voting_in,
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
        made = _try(form, lambda: plan_session(round=round_, user=request.user, **form.cleaned_data))
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
        done = _try(form, lambda: change_session(session=session, user=request.user, **form.cleaned_data))
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
            done = form.is_valid() and _try(
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
        made = item.is_valid() and _try(item, lambda: _add(request, session, item), _ITEM_FIELDS)
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
    drawn = _try(
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


# --- motions and results ----------------------------------------------------------------------------------------------
@login_required
@require_POST
def put(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """Put a motion on an item to the vote."""
    session = session_for(request, pk)
    row = item_for(session, item)
    story = leaf_story(row.participant, row.code) if row.code else None
    form = motion_form(row, story, request.POST, request.FILES)
    if not form.is_valid():
        return item_response(request, session, row, form=form, status=422)
    try:
        text = _motion_text(request, session, form)
        put_motion(item=row, user=request.user, text=text, expected_entry_id=form.cleaned_data["expected_entry_id"])
    except PermissionRefused:
        raise
    except StaleWrite as stale:
        return item_response(request, session, row, form=form, status=409, stale=stale)
    except InputErrors as errors:
        for error in errors.errors:
            _input_error(form, error)
    except InputError as error:
        _input_error(form, error)
    except PortalError as refusal:
        name = _MOTION_FIELDS.get(refusal.code)
        form.add_error(name if name in form.fields else None, refusal.message)
    else:
        messages.success(request, _("The motion is put to the vote."))
        return redirect("submissions:council_item", session.pk, row.pk)
    return item_response(request, session, row, form=form, status=422)


_MOTION_FIELDS = {
    "reason_missing": "reason",
    "points_out_of_range": "points",
    "points_missing": "points",
    "off_step": "points",
    "not_a_number": "points",
    "blank": "points",
    "grouped": "points",
    "above_cap": "points",
    "evidence_missing": "evidence",
    "status_missing": "status",
}


def _input_error(form: MotionForm, error: InputError) -> None:
    name = INPUT_PREFIX + error.field
    form.add_error(name if name in form.fields else None, error.message)


def _motion_text(request: HttpRequest, session: CouncilSession, form: MotionForm) -> MotionText:
    data = form.cleaned_data
    return MotionText(
        kind=data["kind"],
        reason=data["reason"],
        points=data.get("points", ""),
        inputs=form.changed_inputs(),
        status=data.get("status", ""),
        conditions=data.get("conditions", ""),
        public_note=data.get("public_note", ""),
        evidence=_evidence(request, session, data.get("evidence")),
    )


def _evidence(request: HttpRequest, session: CouncilSession, upload: Any) -> StoredFile | None:
    if not upload:
        return None
    require_role(request.user, Role.SECRETARIAT, unit=session.round.owner)
    return store_attachment(request, session.round, upload)


@login_required
@require_POST
def result(request: HttpRequest, pk: int, motion: int) -> HttpResponse:
    """Store a show of hands, record the result, or take the motion back."""
    session = session_for(request, pk)
    row = session.motions.select_related("item__participant__unit").filter(pk=motion).first()
    here = redirect("submissions:council_session", session.pk)
    if row is None:
        return here
    row.session = session
    if row.item_id:
        here = redirect("submissions:council_item", session.pk, row.item_id)
    if request.POST.get("viec") == "rut":
        attempt(request, lambda: withdraw_motion(motion=row, user=request.user), _("The motion is withdrawn."))
        return here
    choices = _hands(request, session)
    stored = attempt(request, lambda: record_votes(motion=row, user=request.user, choices=choices), "")
    if stored and request.POST.get("viec") == "ket-qua":
        _record(request, row)
    elif stored:
        messages.success(request, _("The votes are stored."))
    return here


def _hands(request: HttpRequest, session: CouncilSession) -> dict[int, str]:
    given = {pk: request.POST.get(f"phieu-{pk}", "") for pk in session.seats.values_list("pk", flat=True)}
    return {pk: choice for pk, choice in given.items() if choice}


def _record(request: HttpRequest, motion: CouncilMotion) -> None:
    if motion.item_id is None:
        _adopt(request, motion)
        return
    decided: list[Any] = []
    attempt(request, lambda: decided.append(record_result(motion=motion, user=request.user)), "")
    for decision in decided:
        if decision.carried:
            messages.success(request, _("Carried. The decision is written."))
        else:
            messages.warning(request, _("Not carried. The item is still open; put another motion or put it off."))


def _adopt(request: HttpRequest, motion: CouncilMotion) -> None:
    decided: list[Any] = []
    attempt(request, lambda: decided.extend(adopt_rest(motion=motion, user=request.user)), "")
    if not decided:
        return
    overall = decided[0]
    if not overall.carried:
        messages.warning(request, _("Not carried. What is open stays open."))
        return
    messages.success(
        request,
        _("Carried: adopted for %(units)s units, with %(items)s open items of the agenda.")
        % {"units": overall.facts["units"], "items": len(decided) - 1},
    )
    if overall.facts["left"]:
        messages.warning(
            request,
            _("Not adopted, because too few may vote there: %(units)s.") % {"units": ", ".join(overall.facts["left"])},
        )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rest(request: HttpRequest, pk: int) -> HttpResponse:
    """Adopt what was not decided one by one: put it to the vote, enter the votes, record the result."""
    session = session_for(request, pk)
    if request.method == "POST":
        reason = request.POST.get("ly-do", "")[:4000]
        attempt(
            request,
            lambda: put_rest(session=session, user=request.user, reason=reason),
            _("The motion is put to the vote."),
        )
        return redirect("submissions:council_rest", session.pk)
    motion = voting_in(session)
    context = {
        **frame(request, session, "chuong-trinh"),
        **vote_context(request, session, motion if motion is not None and motion.item_id is None else None),
        "open": session.items.filter(state="open").select_related("participant__unit"),
        "rest": session.decisions.filter(item__isnull=True).select_related("motion"),
        "is_sitting": session.state == SessionState.SITTING,
    }
    return render(request, "submissions/council/rest.html", context)


@login_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the session and freeze its minutes."""
    session = session_for(request, pk)
    form = CloseForm(request.POST)
    fields = {"number_missing": "number", "number_taken": "number"}
    if form.is_valid():
        made = _try(form, lambda: close_session(session=session, user=request.user, **form.cleaned_data), fields)
        if made is not None:
            messages.success(
                request, _("The session is closed; its minutes have the SHA-256 %(sha)s.") % {"sha": made.sha256}
            )
            return redirect("submissions:council_minutes", session.pk)
    return minutes_response(request, session, form, status=422)


def _try(form: Any, act: Callable[[], Any], fields: dict[str, str] | None = None) -> Any:
    """Do an act of the domain; a refusal becomes an error of the form. Returns None where it was refused."""
    try:
        return act()
    except PermissionRefused:
        raise
    except PortalError as refusal:
        name = (fields or {}).get(refusal.code)
        form.add_error(name if name in form.fields else None, refusal.message)
        return None
