"""Editions in the admin: the list, one edition, two compared."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from cms.numbers import parse_id
from criteria_pages.domain.editions import compare_definitions
from criteria_pages.domain.lineage import frozen_lineage
from criteria_pages.domain.methodology import methodology
from criteria_pages.enums import ChangeKind, LineageStatus
from criteria_pages.models import CriteriaEdition, CriteriaSetPage

PER_PAGE = 50


def edition_list(request: HttpRequest) -> HttpResponse:
    """All editions, newest first, of one set or of all; two of a set are chosen to compare."""
    editions = CriteriaEdition.objects.select_related("page", "published_by", "previous").order_by("-published_at")
    chosen = parse_id(request.GET.get("bo"))
    if chosen is not None:
        editions = editions.filter(page_id=chosen)
    context = {
        **_frame(_("Editions of criteria sets")),
        "listed": Paginator(editions.defer("definition_json"), PER_PAGE).get_page(request.GET.get("trang")),
        "sets": CriteriaSetPage.objects.order_by("title"),
        "chosen": chosen,
    }
    return TemplateResponse(request, "criteria_pages/admin/editions.html", context)


def edition_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One edition in words, with its hash checked again."""
    edition = get_object_or_404(CriteriaEdition.objects.select_related("page", "published_by", "predecessor"), pk=pk)
    lineage = frozen_lineage(edition)
    context = {
        **_frame(str(edition)),
        "edition": edition,
        "intact": edition.definition.sha256() == edition.sha256,
        "domains": methodology(edition.definition),
        "lineage": lineage,
        "different": [row for row in lineage.rows if row.status != LineageStatus.SAME] if lineage else [],
    }
    return TemplateResponse(request, "criteria_pages/admin/edition.html", context)


def edition_compare(request: HttpRequest) -> HttpResponse:
    """What differs between two editions (`cu`, `moi`), by kind of change."""
    old = get_object_or_404(CriteriaEdition, pk=_number(request, "cu"))
    new = get_object_or_404(CriteriaEdition, pk=_number(request, "moi"))
    if (old.published_at, old.pk) > (new.published_at, new.pk):
        old, new = new, old
    diff = compare_definitions(old.definition, new.definition)
    kinds = (ChangeKind.SCORING, ChangeKind.APPLICABILITY, ChangeKind.EVIDENCE, ChangeKind.WORDING)
    context = {
        **_frame(_("Two editions compared")),
        "old": old,
        "new": new,
        "diff": diff,
        "kind": ChangeKind(diff.kind).label,
        "groups": [(kind.label, diff.of_kind(kind)) for kind in kinds if diff.of_kind(kind)],
    }
    return TemplateResponse(request, "criteria_pages/admin/compare.html", context)


def _number(request: HttpRequest, name: str) -> int:
    return parse_id(request.GET.get(name)) or 0


def _frame(title: str) -> dict[str, object]:
    return {
        "header_title": title,
        "page_title": title,
        "header_icon": "history",
        "breadcrumbs_items": [
            {"url": reverse("wagtailadmin_home"), "label": _("Home")},
            {"url": reverse("criteria_editions"), "label": _("Editions of criteria sets")},
            {"url": "", "label": title},
        ],
    }
