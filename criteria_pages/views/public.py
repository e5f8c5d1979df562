"""Public pages of a criteria set: the methodology, a frozen edition, what changed between two."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from cms.numbers import exact
from criteria_pages.definition import Definition
from criteria_pages.domain.authoring import definition_from_page
from criteria_pages.domain.editions import compare_definitions
from criteria_pages.domain.methodology import methodology as in_words
from criteria_pages.domain.queries import guidance_on
from criteria_pages.enums import ChangeKind
from criteria_pages.models import CriteriaEdition, CriteriaSetPage
from criteria_pages.serving import serves


@serves("methodology")
def methodology(request: HttpRequest, page: CriteriaSetPage) -> HttpResponse:
    """The newest edition in words, with all editions; in a preview the draft as it stands."""
    editions = list(page.editions.select_related("previous"))
    preview = getattr(request, "is_preview", False)
    shown = editions[0].definition if editions and not preview else definition_from_page(page)
    context = {
        **_context(page, shown),
        "edition": editions[0] if editions and not preview else None,
        "editions": editions,
        "guidance": guidance_on(page) if page.pk else [],
    }
    return TemplateResponse(request, "criteria_pages/criteria_set_page.html", context)


@serves("edition")
def edition(request: HttpRequest, page: CriteriaSetPage, *, number: int) -> HttpResponse:
    """One frozen edition in words."""
    editions = list(page.editions.select_related("previous"))
    found = get_object_or_404(CriteriaEdition, page=page, number=number)
    context = {**_context(page, found.definition), "edition": found, "editions": editions}
    context["is_old"] = found.pk != editions[0].pk
    return TemplateResponse(request, "criteria_pages/edition_page.html", context)


@serves("comparison")
def comparison(request: HttpRequest, page: CriteriaSetPage, *, old: int, new: int) -> HttpResponse:
    """What changed between two editions, by kind of change."""
    before = get_object_or_404(CriteriaEdition, page=page, number=min(old, new))
    after = get_object_or_404(CriteriaEdition, page=page, number=max(old, new))
    diff = compare_definitions(before.definition, after.definition)
    kinds = (ChangeKind.SCORING, ChangeKind.APPLICABILITY, ChangeKind.EVIDENCE, ChangeKind.WORDING)
    context = {
        "page": page,
        "old": before,
        "new": after,
        "diff": diff,
        "kind": ChangeKind(diff.kind).label,
        "groups": [(kind.label, diff.of_kind(kind)) for kind in kinds if diff.of_kind(kind)],
    }
    return TemplateResponse(request, "criteria_pages/comparison_page.html", context)


def _context(page: CriteriaSetPage, definition: Definition) -> dict[str, Any]:
    domains = in_words(definition)
    leaves = definition.leaves
    by_survey = sum((leaf.maximum for leaf in leaves if leaf.scorer == "survey"), Decimal(0))
    facts = [
        (_("Domains"), len(definition.domains)),
        (_("Criteria"), sum(len(domain.criteria) for domain in definition.domains)),
        (_("Scored leaves"), len(leaves)),
        (_("Total points"), exact(definition.total)),
    ]
    if by_survey:
        facts.append((_("Of these by survey"), exact(by_survey)))
    if definition.bonus_cap:
        facts.append((_("Bonus at most"), exact(definition.bonus_cap)))
    if definition.penalty_cap:
        facts.append((_("Penalty at most"), exact(definition.penalty_cap)))
    return {"page": page, "definition": definition, "domains": domains, "facts": facts}
