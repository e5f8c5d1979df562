"""Editors' screens beside the tree: check, try a rule, try a unit's form, whom the set reaches."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cms import clock
from cms.exceptions import PortalError
from cms.models import Unit, UnitTier
from cms.numbers import parse_decimal
from criteria_pages.blocks import CriteriaBody
from criteria_pages.blocks.lazy import raw_from_state
from criteria_pages.definition import Definition, Leaf
from criteria_pages.domain.authoring import definition_from_page, parse_body
from criteria_pages.domain.methodology import methodology
from criteria_pages.domain.publishing_gate import publish_problems
from criteria_pages.domain.reach import facts_of, reach
from criteria_pages.domain.trial import try_form, try_leaf
from criteria_pages.models import CriteriaSetPage

PER_PAGE = 100
SEPARATOR = "|"
BODY = CriteriaBody()


def editable_page(request: HttpRequest, pk: int) -> CriteriaSetPage:
    """Return the latest draft of a set that the user may edit; 404 or 403 otherwise."""
    page = get_object_or_404(CriteriaSetPage, pk=pk)
    if not page.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    draft: CriteriaSetPage = page.get_latest_revision_as_object()
    return draft


@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """List the problems of what stands in the editor now, saved or not."""
    page = editable_page(request, pk) if pk else CriteriaSetPage()
    problems = publish_problems(
        page=page,
        body=_raw_body(request),
        title=request.POST.get("title", ""),
        title_en="",
        total=_decimal(request.POST.get("total", "")),
        bonus_cap=Decimal(0),
        penalty_cap=Decimal(0),
        dropped_codes=request.POST.get("dropped", ""),
    )
    return TemplateResponse(request, "criteria_pages/admin/problems.html", {"problems": problems})


@require_POST
def try_rule(request: HttpRequest) -> HttpResponse:
    """Show the rule of one leaf as it stands in the editor as a sentence, and compute points for what was typed."""
    leaf = _leaf_in_editor(request)
    typed = {name.removeprefix("in-"): value for name, value in request.POST.items() if name.startswith("in-")}
    return TemplateResponse(request, "criteria_pages/admin/try.html", {"trial": try_leaf(leaf, typed)})


def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """The generated form of a chosen unit in test mode; a post computes and stores nothing."""
    page = editable_page(request, pk)
    code = request.POST.get("unit", request.GET.get("don-vi", ""))
    unit = Unit.objects.valid_on(clock.today()).filter(code=code).select_related("tier").first()
    whole = definition_from_page(page)
    own = whole.for_unit(facts_of(unit)) if unit else whole
    tried = try_form(own, _typed(request))
    context = {
        **frame(page, _("Try the form of a unit")),
        "page": page,
        "unit": unit,
        "unknown": code and unit is None,
        "code": code,
        "own": own,
        "units": Unit.objects.valid_on(clock.today()).order_by("tier__order", "order")[:400],
        "domains": [(domain, _leaf_rows(domain, tried)) for domain in own.domains],
        "result": tried.result,
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
    listed = Paginator(units, PER_PAGE).get_page(request.GET.get("trang"))
    context = {
        **frame(page, _("Units, leaves and maxima")),
        "page": page,
        "definition": definition,
        "listed": listed,
        "rows": [(row, dict(row.domains)) for row in reach(definition, listed.object_list)],
        "tiers": UnitTier.objects.all(),
        "tier": tier,
        "text": text,
        "tree": methodology(definition),
    }
    return TemplateResponse(request, "criteria_pages/admin/reach.html", context)


def frame(page: CriteriaSetPage, title: str) -> dict[str, Any]:
    """Return title and breadcrumbs of a screen that belongs to a set."""
    return {
        "header_title": title,
        "page_title": title,
        "header_icon": "list-ol",
        "breadcrumbs_items": [
            {"url": reverse("wagtailadmin_home"), "label": _("Home")},
            {"url": reverse("wagtailadmin_pages:edit", args=[page.pk]), "label": page.get_admin_display_title()},
            {"url": "", "label": title},
        ],
    }


def _leaf_rows(domain: Any, tried: Any) -> list[Any]:
    return [tried.leaves[leaf.code] for leaf in domain.leaves]


def _typed(request: HttpRequest) -> dict[str, dict[str, str]]:
    typed: dict[str, dict[str, str]] = {}
    for name, value in request.POST.items():
        code, separator, field = name.partition(SEPARATOR)
        if separator:
            typed.setdefault(code, {})[field] = str(value)
    return typed


def _state(request: HttpRequest) -> Any:
    try:
        return json.loads(request.POST.get("state", ""))
    except ValueError as error:
        raise SuspiciousOperation("The state of the editor cannot be read.") from error


def _raw_body(request: HttpRequest) -> Any:
    try:
        return raw_from_state(BODY, _state(request))
    except (TypeError, KeyError, AttributeError) as error:
        raise SuspiciousOperation("The state of the editor cannot be read.") from error


def _leaf_in_editor(request: HttpRequest) -> Leaf:
    block = BODY.child_blocks["domain"].child_blocks["criteria"].child_blocks["scored_criterion"]
    try:
        value = raw_from_state(block, _state(request))
    except (TypeError, KeyError, AttributeError) as error:
        raise SuspiciousOperation("The state of the editor cannot be read.") from error
    domain = {"type": "domain", "value": {"criteria": [{"type": "scored_criterion", "value": value}]}}
    definition: Definition = parse_body(
        [domain], title="", title_en="", total=Decimal(0), bonus_cap=Decimal(0), penalty_cap=Decimal(0)
    ).definition
    return definition.leaves[0]


def _decimal(text: str) -> Decimal:
    try:
        return parse_decimal(text)
    except PortalError:
        return Decimal(0)
