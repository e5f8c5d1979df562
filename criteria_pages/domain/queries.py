"""Reads: guidance beside criteria."""

from __future__ import annotations

from collections import defaultdict

from criteria_pages.models import CriteriaEdition, GuidancePage


def guidance_by_code(edition: CriteriaEdition) -> dict[str, list[GuidancePage]]:
    """Return the live guidance of every leaf of the edition by the leaf's code, newest first, in one query.

    Guidance on a domain or criterion explains all its leaves. Guidance that live guidance has replaced is left out.
    """
    pages = (
        GuidancePage.objects.live()
        .filter(criteria_set_id=edition.page_id)
        .exclude(pk__in=GuidancePage.objects.live().filter(replaces__isnull=False).values("replaces_id"))
        .order_by("-issued_on", "title")
    )
    by_node: dict[str, list[GuidancePage]] = defaultdict(list)
    for page in pages:
        for code in page.codes:
            by_node[code].append(page)
    result: dict[str, list[GuidancePage]] = {}
    for leaf in edition.definition.leaves:
        domain, criterion, _leaf = edition.definition.path(leaf.code)
        found = {page.pk: page for code in (leaf.code, criterion.code, domain.code) for page in by_node.get(code, ())}
        result[leaf.code] = list(found.values())
    return result


def guidance_for(edition: CriteriaEdition, leaf_code: str) -> list[GuidancePage]:
    """Return the live guidance of one leaf, that of the leaf itself first."""
    return guidance_by_code(edition).get(leaf_code, [])
