"""What the screens beside the tree read: the draft of a page, or the set as it stands in the editor, saved or not."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from cms.exceptions import PortalError
from cms.models import User
from cms.numbers import parse_decimal
from criteria_pages.blocks import CriteriaBody
from criteria_pages.blocks.lazy import raw_from_state
from criteria_pages.choosers import narrows_units
from criteria_pages.definition import Definition, Leaf
from criteria_pages.domain.authoring import definition_from_page, parse_body
from criteria_pages.domain.reach import reach
from criteria_pages.models import CriteriaSetPage

BODY = CriteriaBody()


def editable_page(request: HttpRequest, pk: int) -> CriteriaSetPage:
    """Return the latest draft of a set that the user may edit; 404 or 403 otherwise."""
    page = get_object_or_404(CriteriaSetPage, pk=pk)
    if not page.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    draft: CriteriaSetPage = page.get_latest_revision_as_object()
    return draft


@narrows_units
def units_of_set(user: User, pk: int, units: QuerySet[Model]) -> QuerySet[Model]:
    """Return those units to which an item of a set's draft applies; all where the user may not edit it."""
    page = CriteriaSetPage.objects.filter(pk=pk).first()
    if page is None or not page.permissions_for_user(user).can_edit():
        return units
    definition = definition_from_page(page.get_latest_revision_as_object())
    if not definition.leaves:
        return units
    found = reach(definition, units.prefetch_related("groups", "attributes"))  # type: ignore[arg-type]
    return units.filter(pk__in=[row.unit.pk for row in found if row.leaves])


def body_in_editor(request: HttpRequest) -> Any:
    """Return the raw blocks that were posted as the editor's state; a state that cannot be read is a bad request."""
    return _raw(BODY, request)


def definition_in_editor(request: HttpRequest) -> Definition:
    """Return the definition that stands in the editor."""
    return parse_body(
        body_in_editor(request),
        title=request.POST.get("title", ""),
        title_en="",
        total=decimal_in_editor(request, "total"),
        bonus_cap=Decimal(0),
        penalty_cap=Decimal(0),
    ).definition


def leaf_in_editor(request: HttpRequest) -> Leaf:
    """Return the one leaf that was posted."""
    block = BODY.child_blocks["domain"].child_blocks["criteria"].child_blocks["scored_criterion"]
    value = _raw(block, request)
    domain = {"type": "domain", "value": {"criteria": [{"type": "scored_criterion", "value": value}]}}
    return parse_body(
        [domain], title="", title_en="", total=Decimal(0), bonus_cap=Decimal(0), penalty_cap=Decimal(0)
    ).definition.leaves[0]


def decimal_in_editor(request: HttpRequest, name: str) -> Decimal:
    """Return a number of the page's own fields; 0 where it cannot be read (its field says so)."""
    try:
        return parse_decimal(request.POST.get(name, ""))
    except PortalError:
        return Decimal(0)


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


def _raw(block: Any, request: HttpRequest) -> Any:
    try:
        return raw_from_state(block, json.loads(request.POST.get("state", "")))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SuspiciousOperation("The state of the editor cannot be read.") from error
