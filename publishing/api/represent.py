"""From rows to what the API gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from cms.models import Unit
from criteria_pages.models import CriteriaEdition
from publishing.domain.representation import ILLUSTRATIVE, edition_data, release_address, release_data, score_data
from publishing.models import IndexRelease, PlanTask, PlanTaskProgress, ReleaseScore, YearlyPlanPage
from submissions.models import AssessmentRound


def release_out(release: IndexRelease, *, corrected_by: str | None = None) -> dict[str, Any]:
    """Return a release."""
    edition = edition_reference(release.edition) if release.edition else None
    return {
        **release_data(release),
        "url": release_address(release),
        "corrected_by": corrected_by,
        "edition": edition,
    }


def edition_reference(edition: CriteriaEdition) -> dict[str, Any]:
    """Return an edition by title, number and hash."""
    return {"id": edition.pk, **edition_data(edition)}


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


def score_out(score: ReleaseScore, unit_code: str) -> dict[str, Any]:
    """Return the points of a node."""
    return {"unit_code": unit_code, **score_data(score)}


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
