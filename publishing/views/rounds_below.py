"""The rounds below a superior round: how far they are, what they may change, their units ranked together."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import BaseFormSet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cms import clock
from cms.exceptions import PermissionRefused, PortalError
from cms.jobs import enqueue
from publishing.domain.releases import bands_of
from publishing.domain.roll_up import ChildLine, child_lines, joint_ranking, may_roll_up, why_not_counted
from publishing.domain.terms import set_terms
from publishing.forms import ClassFormSet, TermsForm
from publishing.models import PublicationTerms
from submissions.models import AssessmentRound
from submissions.views.access import round_for
from submissions.views.rounds import frame

PER_PAGE = 100


def _round(request: HttpRequest, code: str) -> AssessmentRound:
    found = round_for(request, code)
    if not may_roll_up(request.user, found):
        raise Http404
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rounds_below(request: HttpRequest, code: str) -> HttpResponse:
    """Show the rounds below with the joint ranking, and fix what they may change."""
    round_ = _round(request, code)
    terms = PublicationTerms.objects.filter(round=round_).first()
    form = TermsForm(request.POST or None, initial=_initial(round_, terms))
    classes = ClassFormSet(request.POST or None, prefix="lop", initial=_initial_classes(terms))
    if request.method == "POST" and form.is_valid() and classes.is_valid() and _store(request, round_, form, classes):
        messages.success(request, _("The terms for rounds below are stored."))
        return redirect("publishing:rounds_below", round_.code)
    lines = child_lines(round_)
    units = sum(line.units for line in lines if line.is_counted)
    is_inline = units <= settings.PORTAL_BUILD_INLINE_UNITS
    rows = joint_ranking(round_, lines) if is_inline else []
    context = {
        **frame(request, round_, "cap-duoi"),
        "form": form,
        "classes": classes,
        "terms": terms,
        "lines": [{"line": line, "why": why_not_counted(line)} for line in lines],
        "counted": _counted(lines),
        "units": units,
        "is_inline": is_inline,
        "page_obj": Paginator(rows, PER_PAGE).get_page(request.GET.get("trang")),
        "several_tiers": len({row.entry.subject.tier_code for row in rows}) > 1,
        "class_names": {one["code"]: one["name"] for one in terms.classes} if terms else {},
    }
    failed = bool(form.errors) or any(classes.errors)
    return render(request, "publishing/desk/rounds_below.html", context, status=422 if failed else 200)


def _counted(lines: list[ChildLine]) -> int:
    return sum(line.is_counted for line in lines)


def _initial(round_: AssessmentRound, terms: PublicationTerms | None) -> dict[str, Any]:
    return {
        "local_criteria": round_.local_criteria,
        "tie_rule": terms.tie_rule if terms else "",
        "fixes_classes": bool(terms and terms.fixes_classes),
    }


def _initial_classes(terms: PublicationTerms | None) -> list[dict[str, Any]]:
    return [
        {"code": band["code"], "name": band["name"], "name_en": band.get("name_en", ""), "start": band["from"]}
        for band in (terms.classes if terms else ())
    ]


def _store(request: HttpRequest, round_: AssessmentRound, form: TermsForm, classes: BaseFormSet) -> bool:
    """Store the terms; a refusal becomes an error of the form."""
    data = form.cleaned_data
    named = [found for one in classes if (found := one.to_class()) is not None]
    try:
        set_terms(
            round=round_,
            user=request.user,
            local_criteria=data["local_criteria"],
            tie_rule=data["tie_rule"],
            classes=[band.to_json() for band in bands_of(named)] if data["fixes_classes"] else None,
        )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error("local_criteria" if refusal.code == "local_criteria_exist" else None, refusal.message)
        return False
    return True


@login_required
@require_POST
def export(request: HttpRequest, code: str) -> HttpResponse:
    """Order the joint ranking as a workbook."""
    round_ = _round(request, code)
    run = enqueue(
        "publishing.export_joint_ranking",
        arguments={"round_id": round_.pk},
        key=f"joint-ranking-{round_.pk}-{request.user.pk}-{clock.now():%Y%m%d%H%M%S%f}",
        user=request.user,
        unit=round_.owner,
        title=_("Joint ranking: %(round)s") % {"round": round_.name},
    )
    return redirect("cms:job", run.pk)
