"""A release as files: CSV, workbook, JSON. Exact figures as text with a dot; the illustrative line in each of them."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cms.spreadsheets import Sheet, write_csv, write_xlsx
from criteria_pages.definition import plain
from publishing.domain.edition_nodes import NodeName, domains_of, nodes_of
from publishing.domain.representation import (
    entry_data,
    note_of,
    release_address,
    release_data,
    score_data,
    source_of,
)
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore

BATCH = 500

RESULT_COLUMNS = (
    "year",
    "unit_code",
    "unit_name",
    "tier_code",
    "tier_name",
    "status",
    "reason",
    "rank",
    "rank_of",
    "class",
    "index",
    "points",
    "maximum",
    "bonus",
    "penalty",
    "source",
    "source_kind",
    "note",
)
SCORE_COLUMNS = (
    "year",
    "unit_code",
    "code",
    "level",
    "name",
    "points",
    "maximum",
    "self_points",
    "stage",
    "public_note",
    "note",
)


def result_headers(release: IndexRelease) -> list[str]:
    """Return the columns of the table of results: fixed ones, then points and maximum of each domain."""
    domains = [f"domain_{node.code}_{part}" for node in domains_of(release) for part in ("points", "maximum")]
    return [*RESULT_COLUMNS, *domains]


def result_rows(release: IndexRelease) -> Iterator[list[Any]]:
    """Yield one row per unit, by rank, then by name; Decimals stay Decimals."""
    domains = domains_of(release)
    note = note_of(release)
    for batch in _entries(release):
        scores = {
            (entry_id, code): (points, maximum)
            for entry_id, code, points, maximum in ReleaseScore.objects.filter(entry__in=batch, level=1).values_list(
                "entry_id", "code", "points", "maximum"
            )
        }
        for entry in batch:
            row = _result(release, entry, note)
            for node in domains:
                row += scores.get((entry.pk, node.code), (None, None))
            yield row


def _entries(release: IndexRelease) -> Iterator[list[ReleaseEntry]]:
    entries = ReleaseEntry.objects.filter(release=release).order_by("tier_code", "rank", "unit_name", "pk")
    ids = list(entries.values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        found = ReleaseEntry.objects.in_bulk(ids[start : start + BATCH])
        yield [found[pk] for pk in ids[start : start + BATCH]]


def _result(release: IndexRelease, entry: ReleaseEntry, note: str) -> list[Any]:
    return [
        release.year,
        entry.unit_code,
        entry.unit_name,
        entry.tier_code,
        entry.tier_name,
        entry.status,
        entry.reason,
        entry.rank,
        entry.rank_of,
        entry.class_code,
        entry.index,
        entry.points,
        entry.maximum,
        entry.bonus,
        entry.penalty,
        entry.source,
        entry.source_kind,
        note,
    ]


def score_rows(release: IndexRelease) -> Iterator[list[Any]]:
    """Yield one row per unit and node, units in the order of the results."""
    nodes, note = nodes_of(release), note_of(release)
    for batch in _entries(release):
        scores: dict[int, list[tuple]] = {entry.pk: [] for entry in batch}
        fields = ("entry_id", "code", "level", "points", "maximum", "self_points", "stage", "public_note")
        for row in ReleaseScore.objects.filter(entry__in=batch).order_by("pk").values_list(*fields).iterator(5000):
            scores[row[0]].append(row)
        for entry in batch:
            for _pk, code, level, points, maximum, self_points, stage, public_note in scores[entry.pk]:
                name = nodes[code].name if code in nodes else ""
                yield [
                    release.year, entry.unit_code, code, level, name, points, maximum, self_points, stage, public_note,
                    note,
                ]  # fmt: skip


def results_csv(release: IndexRelease, *, with_bom: bool = False) -> bytes:
    """Return the table of results as CSV in UTF-8; with a byte order mark for Excel."""
    return _csv(result_headers(release), _exact(result_rows(release)), with_bom=with_bom)


def scores_csv(release: IndexRelease, *, with_bom: bool = False) -> bytes:
    """Return all points as CSV, one line per unit and node."""
    return _csv(list(SCORE_COLUMNS), _exact(score_rows(release)), with_bom=with_bom)


def _csv(headers: list[str], rows: Iterator[list[Any]], *, with_bom: bool) -> bytes:
    text = io.StringIO(newline="")
    write_csv(text, headers=headers, rows=rows)
    return text.getvalue().encode("utf-8-sig" if with_bom else "utf-8")


def _exact(rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """Write Decimals without trailing zeros, so that a figure reads the same from every database."""
    for row in rows:
        yield [Decimal(plain(cell)) if isinstance(cell, Decimal) else cell for cell in row]


def workbook(release: IndexRelease) -> bytes:
    """Return the release as a workbook: results, points, and what the columns mean."""
    target = io.BytesIO()
    notes = [line for line in (release.title, note_of(release).upper(), _source_line(release)) if line]
    sheets = [
        Sheet(_("Results"), result_headers(release), result_rows(release), notes=notes, text_columns=frozenset({1, 3})),
        Sheet(_("Points"), list(SCORE_COLUMNS), score_rows(release), notes=notes, text_columns=frozenset({1, 2})),
        Sheet(_("Columns"), [_("Column"), _("Meaning")], [list(line) for line in dictionary(release)], widths=(28, 90)),
    ]
    if release.edition is None:
        del sheets[1]
    write_xlsx(target, sheets=sheets)
    return target.getvalue()


def _source_line(release: IndexRelease) -> str:
    return _("Source: %(source)s. %(address)s") % {"source": source_of(release), "address": release_address(release)}


def dictionary(release: IndexRelease) -> list[tuple[str, str]]:
    """Return each column of the exports with its meaning, in the language of the interface."""
    meanings = {
        "year": _("Year assessed"),
        "unit_code": _("Code of the unit at the time"),
        "unit_name": _("Name of the unit at the time"),
        "tier_code": _("Code of the unit's tier"),
        "tier_name": _("Name of the unit's tier"),
        "status": _("ranked, not_ranked (assessed, takes no rank) or not_assessed (never zero)"),
        "reason": _("Why the unit is not ranked or not assessed"),
        "rank": _("Rank; equal exact results share a rank"),
        "rank_of": _("Number of ranked units among which the rank counts"),
        "class": _("Code of the class by the thresholds of the release"),
        "index": _("Points in percent of the own maximum, to twelve places, not rounded for display"),
        "points": _("Points reached, exact"),
        "maximum": _("Points that could be reached by this unit; 0 means: does not apply"),
        "bonus": _("Bonus points counted"),
        "penalty": _("Penalty points counted"),
        "source": _("Where a collected figure comes from"),
        "source_kind": _("published, derived or secondary"),
        "note": _("“illustrative” where the figures are invented for demonstration"),
        "code": _("Code of domain, criterion or sub-criterion"),
        "level": _("1 domain, 2 criterion, 3 sub-criterion"),
        "name": _("Name of the node in the criteria set"),
        "self_points": _("Points the unit gave itself"),
        "stage": _("Stage of the score that counts"),
        "public_note": _("Note published with the score"),
    }
    for node in domains_of(release):
        meanings[f"domain_{node.code}_points"] = _("Points in the domain “%(name)s”") % {"name": node.display_name}
        meanings[f"domain_{node.code}_maximum"] = _("Own maximum in the domain “%(name)s”") % {
            "name": node.display_name
        }
    return list(meanings.items())


def release_json(release: IndexRelease) -> bytes:
    """Return the whole release as JSON; figures as text, so that no reader's float changes them."""
    content = {
        **release_data(release),
        "address": release_address(release),
        "nodes": [_node(node) for node in nodes_of(release).values()],
    }
    entries = []
    for batch in _entries(release):
        scores: dict[int, list[dict[str, Any]]] = {entry.pk: [] for entry in batch}
        for score in ReleaseScore.objects.filter(entry__in=batch).order_by("pk").iterator(5000):
            scores[score.entry_id].append(score_data(score))
        entries += [{**entry_data(entry), "scores": scores[entry.pk]} for entry in batch]
    return json.dumps({**content, "entries": entries}, ensure_ascii=False, indent=1, default=_day_or_moment).encode()


def _day_or_moment(value: dt.date) -> str:
    """Write a day or a moment in the form of ISO 8601."""
    return value.isoformat()


def _node(node: NodeName) -> dict[str, Any]:
    return {
        "code": node.code,
        "name": node.name,
        "name_en": node.name_en,
        "level": node.level,
        "maximum": plain(node.maximum),
        "parent": node.parent or None,
    }
