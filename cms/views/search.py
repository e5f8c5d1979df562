"""The public search page."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cms.domain.search import search_public

PER_PAGE = 20


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what the query finds, a page at a time."""
    query = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:100]
    hits = search_public(query)
    page = Paginator(hits, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "cms/search.html", {"query": query, "page_obj": page, "total": len(hits)})
