"""What publication gives to the public search: units and results. Plans and ranking pages are found as pages."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cms import clock
from cms.domain.search import SearchHit, matches
from cms.models import Unit
from cms.text import fold
from publishing.domain.queries import current_releases


def find_units(folded: str, limit: int) -> Iterator[SearchHit]:
    """Yield units that are valid or were once, by name or code, valid ones first."""
    units = Unit.objects.select_related("tier")
    for word in folded.split():
        units = units.matching(word)
    english = (get_language() or "").startswith("en")
    today, seen = clock.today(), set()
    for unit in units.order_by("-valid_from")[:limit]:
        if unit.code in seen or not matches(folded, f"{unit.name_folded} {fold(unit.code)}"):
            continue
        seen.add(unit.code)
        tier = unit.tier.name_en if english and unit.tier.name_en else unit.tier.name
        ended = "" if unit.is_valid_on(today) else _("no longer exists under this name")
        yield SearchHit(
            title=unit.name_en if english and unit.name_en else unit.name,
            url=reverse("publishing:unit_latest", kwargs={"unit_code": unit.code}),
            kind=_("Unit: %(tier)s") % {"tier": tier},
            summary=ended,
            illustrative=unit.illustrative,
        )


def find_releases(folded: str, limit: int) -> Iterator[SearchHit]:
    """Yield public results that nothing corrects, by title, year and decision."""
    for release in current_releases()[:limit]:
        text = fold(f"{release.title} {release.title_en} {release.year} {release.decision_number}")
        if matches(folded, text):
            yield SearchHit(
                title=release.display_title,
                url=release.get_absolute_url(),
                kind=_("Result"),
                summary=release.decision_number,
                illustrative=release.illustrative,
            )


def names() -> Iterator[str]:
    """Yield the folded names of units and public results, for queries with slips."""
    for name in Unit.objects.order_by().values_list("name", flat=True).distinct():
        yield fold(name)
    for title in current_releases().order_by().values_list("title", flat=True):
        yield fold(title)
