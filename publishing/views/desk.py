"""The releases desk in the workspace: build with preview, approve, return, correct, withdraw, verify."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import BaseFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cms import clock
from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.jobs import enqueue
from cms.permissions import require_role
from publishing.domain import baking, release_life, releases
from publishing.domain.computation import ComputedEntry
from publishing.domain.correction_notes import proposed_note
from publishing.domain.desk import may_approve, may_archive, may_build, releases_seen_by, rounds_to_release
from publishing.domain.ranking_rows import all_rows
from publishing.domain.release_changes import changes_since, release_before
from publishing.domain.terms import terms_for
from publishing.domain.verification import verify_release
from publishing.enums import ReleaseKind, ReleaseState
from publishing.forms import ApproveForm, BuildForm, ClassFormSet, ReasonForm
from publishing.models import IndexRelease
from publishing.views.ranking import class_names
from submissions.domain.round_access import rounds_seen_by
from submissions.models import AssessmentRound
from submissions.views.access import attempt

PER_PAGE = 30
ROWS_SHOWN = 500
CHANGES_SHOWN = 100


@login_required
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """List releases by state and the rounds that wait for one."""
    page = Paginator(releases_seen_by(request.user), PER_PAGE).get_page(request.GET.get("trang"))
    superseded = IndexRelease.objects.public(clock.now()).filter(corrects__in=[release.pk for release in page])
    context = {
        "page_obj": page,
        "rounds": rounds_to_release(request.user),
        "corrected": set(superseded.values_list("corrects", flat=True)),
    }
    return render(request, "publishing/desk/list.html", context)


def _round(request: HttpRequest, code: str) -> AssessmentRound:
    found = rounds_seen_by(request.user).filter(code=code).select_related("owner", "edition").first()
    if found is None:
        raise Http404
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def build(request: HttpRequest, code: str) -> HttpResponse:
    """Title, tie rule and classes of a release; show what it would hold, then build it."""
    round_ = _round(request, code)
    require_role(request.user, Role.SECRETARIAT, unit=round_.owner)
    before = IndexRelease.objects.filter(owner=round_.owner, round__isnull=False).order_by("-year", "-pk").first()
    terms = terms_for(round_)
    form = BuildForm(
        request.POST or None, initial=_initial(round_, before), fixed_tie_rule=terms.tie_rule if terms else ""
    )
    bands = terms.classes if terms and terms.fixes_classes else before.classes if before else ()
    classes = ClassFormSet(request.POST or None, prefix="lop", initial=_initial_classes(bands))
    preview = None
    if request.method == "POST" and form.is_valid() and classes.is_valid():
        options = {**form.cleaned_data, "classes": _classes(classes)}
        if "build" in request.POST:
            response = _build(request, round_, options, form)
            if response is not None:
                return response
        else:
            preview = _preview(round_, options, form)
    context = {
        "round": round_,
        "terms": terms,
        "form": form,
        "classes": classes,
        "preview": preview,
        "entries": _in_order(preview)[:ROWS_SHOWN] if preview else (),
        "several_tiers": bool(preview) and len({entry.subject.tier_code for entry in preview.entries}) > 1,
        "illustrative": round_.illustrative,
    }
    return render(request, "publishing/desk/build.html", context, status=422 if form.errors else 200)


def _in_order(preview: releases.ReleasePreview) -> list[ComputedEntry]:
    """Return the rows as people read a ranking: tier by tier, by rank, the unranked last."""
    return sorted(
        preview.entries,
        key=lambda entry: (
            entry.subject.tier_code,
            entry.rank is None,
            entry.rank or 0,
            entry.subject.unit_name,
        ),
    )


def _initial(round_: AssessmentRound, before: IndexRelease | None) -> dict[str, Any]:
    return {
        "title": round_.name,
        "title_en": round_.name_en,
        "tie_rule": before.tie_rule if before else "competition",
        "rank_scope": before.rank_scope if before else "tier",
        "series": before.series if before else f"round-{round_.owner.code}",
    }


def _initial_classes(bands: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"code": band["code"], "name": band["name"], "name_en": band.get("name_en", ""), "start": band["from"]}
        for band in bands
    ]


def _classes(forms: BaseFormSet) -> list[dict[str, str]]:
    return [found for form in forms if (found := form.to_class()) is not None]


def _preview(round_: AssessmentRound, options: dict[str, Any], form: BuildForm) -> releases.ReleasePreview | None:
    try:
        return releases.preview_release(
            round=round_,
            classes=options["classes"],
            tie_rule=options["tie_rule"],
            rank_scope=options["rank_scope"],
        )
    except PortalError as refusal:
        form.add_error(None, str(refusal.message))
        return None


def _build(
    request: HttpRequest, round_: AssessmentRound, options: dict[str, Any], form: BuildForm
) -> HttpResponse | None:
    if round_.participants.count() > settings.PORTAL_BUILD_INLINE_UNITS:
        number = IndexRelease.objects.filter(round=round_).count() + 1
        job = enqueue(
            "publishing.build_release",
            arguments={"round_id": round_.pk, "options": options},
            key=f"release:{round_.pk}:{number}",
            user=request.user,
            unit=round_.owner,
            title=options["title"],
        )
        return redirect("cms:job", pk=job.pk)
    try:
        release = releases.build_release(round=round_, user=request.user, **options)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error(None, str(refusal.message))
        return None
    messages.success(request, _("The release is built. An approver decides about it now."))
    return redirect("publishing:desk_release", pk=release.pk)


def _release(request: HttpRequest, pk: int) -> IndexRelease:
    found = releases_seen_by(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@login_required
@require_safe
def release_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a release with all rows and the steps that the user may take."""
    return _release_screen(request, _release(request, pk))


def _release_screen(
    request: HttpRequest, release: IndexRelease, *, form: Any = None, status: int = 200
) -> HttpResponse:
    rows = sorted(all_rows(release), key=lambda row: (row.tier_code, row.rank is None, row.rank or 0, row.unit_name))
    page = Paginator(rows, 200).get_page(request.GET.get("trang"))
    builds, approves = may_build(request.user, release), may_approve(request.user, release)
    is_draft, is_approved = release.state == ReleaseState.DRAFT, release.state == ReleaseState.APPROVED
    corrected = release.corrections.filter(state__in=[ReleaseState.DRAFT, ReleaseState.APPROVED]).first()
    earlier = release_before(release)
    changes = changes_since(earlier, release) if earlier is not None else None
    context = {
        "release": release,
        "changes": changes,
        "shown": changes.units[:CHANGES_SHOWN] if changes else (),
        "hidden": max(0, len(changes.units) - CHANGES_SHOWN) if changes else 0,
        "page_obj": page,
        "several_tiers": len({row.tier_code for row in rows}) > 1,
        "class_names": class_names(release),
        "approve_form": form if isinstance(form, ApproveForm) else _approve_form(release),
        "reason_form": form if isinstance(form, ReasonForm) else ReasonForm(),
        "correct_form": _correct_form(release, form),
        "may_approve": approves and is_draft,
        "may_withdraw": approves and is_approved,
        "may_correct": builds and is_approved and release.round_id and corrected is None,
        "may_discard": builds and release.state in {ReleaseState.DRAFT, ReleaseState.RETURNED},
        "own": release.built_by_id == request.user.pk,
        "correction": corrected,
        "illustrative": release.illustrative,
        "is_public": release.is_public(clock.now()),
        "may_archive": may_archive(request.user, release),
        "written": baking.manifest_of(release),
    }
    return render(request, "publishing/desk/release.html", context, status=status)


def _correct_form(release: IndexRelease, form: Any) -> ReasonForm:
    """The form of a correction, its note proposed from the ledger; a refused one as it was typed."""
    return form if isinstance(form, ReasonForm) else ReasonForm(initial={"reason": proposed_note(release)})


def _approve_form(release: IndexRelease, data: Any = None) -> ApproveForm:
    return ApproveForm(data, needs_decision=release.kind == ReleaseKind.COMPUTED)


@login_required
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve with decision and time."""
    release = _release(request, pk)
    form = _approve_form(release, request.POST)
    if not form.is_valid():
        return _release_screen(request, release, form=form, status=422)
    done = attempt(
        request,
        lambda: release_life.approve_release(release=release, user=request.user, **form.cleaned_data),
        _("The release is approved."),
    )
    if not done:
        return _release_screen(request, release, form=form, status=422)
    return redirect("publishing:desk_release", pk=release.pk)


def _with_reason(request: HttpRequest, pk: int, act: Any, done: str) -> HttpResponse:
    release = _release(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _release_screen(request, release, form=form, status=422)
    attempt(request, lambda: act(release=release, user=request.user, reason=form.cleaned_data["reason"]), done)
    return redirect("publishing:desk_release", pk=release.pk)


@login_required
@require_POST
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Return a draft with a reason."""
    return _with_reason(request, pk, release_life.return_release, _("The release went back with your reason."))


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw an approved release with a public reason."""
    return _with_reason(request, pk, release_life.withdraw_release, _("The release is withdrawn."))


@login_required
@require_POST
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Build a correction from the ledger as it stands now and lead to it."""
    release = _release(request, pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _release_screen(request, release, form=form, status=422)
    made: list[IndexRelease] = []
    attempt(
        request,
        lambda: made.append(
            releases.correct_release(release=release, user=request.user, note=form.cleaned_data["reason"])
        ),
        _("The correction is built. An approver decides about it now."),
    )
    return redirect("publishing:desk_release", pk=made[0].pk if made else release.pk)


@login_required
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a draft away."""
    release = _release(request, pk)
    attempt(
        request,
        lambda: release_life.discard_release(release=release, user=request.user),
        _("The release is put away."),
    )
    return redirect("publishing:desk")


@login_required
@require_POST
def verify(request: HttpRequest, pk: int) -> HttpResponse:
    """Recompute the release and say what differs."""
    release = _release(request, pk)
    findings = verify_release(release)
    return render(request, "publishing/desk/verified.html", {"release": release, "findings": findings})


@login_required
@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Order the static archive of a public release; the job's page gives it to download."""
    release = _release(request, pk)
    if not may_archive(request.user, release):
        raise PermissionRefused(_("An archive is ordered by the secretariat, the approver or an administrator."))
    if not release.is_public(clock.now()):
        messages.error(request, _("An archive can be made from the time of publication on."))
        return redirect("publishing:desk_release", pk=release.pk)
    run = enqueue(
        "publishing.archive_release",
        arguments={"release_id": release.pk},
        key=f"archive-{release.pk}-{request.user.pk}-{clock.now():%Y%m%d%H%M}",
        user=request.user,
        unit=release.owner,
        title=_("Static archive: %(title)s") % {"title": release.title},
    )
    return redirect("cms:job", pk=run.pk)


@login_required
@require_POST
def summary(request: HttpRequest, pk: int) -> HttpResponse:
    """Order the summary report as PDF or Word; the job's page gives it to download."""
    release = _release(request, pk)
    kind = request.POST.get("kind", "")
    if kind not in {"pdf", "docx"}:
        raise Http404
    run = enqueue(
        "publishing.summary_report",
        arguments={"release_id": release.pk, "kind": kind},
        key=f"summary-{release.pk}-{kind}-{request.user.pk}-{clock.now():%Y%m%d%H%M%S%f}",
        user=request.user,
        unit=release.owner,
        title=_("Summary report: %(title)s") % {"title": release.title},
    )
    return redirect("cms:job", pk=run.pk)
