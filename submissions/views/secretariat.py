"""The secretariat's desk: one unit, central points, bonus and penalty, finalising, export."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cms import clock, jobs
from cms.domain.files import clean_name, store_file
from cms.enums import FileKind, Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import StoredFile
from cms.numbers import parse_id
from cms.permissions import has_role, require_role
from criteria_pages.enums import Scorer
from criteria_pages.rules import get_rule
from criteria_pages.scoring import compute_index
from submissions.desk_forms import AdjustmentForm, ExtensionForm, StatusForm
from submissions.domain.adjustments import record_adjustment, standing_adjustments, withdraw_adjustment
from submissions.domain.appraisal_queue import workload_by
from submissions.domain.assignment import AssignmentMap
from submissions.domain.central_scores import ROLES_OF, central_leaves, record_central
from submissions.domain.definitions import definition_for, definition_of_round
from submissions.domain.extensions import grant_extension
from submissions.domain.finalise import finalise_round, readiness
from submissions.domain.ledger import AdjustmentTotals, current_entries, final_points
from submissions.domain.ledger import adjustments as adjustment_totals
from submissions.domain.pdf_check import check_pdf
from submissions.domain.round_access import may_read_scores, require_scores
from submissions.domain.rounds import open_phases, set_participant_status
from submissions.enums import ParticipantStatus, RoundState
from submissions.exceptions import Unfinished
from submissions.models import Adjustment, AssessmentRound, Participant, ScoreEntry
from submissions.views.access import attempt, round_for
from submissions.views.rounds import PER_PAGE, frame


def _participant(round_: AssessmentRound, pk: int) -> Participant:
    found = (
        round_.participants.select_related("unit__tier", "round__edition", "round__owner", "submission")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404
    return found


@login_required
@require_safe
def participant_page(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Show one unit of the round: form, scores by leaf, extensions, status."""
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    who = _participant(round_, pk)
    return _participant_response(request, round_, who)


def _participant_response(
    request: HttpRequest,
    round_: AssessmentRound,
    who: Participant,
    *,
    extension: ExtensionForm | None = None,
    status_form: StatusForm | None = None,
    status: int = 200,
) -> HttpResponse:
    definition = definition_for(who)
    entries = current_entries(who)
    points = final_points(round_, only=[who.pk])[who.pk]
    extra = adjustment_totals(round_).get(who.pk, AdjustmentTotals())
    assignments = AssignmentMap(round_)
    domains = [
        {
            "domain": domain,
            "leaves": [
                {
                    "leaf": leaf,
                    "entry": entries.get(leaf.code),
                    "agency": assignments.agency_for(leaf.code, unit_id=who.unit_id),
                }
                for leaf in domain.leaves
            ],
        }
        for domain in definition.domains
    ]
    result = compute_index(definition, points, bonus=extra.bonus, penalty=extra.penalty)
    context = {
        **frame(request, round_, "don-vi"),
        "participant": who,
        "submission": getattr(who, "submission", None),
        "domains": domains,
        "result": result,
        # Nothing scored yet is no figure; it is never shown as zero.
        "points_now": result.points if len(result.missing) < len(definition.leaves) else None,
        "index_now": result.index if len(result.missing) < len(definition.leaves) else None,
        "extensions": who.extensions.select_related("granted_by", "reopens"),
        "extension_form": extension or _extension_form(who),
        "status_form": status_form or StatusForm(initial={"status": who.status, "reason": who.reason}),
    }
    return render(request, "submissions/rounds/participant.html", context, status=status)


def _extension_form(who: Participant, data: Any = None) -> ExtensionForm:
    definition = definition_for(who)
    return ExtensionForm(
        data,
        domains=[(domain.code, domain.name) for domain in definition.domains],
        leaves=[(leaf.code, leaf.name) for leaf in definition.leaves],
    )


@login_required
@require_POST
def extend(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Give one unit more time."""
    round_ = round_for(request, code)
    who = _participant(round_, pk)
    form = _extension_form(who, request.POST)
    if form.is_valid():
        scope, part = form.scope()
        try:
            granted = grant_extension(
                participant=who,
                phase=form.cleaned_data["phase"],
                scope=scope,
                code=part,
                until=form.cleaned_data["until"],
                reason=form.cleaned_data["reason"],
                reopen=form.cleaned_data["reopen"],
                user=request.user,
            )
        except PermissionRefused:
            raise
        except PortalError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(
                request, _("%(unit)s has more time: %(extension)s.") % {"unit": who.unit.name, "extension": granted}
            )
            return redirect("submissions:round_participant", round_.code, who.pk)
    return _participant_response(request, round_, who, extension=form, status=422)


@login_required
@require_POST
def set_status(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Say whether the unit is assessed and ranked."""
    round_ = round_for(request, code)
    who = _participant(round_, pk)
    form = StatusForm(request.POST)
    if form.is_valid():
        try:
            set_participant_status(
                participant=who,
                status=form.cleaned_data["status"],
                reason=form.cleaned_data["reason"],
                user=request.user,
            )
        except PermissionRefused:
            raise
        except PortalError as refusal:
            form.add_error("reason" if refusal.code == "reason_missing" else None, refusal.message)
        else:
            messages.success(request, _("The status of %(unit)s is changed.") % {"unit": who.unit.name})
            return redirect("submissions:round_participant", round_.code, who.pk)
    return _participant_response(request, round_, who, status_form=form, status=422)


# --- central and survey points ----------------------------------------------------------------------------------------
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


# --- bonus and penalty ------------------------------------------------------------------------------------------------
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def adjustments(request: HttpRequest, code: str) -> HttpResponse:
    """Show, give and withdraw bonus and penalty points."""
    round_ = round_for(request, code)
    require_scores(request.user, round_)
    participants = round_.participants.exclude(status=ParticipantStatus.NOT_ASSESSED).select_related("unit")
    form = AdjustmentForm(participants=participants)
    if request.method == "POST" and request.POST.get("viec") == "rut":
        row = Adjustment.objects.filter(participant__round=round_, pk=_number(request.POST.get("muc"))).first()
        if row is None:
            raise Http404
        attempt(
            request,
            lambda: withdraw_adjustment(adjustment=row, reason=request.POST.get("ly-do", ""), user=request.user),
            _("The entry is withdrawn."),
        )
        return redirect("submissions:round_adjustments", round_.code)
    if request.method == "POST":
        form = AdjustmentForm(request.POST, request.FILES, participants=participants)
        if form.is_valid() and _adjust(request, round_, form):
            return redirect("submissions:round_adjustments", round_.code)
    definition = definition_of_round(round_)
    context = {
        **frame(request, round_, "cong-tru"),
        "form": form,
        "rows": standing_adjustments(round_),
        "bonus_cap": definition.bonus_cap,
        "penalty_cap": definition.penalty_cap,
        "is_open": round_.state in {RoundState.APPRAISAL, RoundState.COUNCIL},
    }
    return render(request, "submissions/rounds/adjustments.html", context, status=422 if form.errors else 200)


def _adjust(request: HttpRequest, round_: AssessmentRound, form: AdjustmentForm) -> bool:
    data = form.cleaned_data
    require_role(request.user, Role.SECRETARIAT, unit=round_.owner)
    try:
        stored = store_attachment(request, round_, data["evidence"]) if data["evidence"] else None
        record_adjustment(
            participant=data["participant"],
            kind=data["kind"],
            points=data["points"],
            reason=data["reason"],
            evidence=stored,
            user=request.user,
        )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        names = {"reason_missing": "reason", "points_out_of_range": "points", "above_cap": "points"}
        form.add_error(names.get(refusal.code), refusal.message)
        return False
    messages.success(request, _("The points are entered."))
    return True


def store_attachment(request: HttpRequest, round_: AssessmentRound, upload: Any) -> StoredFile:
    """Check an uploaded PDF and keep it as a paper of the round."""
    findings = check_pdf(upload, name=clean_name(upload.name))
    return store_file(
        kind=FileKind.ATTACHMENT,
        content=upload,
        name=upload.name,
        owner_unit=round_.owner,
        user=request.user,
        inspection=findings.to_json(),
        content_type="application/pdf",
    )


def _number(text: str | None) -> int:
    return parse_id(text) or 0


# --- finalise and export ----------------------------------------------------------------------------------------------
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
