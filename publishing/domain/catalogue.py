"""The catalogue of open data: DCAT-AP and schema.org as JSON-LD, and the same as Turtle."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.utils import timezone, translation

from publishing.domain.representation import LICENCE_URL, note_of, release_address, source_of
from publishing.models import IndexRelease

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "schema": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
MEDIA = "https://www.iana.org/assignments/media-types/"
# File name in the address -> media type of the distribution.
FILES = {
    "ket-qua.csv": "text/csv",
    "ket-qua.json": "application/json",
    "ket-qua.xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "goi-du-lieu.zip": "application/zip",
}


def catalogue(releases: Iterable[IndexRelease]) -> dict[str, Any]:
    """Return the catalogue of the releases as JSON-LD."""
    home = f"{settings.PORTAL_BASE_URL}/ket-qua/"
    datasets = [dataset(release) for release in releases]
    return {
        "@context": CONTEXT,
        "@graph": [
            {
                "@id": home,
                "@type": "dcat:Catalog",
                "dct:title": [_words(_site_name(language), language) for language in ("vi", "en")],
                "dct:description": [_words("Published results of the Public Administration Reform Index", "en")],
                "dct:license": {"@id": LICENCE_URL},
                "dcat:dataset": [{"@id": found["@id"]} for found in datasets],
            },
            *datasets,
            *(part for release in releases for part in _distributions(release)),
        ],
    }


def dataset(release: IndexRelease) -> dict[str, Any]:
    """Return one release as a dataset of DCAT and of schema.org."""
    address = release_address(release)
    titles = [_words(release.title, "vi")]
    if release.title_en:
        titles.append(_words(release.title_en, "en"))
    note = note_of(release)
    found: dict[str, Any] = {
        "@id": address,
        "@type": ["dcat:Dataset", "schema:Dataset"],
        "dct:title": titles,
        "dct:description": [
            _words(". ".join(part for part in (release.title, source_of(release), note) if part), "vi")
        ],
        "dct:identifier": release.slug,
        "dct:license": {"@id": LICENCE_URL},
        "dct:publisher": {"@id": f"{settings.PORTAL_BASE_URL}/don-vi/{release.owner.code}/"} if release.owner else None,
        "dct:issued": _moment(release),
        "dcat:version": release.rows_sha256[:12],
        "dcat:landingPage": {"@id": address},
        "dcat:distribution": [{"@id": part["@id"]} for part in _distributions(release)],
        "schema:name": release.title,
        "schema:license": {"@id": LICENCE_URL},
        "schema:temporalCoverage": str(release.year),
        "dct:isVersionOf": {"@id": release_address(release.corrects)} if release.corrects else None,
    }
    return {key: value for key, value in found.items() if value}


def _distributions(release: IndexRelease) -> list[dict[str, Any]]:
    address = release_address(release)
    return [
        {
            "@id": f"{address}tai-ve/{name}",
            "@type": ["dcat:Distribution", "schema:DataDownload"],
            "dcat:accessURL": {"@id": f"{address}du-lieu/"},
            "dcat:downloadURL": {"@id": f"{address}tai-ve/{name}"},
            "dcat:mediaType": {"@id": f"{MEDIA}{media}"},
            "dct:license": {"@id": LICENCE_URL},
        }
        for name, media in FILES.items()
    ]


def _site_name(language: str) -> str:
    with translation.override(language):
        return str(settings.WAGTAIL_SITE_NAME)


def _words(text: str, language: str) -> dict[str, str]:
    return {"@value": text, "@language": language}


def _moment(release: IndexRelease) -> dict[str, str] | None:
    if release.publish_at is None:
        return None
    return {"@value": timezone.localtime(release.publish_at).isoformat(), "@type": "xsd:dateTime"}


def turtle(graph: dict[str, Any]) -> str:
    """Return the JSON-LD catalogue as Turtle."""
    lines = [f"@prefix {name}: <{address}> ." for name, address in graph["@context"].items()]
    for node in graph["@graph"]:
        kinds = node["@type"] if isinstance(node["@type"], list) else [node["@type"]]
        parts = [f"a {', '.join(kinds)}"]
        for name, value in node.items():
            if not name.startswith("@"):
                parts.append(f"{name} {', '.join(_terms(value))}")
        lines.append(f"\n<{node['@id']}> " + " ;\n    ".join(parts) + " .")
    return "\n".join(lines) + "\n"


def _terms(value: Any) -> Sequence[str]:
    if isinstance(value, list):
        return [term for item in value for term in _terms(item)]
    if isinstance(value, dict):
        if "@id" in value:
            return [f"<{value['@id']}>"]
        literal = json.dumps(value["@value"], ensure_ascii=False)
        return [f"{literal}@{value['@language']}" if "@language" in value else f"{literal}^^{value['@type']}"]
    return [json.dumps(str(value), ensure_ascii=False)]
