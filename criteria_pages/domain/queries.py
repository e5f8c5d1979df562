"""Reads: guidance beside criteria, pages that must stay because editions rest on them."""

from __future__ import annotations

from collections.abc import Iterable

from wagtail.models import Page

from criteria_pages.models import CriteriaEdition, CriteriaSetPage, GuidanceEdition, GuidancePage, QuestionnaireEdition


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


def guidance_on(page: CriteriaSetPage) -> list[GuidancePage]:
    """Return the live guidance on a set that no other live guidance has replaced, the newest first, in one query."""
    live = GuidancePage.objects.live()
    replaced = live.filter(replaces__isnull=False).values("replaces_id")
    return list(live.filter(criteria_set_id=page.pk).exclude(pk__in=replaced).order_by("-issued_on", "title"))


def published_within(pages: Iterable[Page]) -> list[str]:
    """Return the titles of pages among these and below them that have editions, so that they can never be deleted."""
    titles: dict[int, str] = {}
    for page in pages:
        for model in (CriteriaEdition, QuestionnaireEdition, GuidanceEdition):
            found = model.objects.filter(page__path__startswith=page.path).values_list("page_id", "page__title")
            titles.update(dict(found.order_by("page__path")))
    return list(titles.values())
