"""Public pages of guidance: a version as it was, what changed between two."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from criteria_pages.domain.guidance import compare_guidance
from criteria_pages.models import GuidanceEdition, GuidancePage
from criteria_pages.serving import serves


@serves("guidance_edition")
def edition(request: HttpRequest, page: GuidancePage, *, number: int) -> HttpResponse:
    """One version as it was published."""
    editions = list(page.editions.select_related("previous"))
    found = get_object_or_404(GuidanceEdition, page=page, number=number)
    context = {"page": page, "edition": found, "editions": editions, "is_old": found.pk != editions[0].pk}
    return TemplateResponse(request, "criteria_pages/guidance_edition.html", context)


@serves("guidance_comparison")
def comparison(request: HttpRequest, page: GuidancePage, *, old: int, new: int) -> HttpResponse:
    """What changed between two versions, the text word by word."""
    before = get_object_or_404(GuidanceEdition, page=page, number=min(old, new))
    after = get_object_or_404(GuidanceEdition, page=page, number=max(old, new))
    context = {"page": page, "old": before, "new": after, "changes": compare_guidance(before, after)}
    return TemplateResponse(request, "criteria_pages/guidance_comparison.html", context)
