"""The survey of a public release: who was asked and answered, what they said on the whole, how it counts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cms.numbers import format_count, format_percent
from publishing.domain import queries
from publishing.models import IndexRelease
from publishing.views.access import ReleaseAbsent, released
from submissions.domain.definitions import definition_of

PER_PAGE = 100


@released
def survey(request: HttpRequest, release: IndexRelease) -> HttpResponse:
    """Show the frozen aggregates of the release's survey."""
    if not release.has_survey:
        raise ReleaseAbsent(_("No survey belongs to this result."))
    content = release.survey.content
    criteria = _criteria(release)
    names = {group["code"]: _name(group) for group in content["groups"]}
    page = Paginator(content["units"], PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "release": release,
        "content": content,
        "sha256": release.survey.sha256,
        "share": _share(content),
        "due": parse_datetime(content["answers_due"]),
        "units": [_unit(unit, names, criteria) for unit in page],
        "page_obj": page,
        "weights": [(names[group["code"]], Decimal(group["weight"])) for group in content["groups"]],
        "without": sum(not unit["classes"] and not unit["cancelled"] for unit in content["units"]),
        "finding": _finding(content),
        "correction": queries.correction_of(release),
    }
    return render(request, "publishing/survey.html", context)


def _name(group: Mapping[str, Any]) -> str:
    return str((get_language() == "en" and group["name_en"]) or group["name"])


def _share(content: Mapping[str, Any]) -> Decimal | None:
    return Decimal(100 * content["answered"]) / content["asked"] if content["asked"] else None


def _finding(content: Mapping[str, Any]) -> str:
    if not content["asked"]:
        return _("What people said about the units, as far as enough of them answered.")
    return _("%(answered)s of %(asked)s people who were asked have answered (%(share)s).") % {
        "answered": format_count(content["answered"]),
        "asked": format_count(content["asked"]),
        "share": format_percent(_share(content)),
    }


def _criteria(release: IndexRelease) -> dict[str, str]:
    """Return the names of the criteria that the release's survey scores."""
    english = get_language() == "en"
    leaves = definition_of(release.round.edition).leaves if release.round else ()
    return {leaf.code: (english and leaf.name_en) or leaf.name for leaf in leaves}


def _unit(unit: Mapping[str, Any], names: Mapping[str, str], criteria: Mapping[str, str]) -> dict[str, Any]:
    english = get_language() == "en"
    return {
        "code": unit["code"],
        "name": unit["name"],
        "cancelled": unit["cancelled"],
        "missing": [{"code": code, "name": criteria.get(code, "")} for code in unit["missing"]],
        "points": sum((Decimal(leaf["points"]) for leaf in unit["leaves"].values()), Decimal(0)),
        "respondents": sum(part["respondents"] for part in unit["classes"]),
        "leaves": [
            {
                "code": code,
                "name": criteria.get(code, ""),
                "respondents": leaf["respondents"],
                "mean": Decimal(leaf["mean"]),
                "points": Decimal(leaf["points"]),
            }
            for code, leaf in unit["leaves"].items()
        ],
        "classes": [
            {
                "name": " + ".join(names[code] for code in part["groups"]),
                "asked": part["asked"],
                "respondents": part["respondents"],
                "silent": None if part["asked"] is None else part["asked"] - part["respondents"],
                "leaves": [(code, leaf["respondents"], Decimal(leaf["mean"])) for code, leaf in part["leaves"].items()],
                "questions": [
                    {
                        "text": (english and question["text_en"]) or question["text"],
                        "mean": Decimal(question["mean"]) if question["mean"] else None,
                        "choices": [
                            ((english and choice["label_en"]) or choice["label"], choice["number"])
                            for choice in question["choices"]
                        ],
                    }
                    for question in part["questions"]
                ],
            }
            for part in unit["classes"]
        ],
    }
