"""From rows to what the API gives."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from cms.models import Unit
from criteria_pages.definition import plain
from criteria_pages.models import CriteriaEdition
from publishing.domain.exports import ILLUSTRATIVE, LICENCE, note_of, release_address, source_of
from publishing.models import IndexRelease, PlanTask, PlanTaskProgress, ReleaseEntry, ReleaseScore, YearlyPlanPage
from submissions.models import AssessmentRound


def figure(value: Decimal | None) -> str | None:
    """Return an exact figure as text."""
    return None if value is None else plain(value)


def release_out(release: IndexRelease, *, corrected_by: str | None = None) -> dict[str, Any]:
    """Return a release."""
    return {
        "slug": release.slug,
        "url": release_address(release),
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
        "corrected_by": corrected_by,
        "correction_note": release.correction_note,
        "edition": edition_reference(release.edition) if release.edition else None,
        "inputs_sha256": release.inputs_sha256,
        "rows_sha256": release.rows_sha256,
    }


def edition_reference(edition: CriteriaEdition) -> dict[str, Any]:
    """Return an edition by title, number and hash."""
    return {"id": edition.pk, "title": edition.title, "number": edition.number, "sha256": edition.sha256}


def edition_out(edition: CriteriaEdition) -> dict[str, Any]:
    """Return an edition without its definition."""
    return {
        **edition_reference(edition),
        "criteria_set": edition.page.title,
        "change_kind": edition.change_kind,
        "decision_number": edition.decision_number,
        "decision_date": edition.decision_date,
        "published_at": edition.published_at,
    }


def entry_out(entry: ReleaseEntry) -> dict[str, Any]:
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
        "class_code": entry.class_code,
        "index": figure(entry.index),
        "points": figure(entry.points),
        "maximum": figure(entry.maximum),
        "bonus": figure(entry.bonus),
        "penalty": figure(entry.penalty),
        "source": entry.source,
        "source_kind": entry.source_kind,
    }


def score_out(score: ReleaseScore, unit_code: str) -> dict[str, Any]:
    """Return the points of a node."""
    return {
        "unit_code": unit_code,
        "code": score.code,
        "level": score.level,
        "points": figure(score.points),
        "maximum": figure(score.maximum),
        "self_points": figure(score.self_points),
        "stage": score.stage,
        "public_note": score.public_note,
    }


def unit_out(unit: Unit) -> dict[str, Any]:
    """Return a unit in its period of validity."""
    return {
        "code": unit.code,
        "name": unit.name,
        "name_en": unit.name_en,
        "short_name": unit.short_name,
        "tier": unit.tier.code,
        "parent": unit.parent.code if unit.parent else None,
        "groups": [group.code for group in unit.groups.all()],
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to,
        "note": ILLUSTRATIVE if unit.illustrative else "",
    }


def round_out(round_: AssessmentRound, releases: list[str]) -> dict[str, Any]:
    """Return a round with its deadlines and public releases."""
    return {
        "code": round_.code,
        "name": round_.name,
        "name_en": round_.name_en,
        "year": round_.year,
        "state": round_.state,
        "owner": round_.owner.code,
        "owner_name": round_.owner.name,
        "period_from": round_.period_from,
        "period_to": round_.period_to,
        "participants": round_.participant_count,  # type: ignore[attr-defined]
        "edition": edition_reference(round_.edition),
        "deadlines": [
            {"phase": deadline.phase, "opens_at": deadline.opens_at, "closes_at": deadline.closes_at}
            for deadline in round_.deadlines.all()
        ],
        "releases": releases,
        "note": ILLUSTRATIVE if round_.illustrative else "",
    }


def plan_out(plan: YearlyPlanPage) -> dict[str, Any]:
    """Return a plan without its tasks."""
    issuer = plan.issuer.name if plan.issuer else ""
    return {
        "id": plan.pk,
        "url": f"{settings.PORTAL_BASE_URL}{plan.url or ''}",
        "title": plan.title,
        "title_en": plan.title_en,
        "year": plan.year,
        "issuer_name": plan.issuer_name or issuer,
        "document_number": plan.document_number,
        "signed_on": plan.signed_on,
        "source": plan.source_note,
        "round": plan.round.code if plan.round else None,
        "note": ILLUSTRATIVE if plan.illustrative else "",
    }


def task_out(task: PlanTask, progress: Mapping[str, PlanTaskProgress]) -> dict[str, Any]:
    """Return a task with its units and its newest report."""
    report = progress.get(task.number)
    return {
        "number": task.number,
        "task": task.task,
        "task_en": task.task_en,
        "time_text": task.time_text,
        "starts_on": task.starts_on,
        "ends_on": task.ends_on,
        "phase": task.phase,
        "is_publication": task.is_publication,
        "units": [
            {"role": row.role, "name": row.name, "unit_code": row.unit.code if row.unit else None}
            for row in task.units.all()
        ],
        "status": report.status if report else None,
        "status_at": report.reported_at if report else None,
        "status_note": report.note if report else "",
    }
