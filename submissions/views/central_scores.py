"""Points that units do not fill in: entered centrally, or by the survey."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from cms.exceptions import PermissionRefused, PortalError
from cms.numbers import parse_id
from cms.permissions import has_role, require_role
from criteria_pages.enums import Scorer
from criteria_pages.rules import get_rule
from submissions.domain.central_scores import ROLES_OF, central_leaves, record_central
from submissions.domain.definitions import definition_for
from submissions.domain.round_access import may_read_scores, require_scores
from submissions.enums import ParticipantStatus, RoundState
from submissions.models import AssessmentRound, ScoreEntry
from submissions.views.access import round_for
from submissions.views.rounds import PER_PAGE, frame


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def central(request: HttpRequest, code: str) -> HttpResponse:
    """Show and enter the points that units do not fill in, one leaf at a time for all units."""
    round_ = round_for(request, code)
    leaves = central_leaves(round_)
    if not may_read_scores(request.user, round_):
        leaves = [leaf for leaf in leaves if leaf.scorer == Scorer.SURVEY]
    asked = request.GET.get("tieu-chi")
    chosen = next((leaf for leaf in leaves if leaf.code == asked or not asked), None)
    if asked and chosen is None:
        # Never another leaf than the one that was asked for: points would land on it.
        require_scores(request.user, round_)
        raise Http404
    typed: dict[str, dict[str, str]] = {}
    if request.method == "POST" and chosen is not None:
        require_role(request.user, *ROLES_OF[chosen.scorer], unit=round_.owner)
        typed = _store_central(request, round_, chosen.code)
        if not typed:
            return redirect(request.get_full_path())
    rows = round_.participants.exclude(status=ParticipantStatus.NOT_ASSESSED).select_related(
        "unit__tier", "round__edition"
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("trang"))
    newest: dict[int, ScoreEntry] = {}
    if chosen is not None:
        for entry in ScoreEntry.objects.filter(participant__in=page.object_list, code=chosen.code).order_by("pk"):
            newest[entry.participant_id] = entry
    lines = [
        {"participant": row, "entry": newest.get(row.pk), "typed": typed.get(str(row.pk), {})}
        for row in page
        if chosen is not None and definition_for(row).has_leaf(chosen.code)
    ]
    done = _central_done(round_, leaves)
    context = {
        **frame(request, round_, "nhap-diem"),
        "leaves": [{"leaf": leaf, "done": done[leaf.code]} for leaf in leaves],
        "leaf": chosen,
        "rule": get_rule(chosen.rule, chosen.maximum).describe() if chosen else "",
        "lines": lines,
        "page_obj": page,
        "may_enter": chosen is not None
        and any(has_role(request.user, role, round_.owner) for role in ROLES_OF[chosen.scorer])
        and round_.state in {RoundState.OPEN, RoundState.APPRAISAL, RoundState.COUNCIL},
    }
    return render(request, "submissions/rounds/central.html", context, status=422 if typed else 200)


def _store_central(request: HttpRequest, round_: AssessmentRound, code: str) -> dict[str, dict[str, str]]:
    """Store each line that was typed; return the refused ones by participant with what was typed and why."""
    refused: dict[str, dict[str, str]] = {}
    done = 0
    participants = {str(row.pk): row for row in round_.participants.select_related("unit", "round__edition")}
    for name, value in request.POST.items():
        pk = name.removeprefix("diem-")
        if not name.startswith("diem-") or not value.strip() or pk not in participants:
            continue
        reason, seen = request.POST.get(f"ly-do-{pk}", ""), request.POST.get(f"muc-{pk}", "")
        try:
            record_central(
                user=request.user,
                participant=participants[pk],
                code=code,
                points=value,
                reason=reason,
                expected_entry_id=parse_id(seen),
            )
        except PermissionRefused:
            raise
        except PortalError as refusal:
            refused[pk] = {"points": value, "reason": reason, "error": refusal.message}
        else:
            done += 1
    if done:
        messages.success(
            request, ngettext("%(number)d score was stored.", "%(number)d scores were stored.", done) % {"number": done}
        )
    if refused:
        messages.error(request, _("Some lines were not stored; see them below."))
    return refused


def _central_done(round_: AssessmentRound, leaves: list[Any]) -> dict[str, int]:
    rows = (
        ScoreEntry.objects.filter(participant__round=round_, code__in=[leaf.code for leaf in leaves])
        .values_list("code", "participant_id")
        .distinct()
        .order_by()
    )
    done: dict[str, int] = {leaf.code: 0 for leaf in leaves}
    for code, _participant_id in rows:
        done[code] += 1
    return done
