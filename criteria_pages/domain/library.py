"""The library for citizens: guidance and legal documents, looked for by words and by whether they are in force."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cms import clock
from cms.domain.search import matches
from cms.text import fold
from criteria_pages.enums import GuidanceStatus
from criteria_pages.models import GuidancePage, LegalDocument

# What parts words: the signs of numbers ("34/2016/NĐ-CP") and of markup.
_SIGNS = re.compile(r"[^\w]+|_+")


@dataclass(frozen=True, slots=True)
class GuidanceItem:
    """Guidance in the library; `successor` is what replaced it."""

    page: GuidancePage
    status: GuidanceStatus
    successor: GuidancePage | None


def guidance_items(pages: Iterable[GuidancePage]) -> list[GuidanceItem]:
    """Return the pages with their status, those in force first and of each the newest; one query for all."""
    successors = {
        page.replaces_id: page
        for page in GuidancePage.objects.live().filter(replaces__isnull=False).order_by("issued_on", "pk")
    }
    today = clock.today()
    items = []
    for page in pages:
        successor = successors.get(page.pk)
        status = GuidanceStatus.IN_FORCE
        if successor:
            status = GuidanceStatus.REPLACED
        elif page.effective_on and page.effective_on > today:
            status = GuidanceStatus.UPCOMING
        items.append(GuidanceItem(page, status, successor))
    items.sort(key=lambda item: (item.page.issued_on is not None, item.page.issued_on), reverse=True)
    return sorted(items, key=lambda item: item.status == GuidanceStatus.REPLACED)


def chosen_guidance(items: Sequence[GuidanceItem], *, query: str, status: str) -> list[GuidanceItem]:
    """Return those whose text has words that begin like all of the query, of one status where it is named."""
    words = _words(query)
    return [
        item
        for item in items
        if (not status or item.status == status) and (not words or matches(words, _words(item.page.search_folded())))
    ]


def chosen_documents(*, query: str, status: str) -> list[LegalDocument]:
    """Return the legal documents likewise, the newest first; numbers are compared without their signs."""
    documents = LegalDocument.objects.select_related("replaced_by")
    if status:
        documents = documents.filter(status=status)
    words = _words(query)
    return [document for document in documents if not words or matches(words, _words(document.search_folded()))]


def _words(text: str) -> str:
    return " ".join(_SIGNS.sub(" ", fold(text)).split())
