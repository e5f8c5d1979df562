"""How far the tasks of a plan are: reported by the lead units, kept as a history."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.models import Unit, User
from cms.permissions import units_where
from publishing.enums import PlanRole, TaskStatus
from publishing.exceptions import PublishingError
from publishing.models import PlanTask, PlanTaskProgress, YearlyPlanPage

REPORTERS = (Role.CONTRIBUTOR, Role.LEADER, Role.SECRETARIAT)


def current_progress(plan: YearlyPlanPage) -> dict[str, PlanTaskProgress]:
    """Return the newest report of each task by number, in one query."""
    newest: dict[str, PlanTaskProgress] = {}
    for report in PlanTaskProgress.objects.filter(plan=plan).select_related("unit").order_by("pk"):
        newest[report.number] = report
    return newest


def reporting_unit(*, task: PlanTask, user: User) -> Unit | None:
    """Return the unit for which the user may report on the task: one of its lead units, or the plan's issuer."""
    leads = [row.unit_id for row in task.units.all() if row.role == PlanRole.LEAD and row.unit_id]
    found = units_where(user, *REPORTERS).filter(pk__in=leads).first()
    if found is None and task.plan.issuer_id:
        found = units_where(user, Role.SECRETARIAT).filter(pk=task.plan.issuer_id).first()
    return found


@transaction.atomic
def report_progress(*, task: PlanTask, user: User, status: str, note: str = "") -> PlanTaskProgress:
    """Add a report on a task of a public plan.

    Raises `PermissionRefused` for anybody but a lead unit or the issuer's secretariat, `PublishingError` for an
    unknown status, or a dropped task without a note.
    """
    unit = reporting_unit(task=task, user=user)
    if unit is None:
        raise PermissionRefused(_("Only the lead units of a task report on it."))
    if status not in TaskStatus.values:
        raise PublishingError(_("There is no such status."), code="unknown_status")
    if status == TaskStatus.DROPPED and not note.strip():
        raise PublishingError(_("Say why the task is no longer planned."), code="note_missing")
    before = current_progress(task.plan).get(task.number)
    report = PlanTaskProgress.objects.create(
        plan=task.plan,
        number=task.number,
        status=status,
        note=note.strip()[:500],
        unit=unit,
        reported_by=user,
        reported_at=clock.now(),
    )
    audit.record(
        "publishing.plan.progress",
        task.plan,
        user=user,
        before={"status": before.status} if before else None,
        after={"status": report.status},
        task=task.number,
        unit=unit.code,
    )
    return report
