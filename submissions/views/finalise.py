"""Freezing a round, and its scores as a workbook."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cms import clock, jobs
from cms.exceptions import PermissionRefused, PortalError
from submissions.domain.appraisal_queue import workload_by
from submissions.domain.finalise import finalise_round, readiness
from submissions.domain.round_access import require_scores
from submissions.domain.rounds import open_phases
from submissions.enums import RoundState
from submissions.exceptions import Unfinished
from submissions.views.access import round_for
from submissions.views.rounds import frame


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def finalise(request: HttpRequest, code: str) -> HttpResponse:
    """Show what is missing and freeze the round."""
    round_ = round_for(request, code)
    if request.method == "POST":
        try:
            seal = finalise_round(round=round_, user=request.user, confirmed=request.POST.get("xac-nhan", ""))
        except PermissionRefused:
            raise
        except Unfinished as refusal:
            messages.error(request, refusal.message)
            round_ = round_for(request, code)  # as it stands: what the refused step did was undone
        except PortalError as refusal:
            messages.error(request, refusal.message)
            return redirect("submissions:round_finalise", round_.code)
        else:
            messages.success(
                request,
                _("The round is finalised; its ledger has the SHA-256 %(sha)s.") % {"sha": seal.ledger_sha256},
            )
            return redirect("submissions:round_finalise", round_.code)
    state = readiness(round_) if round_.state not in {RoundState.DRAFT, RoundState.FINALISED} else None
    by_unit: dict[int, dict[str, Any]] = {}
    for gap in state.gaps if state else ():
        line = by_unit.setdefault(gap.participant.pk, {"participant": gap.participant, "kinds": {}})
        line["kinds"].setdefault(gap.kind, []).append(gap.code)
    context = {
        **frame(request, round_, "chot"),
        "readiness": state,
        "open_phases": open_phases(round_) if state else [],
        "gaps": list(by_unit.values()),
        "seal": round_.seals.select_related("sealed_by").last(),
        "work": workload_by(round_, key="participant_id") if state else {},
    }
    return render(request, "submissions/rounds/finalise.html", context, status=422 if request.method == "POST" else 200)


@login_required
@require_POST
def export(request: HttpRequest, code: str) -> HttpResponse:
    """Start the job that writes the round's scores as a workbook."""
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    run = jobs.enqueue(
        "submissions.export_round_scores",
        arguments={"round_id": round_.pk},
        key=f"export-round-scores-{round_.pk}-{clock.now():%Y%m%d%H%M%S%f}-{request.user.pk}",
        user=request.user,
        title=_("Scores of %(round)s") % {"round": round_.name},
        unit=round_.owner,
    )
    return redirect("cms:job", run.pk)
