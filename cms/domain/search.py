"""Public search without accents: pages of the site and whatever the rooms register.

Everything is compared folded ("cai cach" finds "cải cách") and by the beginnings of words. Providers return only what a
citizen may see at this moment; nothing is kept here, so nothing appears before its time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wagtail.models import Page, Site

from cms.domain.spelling import meant, register_vocabulary
from cms.models import BasePage, HomePage
from cms.text import fold

MAX_HITS = 300
MIN_LENGTH = 2
_MAX_QUERY = 100
_SIGNS = re.compile(r"[^\w]+|_+")


@dataclass(frozen=True, slots=True)
class SearchHit:
    """Something found. `kind` says what it is in the reader's language."""

    title: str
    url: str
    kind: str
    summary: str = ""
    illustrative: bool = False


Provider = Callable[[str, int], Iterable[SearchHit]]
_providers: list[Provider] = []


def register_search(provider: Provider) -> Provider:
    """Register a function that gets the folded query and how many hits are wanted at most, and returns public hits."""
    if provider not in _providers:
        _providers.append(provider)
    return provider


def search_public(query: str) -> list[SearchHit]:
    """Return the public hits for what was typed, best titles first; none for fewer than two letters."""
    folded = _folded(query)
    if len(folded) < MIN_LENGTH:
        return []
    seen: dict[str, SearchHit] = {}
    for provider in (*_providers, find_pages):
        for hit in provider(folded, MAX_HITS):
            seen.setdefault(hit.url, hit)
    ranked = sorted(seen.values(), key=lambda hit: (_distance(folded, fold(hit.title)), len(hit.title), hit.title))
    return ranked[:MAX_HITS]


def search_meant(query: str) -> tuple[str, list[SearchHit]]:
    """Return what was probably meant by a query that finds nothing, folded, and its hits; else ("", [])."""
    folded = _folded(query)
    better = meant(folded) if len(folded) >= MIN_LENGTH else ""
    return (better, search_public(better)) if better else ("", [])


def _folded(query: str) -> str:
    # Signs are searched as spaces: they part words and would be taken for operators by SQLite's full text search.
    return " ".join(_SIGNS.sub(" ", fold(query[:_MAX_QUERY])).split())


@register_vocabulary
def page_titles() -> Iterable[str]:
    """Yield the folded titles of the public pages."""
    return (_folded(title) for title in Page.objects.live().public().values_list("title", flat=True))


def find_pages(folded: str, limit: int) -> list[SearchHit]:
    """Return live, public pages below the site's root whose text has words that begin like all words of the query."""
    site = Site.objects.filter(is_default_site=True).select_related("root_page").first()
    if site is None:
        return []
    pages = Page.objects.live().public().descendant_of(site.root_page, inclusive=False)
    found = pages.autocomplete(folded, operator="and")[:limit]
    hits = []
    for page in Page.objects.filter(pk__in=[page.pk for page in found]).specific():
        if isinstance(page, BasePage) and not isinstance(page, HomePage) and (url := page.get_url()):
            hits.append(
                SearchHit(
                    title=page.display_title,
                    url=url,
                    kind=str(page._meta.verbose_name).capitalize(),
                    summary=page.display_summary,
                    illustrative=page.illustrative,
                )
            )
    return hits


def matches(folded_query: str, text: str) -> bool:
    """Whether every word of the folded query begins a word of the text."""
    words = fold(text).split()
    return all(any(word.startswith(part) for word in words) for part in folded_query.split())


def _distance(query: str, title: str) -> int:
    if title == query:
        return 0
    if title.startswith(query):
        return 1
    if query in title:
        return 2
    return 3 if matches(query, title) else 4
