"""The page about open data: what there is, under which licence, and examples that load it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from publishing.domain import queries, representation
from publishing.views.access import public

EXAMPLES_DIR = Path(__file__).resolve().parent.parent / "examples"


@dataclass(frozen=True, slots=True)
class Example:
    """A program that a reader can copy; `text` names this portal and its newest result."""

    language: str
    name: str
    text: str


LANGUAGES = (("Python", "python.txt"), ("R", "r.txt"), ("curl", "curl.txt"))


@public
def open_data(request: HttpRequest) -> HttpResponse:
    """Show where the data are and how a program loads them."""
    newest = queries.current_releases().order_by("-publish_at", "-pk").first()
    context = {
        "newest": newest,
        "examples": examples(newest.slug if newest else ""),
        "licence": representation.LICENCE,
        "licence_url": representation.LICENCE_URL,
        "rate": settings.PORTAL_API_RATE,
    }
    return render(request, "publishing/open_data.html", context)


def examples(slug: str) -> list[Example]:
    """Return the examples for a release; those of one release are left out where there is none."""
    found = []
    for language, name in LANGUAGES:
        text = (EXAMPLES_DIR / name).read_text(encoding="utf-8")
        if slug or "@RELEASE@" not in text:
            filled = text.replace("@PORTAL@", settings.PORTAL_BASE_URL).replace("@RELEASE@", slug)
            found.append(Example(language=language, name=name, text=filled))
    return found
