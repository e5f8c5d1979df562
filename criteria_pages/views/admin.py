"""Editors' screens beside the tree: check, try a rule, try a unit's form, whom the set reaches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cms import clock
from cms.models import Unit, UnitTier
from criteria_pages.choosers import units_of_set_input
from criteria_pages.definition import Definition
from criteria_pages.domain.authoring import definition_from_page
from criteria_pages.domain.publishing_gate import publish_problems
from criteria_pages.domain.queries import guidance_on
from criteria_pages.domain.reach import facts_of, reach
from criteria_pages.domain.trial import try_form, try_leaf
from criteria_pages.models import CriteriaSetPage
from criteria_pages.views.drafts import (
    body_in_editor,
    decimal_in_editor,
    definition_in_editor,
    editable_page,
    frame,
    leaf_in_editor,
)

PER_PAGE = 100
SEPARATOR = "|"


@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """List the problems of what stands in the editor now, saved or not."""
    page = editable_page(request, pk) if pk else CriteriaSetPage()
    problems = publish_problems(
        page=page,
        body=body_in_editor(request),
        title=request.POST.get("title", ""),
        title_en="",
        total=decimal_in_editor(request, "total"),
        bonus_cap=Decimal(0),
        penalty_cap=Decimal(0),
        dropped_codes=request.POST.get("dropped", ""),
    )
    return TemplateResponse(request, "criteria_pages/admin/problems.html", {"problems": problems})


@require_POST
def try_rule(request: HttpRequest) -> HttpResponse:
    """Show the rule of one leaf as it stands in the editor as a sentence, and compute points for what was typed."""
    leaf = leaf_in_editor(request)
    typed = {name.removeprefix("in-"): value for name, value in request.POST.items() if name.startswith("in-")}
    return TemplateResponse(request, "criteria_pages/admin/try.html", {"trial": try_leaf(leaf, typed)})


@require_POST
def live_form(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a chosen unit from what stands in the editor now, with points for what was typed; stores nothing."""
    if pk:
        editable_page(request, pk)
    elif not request.user.has_perm("wagtailadmin.access_admin"):
        raise PermissionDenied
    guidance = guidance_on(CriteriaSetPage(pk=pk)) if pk else []
    context = _trial(request, definition_in_editor(request), request.POST.get("unit", "")) | {"guidance": guidance}
    return TemplateResponse(request, "criteria_pages/admin/trial_form.html", context)


def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """The generated form of a chosen unit in test mode; a post computes and stores nothing."""
    page = editable_page(request, pk)
    code = request.POST.get("unit", request.GET.get("don-vi", ""))
    chooser = units_of_set_input()
    context = {
        **frame(page, _("Try the form of a unit")),
        **_trial(request, definition_from_page(page), code),
        "guidance": guidance_on(page),
        "page": page,
        "chooser": chooser.render("don-vi", code, attrs={"id": "trial-unit"}),
        "media": chooser.media,
    }
    return TemplateResponse(request, "criteria_pages/admin/trial.html", context)


def reach_table(request: HttpRequest, pk: int) -> HttpResponse:
    """Every unit with its number of leaves and its own maximum, before anything is published."""
    page = editable_page(request, pk)
    definition = definition_from_page(page)
    tier, text = request.GET.get("cap", ""), request.GET.get("tim", "")
    units = Unit.objects.valid_on(clock.today()).select_related("tier").prefetch_related("groups", "attributes")
    if tier:
        units = units.filter(tier__code=tier)
    if text:
        units = units.matching(text)
    everybody = "tat-ca" in request.GET
    found = [row for row in reach(definition, units) if row.leaves or everybody]
    listed = Paginator(found, PER_PAGE).get_page(request.GET.get("trang"))
    context = {
        **frame(page, _("Units, leaves and maxima")),
        "page": page,
        "definition": definition,
        "listed": listed,
        "rows": [(row, dict(row.domains)) for row in listed.object_list],
        "everybody": everybody,
        "tiers": UnitTier.objects.all(),
        "tier": tier,
        "text": text,
    }
    return TemplateResponse(request, "criteria_pages/admin/reach.html", context)


def _trial(request: HttpRequest, whole: Definition, code: str) -> dict[str, Any]:
    """Return what the form of a unit in test mode shows."""
    unit = Unit.objects.valid_on(clock.today()).filter(code=code).select_related("tier").first()
    own = whole.for_unit(facts_of(unit)) if unit else whole
    tried = try_form(own, _typed(request))
    return {
        "unit": unit,
        "unknown": code and unit is None,
        "code": code,
        "own": own,
        "left_out": [leaf.code for leaf in whole.leaves if not own.has_leaf(leaf.code)],
        "domains": [
            (domain, [(part, [tried.leaves[leaf.code] for leaf in part.leaves]) for part in domain.criteria])
            for domain in own.domains
        ],
        "result": tried.result,
    }


def _typed(request: HttpRequest) -> dict[str, dict[str, str]]:
    typed: dict[str, dict[str, str]] = {}
    for name, value in request.POST.items():
        code, separator, field = name.partition(SEPARATOR)
        if separator:
            typed.setdefault(code, {})[field] = str(value)
    return typed
