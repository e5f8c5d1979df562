"""Plans for citizens: what the page shows, and calendars to subscribe to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from cms import clock
from cms.models import Unit
from cms.numbers import parse_id
from publishing import charts
from publishing.domain import calendars
from publishing.domain.plan_progress import current_progress
from publishing.domain.plans import (
    DateWarning,
    TaskLine,
    check_dates,
    task_lines,
    tasks_of_unit,
)
from publishing.enums import TaskStatus
from publishing.models import PlanTaskProgress, YearlyPlanPage
from publishing.models.pages import provide_context
from publishing.views.access import ReleaseAbsent, public


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A task as the page shows it."""

    line: TaskLine
    units: dict[int, Unit]
    chart: SafeString
    warnings: tuple[DateWarning, ...]
    progress: PlanTaskProgress | None
    late: bool

    @property
    def text(self) -> str:
        """The task in the language of the interface."""
        return self.line.task_en if self.line.task_en and (get_language() or "").startswith("en") else self.line.task

    @property
    def leads(self) -> list[tuple[str, Unit | None]]:
        """Lead units: name and, where the register holds it, the unit."""
        return self._named(self.line.leads)

    @property
    def supports(self) -> list[tuple[str, Unit | None]]:
        """Supporting units likewise."""
        return self._named(self.line.supports)

    def _named(self, references: Sequence[Any]) -> list[tuple[str, Unit | None]]:
        return [
            (reference.name, self.units.get(reference.unit_id) if reference.unit_id else None)
            for reference in references
        ]


def plan_context(plan: YearlyPlanPage) -> dict[str, Any]:
    """Return what the plan's page shows: tasks with their place on the time line, warnings, progress."""
    lines = task_lines(plan)
    warnings = check_dates(plan)
    faulty = {warning.number for warning in warnings}
    span = _span([line for line in lines if line.number not in faulty] or lines)
    today = clock.today()
    progress = current_progress(plan) if plan.pk else {}
    ids = {reference.unit_id for line in lines for reference in (*line.leads, *line.supports) if reference.unit_id}
    units = Unit.objects.in_bulk(ids)
    rows = [
        PlanRow(
            line=line,
            units=units,
            chart=_chart(line, span, today, progress.get(line.number)),
            warnings=tuple(warning for warning in warnings if warning.number == line.number),
            progress=progress.get(line.number),
            late=_is_late(line, today, progress.get(line.number)),
        )
        for line in lines
    ]
    return {
        "rows": rows,
        "plan_warnings": [warning for warning in warnings if not warning.number],
        "warnings": warnings,
        "span": span,
        "today_shown": span is not None and span[0] <= today <= span[1],
        "finding": _finding(rows, span),
        "late": [row for row in rows if row.late],
        "has_progress": bool(progress),
    }


def _span(lines: Sequence[TaskLine]) -> tuple[dt.date, dt.date] | None:
    dates = [date for line in lines for date in (line.starts_on, line.ends_on) if date]
    return (min(dates), max(dates)) if dates else None


def _percent(date: dt.date, span: tuple[dt.date, dt.date]) -> Decimal:
    days = (span[1] - span[0]).days + 1
    return Decimal((date - span[0]).days) * 100 / days


def _chart(
    line: TaskLine, span: tuple[dt.date, dt.date] | None, today: dt.date, progress: PlanTaskProgress | None
) -> SafeString:
    end = line.ends_on or line.starts_on
    start = line.starts_on or line.ends_on
    if span is None or start is None or end is None or end < span[0] or start > span[1]:
        return SafeString("")
    start = min(start, end)
    css = "bar-fill bar-fill--quiet" if progress and progress.status == TaskStatus.DONE else "bar-fill"
    return charts.gantt_bar(
        _percent(start, span), _percent(end + dt.timedelta(days=1), span), today=_percent(today, span), css=css
    )


def _is_late(line: TaskLine, today: dt.date, progress: PlanTaskProgress | None) -> bool:
    """Whether a task that somebody reports on is past its end and neither done nor dropped."""
    return (
        progress is not None
        and progress.status not in {TaskStatus.DONE, TaskStatus.DROPPED}
        and line.ends_on is not None
        and line.ends_on < today
    )


def _finding(rows: Sequence[PlanRow], span: tuple[dt.date, dt.date] | None) -> str:
    count = len(rows)
    if not rows:
        return _("This plan lists no tasks.")
    tasks = ngettext("%(count)s task", "%(count)s tasks", count) % {"count": count}
    if span is None:
        return _("%(tasks)s.") % {"tasks": tasks}
    dates = {"tasks": tasks, "first": span[0].strftime("%d/%m/%Y"), "last": span[1].strftime("%d/%m/%Y")}
    done = sum(1 for row in rows if row.progress and row.progress.status == TaskStatus.DONE)
    late = sum(1 for row in rows if row.late)
    if late:
        counts = {**dates, "done": done, "late": late}
        return _("%(tasks)s from %(first)s to %(last)s: %(done)s done, %(late)s late.") % counts
    if done:
        return _("%(tasks)s from %(first)s to %(last)s, %(done)s of them done.") % {**dates, "done": done}
    return _("%(tasks)s from %(first)s to %(last)s.") % dates


def _page_context(page: YearlyPlanPage, request: HttpRequest) -> dict[str, Any]:
    return {**plan_context(page), "english": (get_language() or "").startswith("en")}


provide_context(YearlyPlanPage, _page_context)


def _calendar_response(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response


@public
def plan_calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a public plan's calendar."""
    plan = YearlyPlanPage.objects.live().public().filter(pk=parse_id(str(pk))).first()
    if plan is None:
        raise ReleaseAbsent(_("There is no such plan."))
    return _calendar_response(calendars.plan_calendar(plan), plan.slug)


@public
def unit_calendar(request: HttpRequest, unit_code: str) -> HttpResponse:
    """Send the calendar of a unit's tasks over all public plans."""
    unit = Unit.objects.filter(code=unit_code).order_by("-valid_from").first()
    if unit is None:
        raise ReleaseAbsent(_("There is no such unit."))
    return _calendar_response(calendars.unit_calendar(unit.name, tasks_of_unit(unit)), unit.code)
