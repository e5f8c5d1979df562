"""Editions in the admin: the list, one edition, two compared."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from cms.numbers import parse_id
from criteria_pages.domain.authoring import definition_from_page
from criteria_pages.domain.comparison import Change, EditionDiff, compare_definitions
from criteria_pages.domain.editions import latest_edition
from criteria_pages.domain.lineage import frozen_lineage
from criteria_pages.domain.methodology import methodology
from criteria_pages.enums import ChangeKind, LineageStatus
from criteria_pages.models import CriteriaEdition, CriteriaSetPage
from criteria_pages.views.drafts import editable_page, frame

PER_PAGE = 50


def edition_list(request: HttpRequest) -> HttpResponse:
    """All editions, newest first, of one set or of all; two of a set are chosen to compare."""
    editions = CriteriaEdition.objects.select_related("page", "published_by", "previous", "revision__user")
    editions = editions.defer("definition_json", "previous__definition_json", "revision__content")
    editions = editions.order_by("-published_at")
    chosen = parse_id(request.GET.get("bo"))
    if chosen is not None:
        editions = editions.filter(page_id=chosen)
    listed = Paginator(editions, PER_PAGE).get_page(request.GET.get("trang"))
    newest = next((edition for edition in listed if edition.previous_id), None)
    context = {
        **_frame(_("Editions of criteria sets")),
        "listed": listed,
        "newest": newest,  # the newest edition that has one before it: these two are proposed for comparison
        "sets": CriteriaSetPage.objects.order_by("title"),
        "chosen": chosen,
    }
    return TemplateResponse(request, "criteria_pages/admin/editions.html", context)


def edition_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One edition in words, with its hash checked again."""
    editions = CriteriaEdition.objects.select_related("page", "published_by", "predecessor", "revision__user")
    edition = get_object_or_404(editions.defer("revision__content"), pk=pk)
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
    if not (_number(request, "cu") and _number(request, "moi")) or request.GET["cu"] == request.GET["moi"]:
        messages.warning(request, _("Choose two editions: one as the older, another as the newer."))
        return redirect("criteria_editions")
    old = get_object_or_404(CriteriaEdition, pk=_number(request, "cu"))
    new = get_object_or_404(CriteriaEdition, pk=_number(request, "moi"))
    if (old.published_at, old.pk) > (new.published_at, new.pk):
        old, new = new, old
    diff = compare_definitions(old.definition, new.definition)
    context = {
        **_frame(_("Two editions compared")),
        "old": old,
        "new": new,
        "diff": diff,
        "kind": ChangeKind(diff.kind).label,
        "groups": _groups(diff),
    }
    return TemplateResponse(request, "criteria_pages/admin/compare.html", context)


def draft_changes(request: HttpRequest, pk: int) -> HttpResponse:
    """What the draft of a set would change against its newest edition, in the words of the domain."""
    page = editable_page(request, pk)
    latest = latest_edition(page)
    diff = compare_definitions(latest.definition, definition_from_page(page)) if latest else None
    context = {
        **frame(page, _("What this draft changes")),
        "page": page,
        "old": latest,
        "diff": diff,
        "kind": ChangeKind(diff.kind).label if diff else "",
        "groups": _groups(diff) if diff else [],
    }
    return TemplateResponse(request, "criteria_pages/admin/draft_changes.html", context)


def _groups(diff: EditionDiff) -> list[tuple[str, tuple[Change, ...]]]:
    """Return the changes by kind, the heaviest kind first."""
    kinds = (ChangeKind.SCORING, ChangeKind.APPLICABILITY, ChangeKind.EVIDENCE, ChangeKind.WORDING)
    return [(str(kind.label), diff.of_kind(kind)) for kind in kinds if diff.of_kind(kind)]


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
