"""The page about open data: what there is, under which licence, and examples that load it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from publishing.domain import queries, representation
from publishing.views.access import public

EXAMPLES_DIR = Path(__file__).resolve().parent.parent / "examples"


@dataclass(frozen=True, slots=True)
class Example:
    """A program that a reader can copy; `text` names this portal and its newest result."""

    language: str
    name: str
    text: str
    how: str | Promise


LANGUAGES = (
    (
        "Python",
        "python.txt",
        gettext_lazy(
            "Python 3 is enough, nothing else to install: save it as par.py and run python par.py. "
            "The file par-index.csv then holds every published result."
        ),
    ),
    ("R", "r.txt", gettext_lazy("Shows the newest result in the order of the ranks; needs no package.")),
    ("curl", "curl.txt", gettext_lazy("One address each: the list of results, one result as CSV, one as JSON.")),
)
# How a limit of requests is written in the settings ("600/min"), and in words.
PERIODS = {
    "s": gettext_lazy("%(count)s requests a second"),
    "m": gettext_lazy("%(count)s requests a minute"),
    "h": gettext_lazy("%(count)s requests an hour"),
    "d": gettext_lazy("%(count)s requests a day"),
}


@public
def open_data(request: HttpRequest) -> HttpResponse:
    """Show where the data are and how a program loads them."""
    newest = queries.current_releases().order_by("-publish_at", "-pk").first()
    context = {
        "newest": newest,
        "examples": examples(newest.slug if newest else ""),
        "licence": representation.LICENCE,
        "licence_url": representation.LICENCE_URL,
        "rate": _in_words(settings.PORTAL_API_RATE),
    }
    return render(request, "publishing/open_data.html", context)


def _in_words(rate: str) -> str:
    count, _slash, period = rate.partition("/")
    return str(PERIODS[period[:1]]) % {"count": count}


def examples(slug: str) -> list[Example]:
    """Return the examples for a release; those of one release are left out where there is none."""
    found = []
    for language, name, how in LANGUAGES:
        text = (EXAMPLES_DIR / name).read_text(encoding="utf-8")
        if slug or "@RELEASE@" not in text:
            filled = text.replace("@PORTAL@", settings.PORTAL_BASE_URL).replace("@RELEASE@", slug)
            found.append(Example(language=language, name=name, text=filled, how=how))
    return found
