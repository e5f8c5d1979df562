"""A release as one Frictionless data package: tables, their schema, hashes, licence and source in a ZIP."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

from django.utils import timezone

from publishing.domain.exports import SCORE_COLUMNS, dictionary, result_headers, results_csv, scores_csv
from publishing.domain.representation import LICENCE, LICENCE_URL, note_of, release_address, source_of
from publishing.models import IndexRelease

_INTEGERS = frozenset({"year", "rank", "rank_of", "level"})
_NUMBERS = frozenset({"index", "points", "maximum", "bonus", "penalty", "self_points"})
_ENUMS = {"status": ["ranked", "not_ranked", "not_assessed"]}


def data_package(release: IndexRelease) -> bytes:
    """Return the ZIP. The same release always gives the same bytes."""
    tables = {"results.csv": results_csv(release)}
    if release.edition_id:
        tables["scores.csv"] = scores_csv(release)
    description = json.dumps(descriptor(release, tables), ensure_ascii=False, indent=1).encode()
    target = io.BytesIO()
    moment = timezone.localtime(release.publish_at) if release.publish_at else timezone.localtime(release.built_at)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"datapackage.json": description, **tables}.items():
            entry = zipfile.ZipInfo(name, date_time=moment.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return target.getvalue()


def descriptor(release: IndexRelease, tables: dict[str, bytes]) -> dict[str, Any]:
    """Return the package's description."""
    meanings = dict(dictionary(release))
    columns = {"results.csv": result_headers(release), "scores.csv": list(SCORE_COLUMNS)}
    keys = {"results.csv": ["unit_code"], "scores.csv": ["unit_code", "code"]}
    package: dict[str, Any] = {
        "profile": "tabular-data-package",
        "name": release.slug,
        "title": release.title,
        "description": " ".join(part for part in (note_of(release), release.correction_note) if part),
        "homepage": release_address(release),
        "version": release.rows_sha256[:12],
        "created": timezone.localtime(release.publish_at).isoformat() if release.publish_at else "",
        "licenses": [{"name": LICENCE, "path": LICENCE_URL}],
        "sources": [{"title": source_of(release) or release.title, "path": release_address(release)}],
        "resources": [
            {
                "name": name.removesuffix(".csv"),
                "path": name,
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": len(content),
                "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
                "schema": {
                    "fields": [_field(column, meanings.get(column, "")) for column in columns[name]],
                    "primaryKey": keys[name],
                },
            }
            for name, content in tables.items()
        ],
    }
    return {key: value for key, value in package.items() if value}


def _field(column: str, meaning: str) -> dict[str, Any]:
    kind = "string"
    if column in _INTEGERS:
        kind = "integer"
    elif column in _NUMBERS or column.startswith("domain_"):
        kind = "number"
    field: dict[str, Any] = {"name": column, "type": kind, "description": meaning}
    if column in _ENUMS:
        field["constraints"] = {"enum": _ENUMS[column]}
    return field
