"""Where criteria and guidance rest on documents that are no longer in force."""

from __future__ import annotations

from dataclasses import dataclass

from criteria_pages.domain.authoring import definition_from_page
from criteria_pages.enums import LegalStatus
from criteria_pages.models import CriteriaSetPage, GuidancePage, LegalDocument

STALE = (LegalStatus.AMENDED, LegalStatus.REPLACED, LegalStatus.EXPIRED)


@dataclass(frozen=True, slots=True)
class StaleBasis:
    """One page that rests on one document; `codes` are the criteria of a set (none for guidance)."""

    document: LegalDocument
    page: CriteriaSetPage | GuidancePage
    codes: tuple[str, ...] = ()


def stale_bases() -> list[StaleBasis]:
    """Return every live set and guidance that rests on an amended, replaced or expired document, by document."""
    documents = {
        document.number: document
        for document in LegalDocument.objects.filter(status__in=STALE).select_related("replaced_by")
    }
    found = []
    for page in CriteriaSetPage.objects.live():
        codes: dict[str, list[str]] = {}
        for leaf in definition_from_page(page).leaves:
            for number in leaf.legal_basis:
                if number in documents:
                    codes.setdefault(number, []).append(leaf.code)
        found += [StaleBasis(documents[number], page, tuple(leaves)) for number, leaves in codes.items()]
    for guidance in GuidancePage.objects.live().prefetch_related("legal_basis__replaced_by"):
        found += [StaleBasis(d, guidance) for d in guidance.legal_basis.all() if d.status in STALE]
    return sorted(found, key=lambda stale: (stale.document.number, stale.page.title))
