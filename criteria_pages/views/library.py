"""The library for citizens: the list of guidance in its section, legal documents and what rests on each."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cms.front_page import HomeBlock
from criteria_pages.domain.legal_basis import RestingSet, find_document, guidance_resting_on, sets_resting_on
from criteria_pages.domain.library import chosen_documents, chosen_guidance, guidance_items
from criteria_pages.enums import GuidanceStatus, LegalStatus
from criteria_pages.models import GuidancePage

PER_PAGE = 20
MAX_QUERY = 100


def guidance_library(shown: Any, below: Any, request: HttpRequest) -> HomeBlock | None:
    """Return the list of a section that holds guidance, its other pages after it; None for other sections."""
    if not any(isinstance(page, GuidancePage) for page in shown):
        return None
    items = guidance_items(GuidancePage.objects.filter(pk__in=below.order_by().values("pk")))
    query, status = _asked(request, GuidanceStatus.values)
    found = chosen_guidance(items, query=query, status=status)
    data = {
        "query": query,
        "status": status,
        "statuses": GuidanceStatus.choices,
        "total": len(items),
        "found": len(found),
        "page_obj": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "others": list(below.not_type(GuidancePage)),
    }
    return HomeBlock(name="library", title="", template="criteria_pages/includes/library.html", data=data)


@require_safe
def legal_documents(request: HttpRequest) -> HttpResponse:
    """List the legal documents on which criteria and guidance rest."""
    query, status = _asked(request, LegalStatus.values)
    found = chosen_documents(query=query, status=status)
    context = {
        "query": query,
        "status": status,
        "statuses": LegalStatus.choices,
        "found": len(found),
        "page_obj": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "criteria_pages/legal_documents.html", context)


@require_safe
def legal_document(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a legal document with all that rests on it."""
    document = find_document(slug)
    if document is None:
        raise Http404(_("There is no such legal document."))
    sets = sets_resting_on(document)
    guidance = guidance_items(guidance_resting_on(document))
    context = {
        "document": document,
        "replaces": document.replaces.all(),
        "sets": sets,
        "guidance": guidance,
        "finding": _finding(sets, len(guidance)),
        "english": (get_language() or "").startswith("en"),
    }
    return render(request, "criteria_pages/legal_document.html", context)


def _asked(request: HttpRequest, statuses: list[str]) -> tuple[str, str]:
    """Return the words and the status that are looked for; what is no status is none."""
    query = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:MAX_QUERY]
    status = request.GET.get("status", "")
    return query, status if status in statuses else ""


def _finding(sets: list[RestingSet], guidance: int) -> str:
    leaves = sum(len(one.leaves) for one in sets)
    parts = []
    if leaves:
        parts.append(ngettext("%(count)s criterion", "%(count)s criteria", leaves) % {"count": leaves})
    if guidance:
        parts.append(ngettext("%(count)s guidance", "%(count)s guidances", guidance) % {"count": guidance})
    if not parts:
        return _("No published criterion and no guidance rests on this document.")
    return _("Resting on this document: %(what)s.") % {"what": ", ".join(parts)}
