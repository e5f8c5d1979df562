"""The council room as the secretariat runs it: motions, votes by show of hands, results, the end of the session."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import StoredFile
from cms.permissions import require_role
from criteria_pages.exceptions import InputError
from criteria_pages.rules.inputs import InputErrors
from submissions.council_enums import SessionState
from submissions.council_forms import CloseForm, MotionForm
from submissions.desk_forms import INPUT_PREFIX
from submissions.domain.council_decisions import adopt_rest, record_result
from submissions.domain.council_motions import MotionText, put_motion, put_rest, withdraw_motion
from submissions.domain.council_votes import record_votes
from submissions.domain.leaf_story import leaf_story
from submissions.domain.minutes import close_session
from submissions.exceptions import StaleWrite
from submissions.models import CouncilMotion, CouncilSession
from submissions.views.access import attempt, attempt_in_form
from submissions.views.adjustments import ABOUT_POINTS, store_attachment
from submissions.views.council import (
    frame,
    item_for,
    item_response,
    minutes_response,
    motion_form,
    session_for,
    vote_context,
    voting_in,
)


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
        # A refused motion takes its document back with it.
        with transaction.atomic():
            text = _motion_text(request, session, form)
            put_motion(item=row, user=request.user, text=text, expected_entry_id=form.cleaned_data["expected_entry_id"])
    except PermissionRefused:
        raise
    except StaleWrite as stale:
        return item_response(request, session, row, form=form, status=409, stale=stale)
    except InputErrors as errors:
        for error in errors.errors:
            _refuse_input(form, error)
    except InputError as error:
        _refuse_input(form, error)
    except PortalError as refusal:
        name = _MOTION_FIELDS.get(refusal.code)
        form.add_error(name if name in form.fields else None, refusal.message)
    else:
        messages.success(request, _("The motion is put to the vote."))
        return redirect("submissions:council_item", session.pk, row.pk)
    return item_response(request, session, row, form=form, status=422)


_MOTION_FIELDS = {
    "reason_missing": "reason",
    **dict.fromkeys((*ABOUT_POINTS, "points_missing", "off_step"), "points"),
    "evidence_missing": "evidence",
    "status_missing": "status",
}


def _refuse_input(form: MotionForm, error: InputError) -> None:
    name = INPUT_PREFIX + error.field
    form.add_error(*((name, error.beside) if name in form.fields else (None, error.message)))


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
        made = attempt_in_form(
            form, lambda: close_session(session=session, user=request.user, **form.cleaned_data), fields
        )
        if made is not None:
            messages.success(
                request, _("The session is closed; its minutes have the SHA-256 %(sha)s.") % {"sha": made.sha256}
            )
            return redirect("submissions:council_minutes", session.pk)
    return minutes_response(request, session, form, status=422)
