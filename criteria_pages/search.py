"""What criteria give to the public search: legal documents. Sets, guidance and questionnaires are found as pages."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.utils.translation import gettext as _

from cms.domain.search import SearchHit
from criteria_pages.domain.library import chosen_documents


def find_documents(folded: str, limit: int) -> Iterator[SearchHit]:
    """Yield legal documents by number, title and issuer."""
    for document in islice(chosen_documents(query=folded, status=""), limit):
        yield SearchHit(
            title=f"{document.number}: {document.title}",
            url=document.get_absolute_url(),
            kind=_("Legal document"),
            summary=f"{document.issuer} · {document.get_status_display()}".strip(" ·"),
        )
