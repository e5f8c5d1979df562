"""What rests on legal documents: for citizens all of it, for editors what rests on those no longer in force."""

from __future__ import annotations

from dataclasses import dataclass

from criteria_pages.definition import Leaf
from criteria_pages.domain.authoring import definition_from_page
from criteria_pages.enums import LegalStatus
from criteria_pages.models import CriteriaEdition, CriteriaSetPage, GuidancePage, LegalDocument

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


@dataclass(frozen=True, slots=True)
class RestingSet:
    """A public criteria set whose newest edition has leaves that rest on a document."""

    page: CriteriaSetPage
    edition: CriteriaEdition
    leaves: tuple[Leaf, ...]


def find_document(slug: str) -> LegalDocument | None:
    """Return the document whose number makes this part of an address."""
    documents = LegalDocument.objects.select_related("replaced_by").order_by("pk")
    return next((document for document in documents if document.slug == slug), None)


def sets_resting_on(document: LegalDocument) -> list[RestingSet]:
    """Return the public sets that rest on the document, as their newest editions have it."""
    found = []
    for page in CriteriaSetPage.objects.live().public().order_by("title"):
        edition = page.editions.first()
        leaves = [leaf for leaf in edition.definition.leaves if document.number in leaf.legal_basis] if edition else []
        if edition and leaves:
            found.append(RestingSet(page, edition, tuple(leaves)))
    return found


def guidance_resting_on(document: LegalDocument) -> list[GuidancePage]:
    """Return the public guidance that rests on the document, the newest first."""
    return list(document.guidance.live().public().order_by("-issued_on", "title"))
