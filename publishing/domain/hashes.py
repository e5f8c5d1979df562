"""The two fingerprints of a release: of what it was computed from, and of what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from criteria_pages.definition import plain
from publishing.domain.computation import Subject
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore
from submissions.domain import ledger

BATCH = 500
SCORE_FIELDS = ("code", "level", "points", "maximum", "stage", "self_points", "inputs", "public_note")


def inputs_sha256(release: IndexRelease, subjects: Iterable[Subject]) -> str:
    """Return the hash of edition, ledger up to the mark, adjustments, units' facts and the ranking's rules."""
    assert release.round is not None  # noqa: S101 -- a computed release has a round and an edition
    assert release.edition is not None  # noqa: S101
    adjustments = ledger.adjustments(release.round, upto=release.adjustments_until)
    marks = {"upto": release.ledger_until, "adjustments_upto": release.adjustments_until}
    content = {
        "edition": release.edition.sha256,
        "ledger": ledger.ledger_sha256(release.round, **marks),
        "tie_rule": release.tie_rule,
        "rank_scope": release.rank_scope,
        "classes": release.classes,
        "units": sorted(
            [subject.unit_code, subject.unit_name, subject.status, subject.reason, dict(subject.facts)]
            + [plain(value) for value in _totals(adjustments.get(subject.participant_id))]
            for subject in subjects
        ),
    }
    return hashlib.sha256(canonical(content)).hexdigest()


def _totals(totals: ledger.AdjustmentTotals | None) -> tuple[Decimal, Decimal]:
    return (totals.bonus, totals.penalty) if totals else (Decimal(0), Decimal(0))


def rows_sha256(release: IndexRelease) -> str:
    """Return the hash of all entries and scores of the release as they are stored now."""
    return sha256_of(canonical_rows(release))


def sha256_of(lines: Iterable[bytes]) -> str:
    """Return the hash of canonical lines."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
        digest.update(b"\n")
    return digest.hexdigest()


def canonical_rows(release: IndexRelease) -> Iterator[bytes]:
    """Yield the release's stored rows as canonical JSON lines, by unit code, in steps that keep memory flat.

    The order is made here and not by the database, whose collation would change the hash.
    """
    keys = ReleaseEntry.objects.filter(release=release).values_list("unit_code", "unit_id", "pk")
    ids = [pk for _code, _unit, pk in sorted(keys)]
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        entries = ReleaseEntry.objects.in_bulk(batch)
        scores: dict[int, list[ReleaseScore]] = {pk: [] for pk in batch}
        for score in ReleaseScore.objects.filter(entry_id__in=batch).iterator(5000):
            scores[score.entry_id].append(score)
        for pk in batch:
            yield canonical_line(entries[pk], scores[pk])


def canonical_line(entry: ReleaseEntry, scores: Iterable[ReleaseScore]) -> bytes:
    """Return one unit's line with its scores; the rows need not be stored yet."""
    ordered = sorted(scores, key=lambda score: score.code)
    content = [[_value(getattr(score, name)) for name in SCORE_FIELDS] for score in ordered]
    return canonical({**entry_content(entry), "scores": content})


def entry_content(entry: ReleaseEntry) -> dict[str, Any]:
    """Return an entry's content as canonical JSON data."""
    return {
        name: _value(getattr(entry, name))
        for name in (
            "unit_code",
            "unit_name",
            "tier_code",
            "tier_name",
            "group_codes",
            "facts",
            "status",
            "reason",
            "points",
            "maximum",
            "bonus",
            "penalty",
            "index",
            "rank",
            "rank_of",
            "class_code",
            "source",
            "source_kind",
        )
    }


def _value(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value


def canonical(content: Any) -> bytes:
    """Return canonical JSON: UTF-8, sorted keys, no spaces."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
