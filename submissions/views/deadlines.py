"""The phases of a round on the secretariat's desk: when each opens and locks, and ending one before its time."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cms import clock
from submissions.desk_forms import DeadlineForm
from submissions.domain.phase_times import PhaseTimes, set_deadlines
from submissions.domain.rounds import PHASE_ORDER, date_warnings, end_phase
from submissions.enums import Phase, RoundState
from submissions.exceptions import DeadlinesRefused, WrongState
from submissions.models import AssessmentRound, PhaseDeadline
from submissions.views.access import attempt, round_for
from submissions.views.rounds import frame

_NOT_UNDER_WAY = (RoundState.DRAFT, RoundState.FINALISED)
_FIELD_OF = {
    "reason_missing": "reason",
    **dict.fromkeys(("deadline_order", "before_child", "after_parent"), "closes_at"),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def deadlines(request: HttpRequest, code: str) -> HttpResponse:
    """Show and set when the phases open and lock: one form for all of them, stored all or nothing."""
    round_ = round_for(request, code)
    if request.POST.get("viec") == "ket-thuc":
        return _end_phase(request, round_)
    known = {row.phase: row for row in round_.deadlines.all()}
    forms = {phase: _form(request, phase, known.get(phase)) for phase in PHASE_ORDER}
    if request.method == "POST" and all(form.is_valid() for form in forms.values()):
        answer = _set(request, round_, forms, known)
        if answer is not None:
            return answer
    failed = any(form.errors for form in forms.values())
    now = clock.now()
    lines = [
        {
            "phase": phase,
            "label": Phase(phase).label,
            "row": (row := known.get(phase)),
            "may_end": bool(row) and row.closes_at > now and round_.state not in _NOT_UNDER_WAY,
            "has_begun": bool(row) and row.opens_at < now,
            "form": form,
        }
        for phase, form in forms.items()
    ]
    context = {
        **frame(request, round_, "thoi-han"),
        "lines": lines,
        "mistakes": sum(len(form.errors) for form in forms.values()) if failed else 0,
        "warnings": date_warnings(round_),
    }
    return render(request, "submissions/rounds/deadlines.html", context, status=422 if failed else 200)


def _form(request: HttpRequest, phase: str, row: PhaseDeadline | None) -> DeadlineForm:
    """The fields of one phase; one that nobody touched is left as it is, also where it was never set."""
    return DeadlineForm(
        request.POST if request.method == "POST" else None,
        prefix=phase,
        # The picker knows minutes only; a phase that was ended by hand has seconds.
        initial={"opens_at": _minute(row.opens_at), "closes_at": _minute(row.closes_at)} if row else None,
        empty_permitted=True,
        use_required_attribute=False,
    )


def _minute(moment: dt.datetime) -> dt.datetime:
    return moment.replace(second=0, microsecond=0)


def _set(
    request: HttpRequest, round_: AssessmentRound, forms: dict[str, DeadlineForm], known: dict[str, PhaseDeadline]
) -> HttpResponse | None:
    """Store what was changed; None where the page is to be shown again with its errors and all that was typed."""
    changed = [_times(phase, form, known.get(phase)) for phase, form in forms.items() if form.has_changed()]
    here = redirect("submissions:round_deadlines", round_.code)
    try:
        set_deadlines(round=round_, times=changed, user=request.user)
    except DeadlinesRefused as refused:
        for phase, refusal in refused.refusals.items():
            forms[phase].add_error(_FIELD_OF.get(refusal.code), refusal.message)
        return None
    except WrongState as refusal:
        messages.error(request, refusal.message)
        return here
    if changed:
        phases = ", ".join(f"“{Phase(one.phase).label}”" for one in changed)
        messages.success(request, _("The deadlines are stored: %(phases)s.") % {"phases": phases})
    else:
        messages.info(request, _("No deadline was changed."))
    return here


def _times(phase: str, form: DeadlineForm, row: PhaseDeadline | None) -> PhaseTimes:
    """What was typed; a time that was not touched stays to the second as it is stored now."""
    moments: dict[str, Any] = {
        name: getattr(row, name) if row and name not in form.changed_data else form.cleaned_data[name]
        for name in ("opens_at", "closes_at")
    }
    return PhaseTimes(phase=phase, reason=form.cleaned_data["reason"], **moments)


def _end_phase(request: HttpRequest, round_: AssessmentRound) -> HttpResponse:
    """End a phase before its time, with the reason that the history keeps."""
    phase = request.POST.get("pha", "")
    if phase in Phase.values:
        attempt(
            request,
            lambda: end_phase(round=round_, phase=phase, reason=request.POST.get("ly-do", ""), user=request.user),
            _("“%(phase)s” has ended.") % {"phase": Phase(phase).label},
        )
    return redirect("submissions:round_deadlines", round_.code)
