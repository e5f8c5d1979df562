"""A release, its lines and points as plain data: what the JSON file and the read API both give, said once.

Figures are text with a dot, so that no reader's float changes them. Dates stay dates; whoever writes JSON writes them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from criteria_pages.definition import plain
from criteria_pages.models import CriteriaEdition
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore

# Said in the language of the country in every export, whatever the language of the interface.
ILLUSTRATIVE = "số liệu minh họa"
LICENCE = "CC-BY-4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"


def note_of(release: IndexRelease) -> str:
    """Return the line that stands with invented figures, else nothing."""
    return ILLUSTRATIVE if release.illustrative else ""


def source_of(release: IndexRelease) -> str:
    """Return what to name as the source of the release's figures."""
    if release.source:
        return release.source
    owner = release.owner.name if release.owner else ""
    return ", ".join(part for part in (owner, release.decision_number) if part)


def release_address(release: IndexRelease) -> str:
    """Return the full public address of the release."""
    return f"{settings.PORTAL_BASE_URL}/ket-qua/{release.slug}/"


def figure(value: Decimal | None) -> str | None:
    """Return an exact figure as text."""
    return None if value is None else plain(value)


def edition_data(edition: CriteriaEdition) -> dict[str, Any]:
    """Return an edition by title, number and hash."""
    return {"title": edition.title, "number": edition.number, "sha256": edition.sha256}


def release_data(release: IndexRelease) -> dict[str, Any]:
    """Return what identifies the release and how it was made."""
    return {
        "slug": release.slug,
        "title": release.title,
        "title_en": release.title_en,
        "year": release.year,
        "kind": release.kind,
        "series": release.series,
        "note": note_of(release),
        "source": source_of(release),
        "licence": LICENCE,
        "decision_number": release.decision_number,
        "decision_date": release.decision_date,
        "published_at": timezone.localtime(release.publish_at) if release.publish_at else None,
        "tie_rule": release.tie_rule,
        "rank_scope": release.rank_scope,
        "classes": release.classes,
        "rule_set_mark": release.rule_set_mark,
        "corrects": release.corrects.slug if release.corrects else None,
        "correction_note": release.correction_note,
        "edition": edition_data(release.edition) if release.edition else None,
        "inputs_sha256": release.inputs_sha256,
        "rows_sha256": release.rows_sha256,
    }


def entry_data(entry: ReleaseEntry) -> dict[str, Any]:
    """Return a unit's line."""
    return {
        "unit_code": entry.unit_code,
        "unit_name": entry.unit_name,
        "tier_code": entry.tier_code,
        "tier_name": entry.tier_name,
        "groups": entry.group_codes,
        "status": entry.status,
        "reason": entry.reason,
        "rank": entry.rank,
        "rank_of": entry.rank_of,
        "class": entry.class_code,
        "index": figure(entry.index),
        "points": figure(entry.points),
        "maximum": figure(entry.maximum),
        "bonus": figure(entry.bonus),
        "penalty": figure(entry.penalty),
        "source": entry.source,
        "source_kind": entry.source_kind,
    }


def score_data(score: ReleaseScore) -> dict[str, Any]:
    """Return the points of a node."""
    return {
        "code": score.code,
        "level": score.level,
        "points": figure(score.points),
        "maximum": figure(score.maximum),
        "self_points": figure(score.self_points),
        "stage": score.stage,
        "public_note": score.public_note,
    }
