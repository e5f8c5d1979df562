"""The public search page."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cms.domain.search import search_meant, search_public

PER_PAGE = 20


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what the query finds, a page at a time."""
    query = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:100]
    hits, instead = search_public(query), ""
    if query and not hits:
        instead, hits = search_meant(query)
    page = Paginator(hits, PER_PAGE).get_page(request.GET.get("page"))
    context = {"query": query, "instead": instead if hits else "", "page_obj": page, "total": len(hits)}
    return render(request, "cms/search.html", context)
