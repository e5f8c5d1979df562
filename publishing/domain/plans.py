"""Yearly plans: from the page's blocks to task lines, rows, warnings and a round's deadlines."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cms import audit
from cms.enums import Role
from cms.models import Unit, User
from cms.permissions import require_role
from publishing.enums import PlanRole
from publishing.exceptions import PublishingError
from publishing.models import PlanTask, PlanTaskUnit, YearlyPlanPage
from submissions.domain.rounds import set_deadline
from submissions.models import AssessmentRound


@dataclass(frozen=True, slots=True)
class UnitReference:
    """A unit of a task by name; `unit_id` where the register holds it."""

    name: str
    unit_id: int | None = None


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task of a plan, free of blocks and rows."""

    number: str
    task: str
    time_text: str = ""
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    leads: tuple[UnitReference, ...] = ()
    supports: tuple[UnitReference, ...] = ()
    phase: str = ""
    is_publication: bool = False
    task_en: str = ""


@dataclass(frozen=True, slots=True)
class DateWarning:
    """A date that cannot be as written. `number` names the task, empty for the plan as a whole."""

    code: str
    message: str
    number: str = ""


def task_lines(plan: YearlyPlanPage) -> tuple[TaskLine, ...]:
    """Return the tasks in the page's blocks (of the revision at hand, so previews show the draft)."""
    return tuple(
        TaskLine(
            number=child.value["number"].strip(),
            task=child.value["task"],
            task_en=child.value["task_en"] or "",
            time_text=child.value["time_text"] or "",
            starts_on=child.value["starts_on"],
            ends_on=child.value["ends_on"],
            phase=child.value["phase"] or "",
            is_publication=bool(child.value["is_publication"]),
            leads=tuple(_reference(value) for value in child.value["leads"]),
            supports=tuple(_reference(value) for value in child.value["supports"]),
        )
        for child in plan.tasks
    )


def _reference(value: Any) -> UnitReference:
    unit = value["unit"]
    return UnitReference(name=value["name"] or (unit.name if unit else ""), unit_id=unit.pk if unit else None)


def tasks_raw(lines: Iterable[TaskLine]) -> list[dict[str, Any]]:
    """Return the raw StreamField data of the tasks, for loaders and tests."""
    return [
        {
            "type": "task",
            "id": str(uuid.uuid4()),
            "value": {
                "number": line.number,
                "task": line.task,
                "task_en": line.task_en,
                "time_text": line.time_text,
                "starts_on": line.starts_on.isoformat() if line.starts_on else None,
                "ends_on": line.ends_on.isoformat() if line.ends_on else None,
                "phase": line.phase,
                "is_publication": line.is_publication,
                "leads": [_reference_raw(reference) for reference in line.leads],
                "supports": [_reference_raw(reference) for reference in line.supports],
            },
        }
        for line in lines
    ]


def _reference_raw(reference: UnitReference) -> dict[str, Any]:
    value = {"unit": reference.unit_id, "name": reference.name}
    return {"type": "item", "id": str(uuid.uuid4()), "value": value}


def sections_raw(sections: Iterable[tuple[str, str] | tuple[str, str, str, str]]) -> list[dict[str, Any]]:
    """Return the raw StreamField data of text sections given as (heading, html) or with both in English after."""
    raw = []
    for section in sections:
        heading, text, heading_en, text_en = (*section, "", "")[:4]
        value = {"heading": heading, "text": text, "heading_en": heading_en, "text_en": text_en}
        raw.append({"type": "section", "id": str(uuid.uuid4()), "value": value})
    return raw


@transaction.atomic
def sync_tasks(*, plan: YearlyPlanPage) -> None:
    """Bring the rows of the plan's tasks in step with its published blocks. Safe to run twice."""
    PlanTaskUnit.objects.filter(task__plan=plan).delete()
    lines = task_lines(plan)
    PlanTask.objects.filter(plan=plan).exclude(number__in=[line.number for line in lines]).delete()
    for position, line in enumerate(lines):
        row, _created = PlanTask.objects.update_or_create(
            plan=plan,
            number=line.number,
            defaults={
                "position": position,
                "task": line.task,
                "task_en": line.task_en,
                "time_text": line.time_text,
                "starts_on": line.starts_on,
                "ends_on": line.ends_on,
                "phase": line.phase,
                "is_publication": line.is_publication,
            },
        )
        PlanTaskUnit.objects.bulk_create(
            PlanTaskUnit(task=row, role=role, position=place, unit_id=reference.unit_id, name=reference.name)
            for role, references in ((PlanRole.LEAD, line.leads), (PlanRole.SUPPORT, line.supports))
            for place, reference in enumerate(references)
        )


def _day(value: dt.date | None) -> str:
    return date_format(value, "SHORT_DATE_FORMAT") if value else "—"


def check_dates(plan: YearlyPlanPage) -> list[DateWarning]:
    """Return what cannot be right in the plan's dates: the document's slips are told, never mended silently."""
    lines = task_lines(plan)
    warnings = []
    if plan.signed_on and not plan.year - 1 <= plan.signed_on.year <= plan.year + 1:
        warnings.append(
            DateWarning(
                code="signed_far_from_year",
                message=_("The plan for %(year)s was signed on %(date)s.")
                % {"year": plan.year, "date": _day(plan.signed_on)},
            )
        )
    for line in lines:
        warnings += _check_line(plan, line)
    return warnings + _check_publication(lines)


def _check_line(plan: YearlyPlanPage, line: TaskLine) -> list[DateWarning]:
    warnings = []
    if line.starts_on and line.ends_on and line.ends_on < line.starts_on:
        warnings.append(
            DateWarning(
                code="end_before_start",
                number=line.number,
                message=_("Task %(number)s ends on %(end)s, before it starts on %(start)s.")
                % {
                    "number": line.number,
                    "end": _day(line.ends_on),
                    "start": _day(line.starts_on),
                },
            )
        )
    if plan.signed_on and line.ends_on and line.ends_on < plan.signed_on:
        warnings.append(
            DateWarning(
                code="before_signing",
                number=line.number,
                message=_("Task %(number)s is due on %(due)s, before the plan was signed on %(signed)s.")
                % {
                    "number": line.number,
                    "due": _day(line.ends_on),
                    "signed": _day(plan.signed_on),
                },
            )
        )
    for reference in (*line.leads, *line.supports):
        if not reference.name:
            warnings.append(
                DateWarning(
                    code="unit_without_name",
                    number=line.number,
                    message=_("Task %(number)s names a unit without a name.") % {"number": line.number},
                )
            )
    return warnings


def _check_publication(lines: tuple[TaskLine, ...]) -> list[DateWarning]:
    published = [line.ends_on for line in lines if line.is_publication and line.ends_on]
    if not published:
        return []
    last = max(published)
    return [
        DateWarning(
            code="after_publication",
            number=line.number,
            message=_("Task %(number)s begins on %(start)s, after the results are published on %(published)s.")
            % {"number": line.number, "start": _day(line.starts_on), "published": _day(last)},
        )
        for line in lines
        if line.starts_on and line.starts_on > last and not line.is_publication
    ]


@transaction.atomic
def apply_to_round(
    *, plan: YearlyPlanPage, round: AssessmentRound, mapping: Mapping[str, str] | None = None, user: User
) -> dict[str, tuple[dt.datetime, dt.datetime]]:
    """Set the round's phase deadlines from the plan's tasks; returns phase -> (opens, locks).

    `mapping`: phase -> task number; left out, each task's own phase is used. A phase opens at the start of its task's
    first day and locks at the end of its last. Raises `PublishingError` where a task is unknown, has no dates, or a
    warning of `check_dates` concerns it; permissions and order are checked by the round's own functions.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    lines = {line.number: line for line in task_lines(plan)}
    if mapping is None:
        mapping = {line.phase: number for number, line in lines.items() if line.phase}
    if not mapping:
        raise PublishingError(_("No task of this plan names a phase of the round."), code="nothing_to_apply")
    faulty = {warning.number: warning.message for warning in check_dates(plan)}
    applied = {}
    for phase, number in mapping.items():
        line = lines.get(number)
        if line is None:
            raise PublishingError(_("The plan has no task %(number)s.") % {"number": number}, code="unknown_task")
        if number in faulty:
            raise PublishingError(faulty[number], code="impossible_date")
        if line.ends_on is None:
            raise PublishingError(
                _("Task %(number)s has no end date to set a deadline from.") % {"number": number}, code="no_date"
            )
        opens, closes = _bounds(plan, line)
        why = _("As in the plan “%(plan)s”, task %(number)s.") % {"plan": plan.title, "number": number}
        set_deadline(round=round, phase=phase, opens_at=opens, closes_at=closes, user=user, reason=why)
        applied[phase] = (opens, closes)
    audit.record(
        "publishing.plan.apply",
        plan,
        user=user,
        round=round.code,
        deadlines={phase: closes.isoformat() for phase, (_opens, closes) in applied.items()},
    )
    return applied


def _bounds(plan: YearlyPlanPage, line: TaskLine) -> tuple[dt.datetime, dt.datetime]:
    zone = timezone.get_default_timezone()
    ends_on = line.ends_on
    assert ends_on is not None  # noqa: S101 -- the caller has refused tasks without an end
    start = line.starts_on or plan.signed_on or ends_on
    start = min(start, ends_on)
    return (
        dt.datetime.combine(start, dt.time.min, tzinfo=zone),
        dt.datetime.combine(ends_on, dt.time(23, 59, 59), tzinfo=zone),
    )


def tasks_of_unit(unit: Unit) -> list[PlanTask]:
    """Return the tasks of public plans in which the unit leads or supports, the latest plan first."""
    tasks = (
        PlanTask.objects.filter(units__unit=unit, plan__live=True)
        .select_related("plan")
        .prefetch_related("units__unit")
        .order_by("-plan__year", "plan", "position")
        .distinct()
    )
    return list(tasks)
