"""Reads: guidance beside criteria."""

from __future__ import annotations

from collections.abc import Iterable

from criteria_pages.models import CriteriaEdition, GuidancePage


def guidance_for(edition: CriteriaEdition, codes: Iterable[str]) -> list[GuidancePage]:
    """Return the live guidance on the nodes of the edition's set, in one query.

    `codes` are those of a leaf, its criterion and its domain, whose guidance explains the leaf too: what concerns the
    first code comes first, and of each the newest. Guidance that live guidance has replaced is left out.
    """
    live = GuidancePage.objects.live()
    pages = list(
        live.filter(criteria_set_id=edition.page_id)
        .exclude(pk__in=live.filter(replaces__isnull=False).values("replaces_id"))
        .order_by("-issued_on", "title")
    )
    found = {page.pk: page for code in codes for page in pages if code in page.codes}
    return list(found.values())
