"""Verify a release: recompute everything from edition, ledger and pinned facts, and name what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from publishing.domain.computation import ComputedEntry, ComputedScore, Subject, compute_entries, place
from publishing.domain.hashes import inputs_sha256, rows_sha256
from publishing.domain.surveys import sha256_of_content
from publishing.enums import ReleaseKind
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore
from publishing.ranking import read_bands
from submissions.domain.ledger import tampered_entries

_ENTRY_FIELDS = ("points", "maximum", "bonus", "penalty", "index", "rank", "rank_of", "class_code")
_SCORE_FIELDS = ("level", "points", "maximum", "stage", "self_points", "inputs", "public_note")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was published, with the sentence that says what and where."""

    code: str
    message: str
    unit_code: str = ""
    node_code: str = ""


def verify_release(release: IndexRelease) -> list[Finding]:
    """Return what differs between the stored release, its hashes and a fresh computation; empty where all is well.

    Reads only frozen and append-only data, so a release of any year verifies after the round has moved on.
    """
    findings = []
    if rows_sha256(release) != release.rows_sha256:
        findings.append(Finding("rows_changed", _("The stored rows no longer have the published hash.")))
    if release.has_survey and sha256_of_content(release.survey.content) != release.survey.sha256:
        findings.append(Finding("survey_changed", _("The survey's figures no longer have the published hash.")))
    if release.kind == ReleaseKind.COMPUTED and release.round_id:
        findings += _verify_computed(release)
    return findings


def _verify_computed(release: IndexRelease) -> list[Finding]:
    subjects = _subjects(release)
    findings = [
        Finding(
            "ledger_changed",
            _("Ledger entry %(id)s (%(code)s of %(unit)s) was changed after it was written.")
            % {"id": entry.pk, "code": entry.code, "unit": entry.participant.unit.name},
            unit_code=entry.participant.unit.code,
            node_code=entry.code,
        )
        for entry in tampered_entries(_round(release), upto=release.ledger_until)
    ]
    if inputs_sha256(release, subjects) != release.inputs_sha256:
        findings.append(
            Finding("inputs_changed", _("What the release was computed from no longer has the published hash."))
        )
    return findings + list(_compare(release, subjects))


def _round(release: IndexRelease) -> Any:
    return release.round


def _subjects(release: IndexRelease) -> list[Subject]:
    """Return the units as the release froze them, joined to their participants for the ledger."""
    participants = dict(_round(release).participants.values_list("unit_id", "pk"))
    return [
        Subject(
            participant_id=participants.get(entry.unit_id, -entry.pk),
            unit_id=entry.unit_id,
            unit_code=entry.unit_code,
            unit_name=entry.unit_name,
            tier_code=entry.tier_code,
            tier_name=entry.tier_name,
            group_codes=tuple(entry.group_codes),
            facts=entry.facts,
            status=entry.status,
            reason=entry.reason,
        )
        for entry in release.entries.order_by("pk")
    ]


def _compare(release: IndexRelease, subjects: list[Subject]) -> Iterator[Finding]:
    assert release.edition is not None  # noqa: S101 -- a computed release has an edition
    computed = compute_entries(
        round=_round(release),
        edition=release.edition,
        subjects=subjects,
        ledger_until=release.ledger_until,
        adjustments_until=release.adjustments_until,
    )
    fresh = {
        entry.subject.unit_id: entry
        for entry in place(
            computed,
            bands=read_bands(release.classes),
            tie_rule=release.tie_rule,
            rank_scope=release.rank_scope,
        )
    }
    for entry in release.entries.order_by("unit_code").prefetch_related("scores"):
        again = fresh.pop(entry.unit_id, None)
        if again is None:
            yield Finding(
                "unit_unknown",
                _("%(unit)s is in the release but not in the round.") % {"unit": entry.unit_name},
                unit_code=entry.unit_code,
            )
            continue
        yield from _compare_entry(entry, again)
        yield from _compare_scores(entry, again)


def _compare_entry(entry: ReleaseEntry, again: ComputedEntry) -> Iterator[Finding]:
    for name in _ENTRY_FIELDS:
        stored = getattr(entry, name)
        expected = again.stored_index if name == "index" else getattr(again, name)
        if stored != expected:
            yield Finding(
                "entry_differs",
                _("%(unit)s: %(field)s is %(stored)s, recomputed it is %(expected)s.")
                % {
                    "unit": entry.unit_name,
                    "field": _label(name),
                    "stored": _shown(stored),
                    "expected": _shown(expected),
                },
                unit_code=entry.unit_code,
            )


def _label(name: str) -> str:
    field: Any = ReleaseEntry._meta.get_field(name)
    return str(field.verbose_name)


def _compare_scores(entry: ReleaseEntry, again: ComputedEntry) -> Iterator[Finding]:
    expected: Mapping[str, ComputedScore] = {score.code: score for score in again.scores}
    stored = {score.code: score for score in entry.scores.all()}
    for code in sorted(expected.keys() | stored.keys()):
        difference = _difference(stored.get(code), expected.get(code))
        if difference:
            yield Finding(
                "score_differs",
                _("%(unit)s, %(code)s: %(difference)s")
                % {"unit": entry.unit_name, "code": code, "difference": difference},
                unit_code=entry.unit_code,
                node_code=code,
            )


def _difference(stored: ReleaseScore | None, expected: ComputedScore | None) -> str:
    if stored is None:
        return _("missing in the release.")
    if expected is None:
        return _("in the release but not in the computation.")
    for name in _SCORE_FIELDS:
        found, wanted = getattr(stored, name), getattr(expected, name)
        if (dict(wanted) if name == "inputs" else wanted) != found:
            return _("%(field)s is %(stored)s, recomputed it is %(expected)s.") % {
                "field": name,
                "stored": _shown(found),
                "expected": _shown(wanted),
            }
    return ""


def _shown(value: Any) -> str:
    if value is None:
        return "—"
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)
