"""Plans as iCalendar: one all-day event per task that has a date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import gettext as _

from icalendar import Calendar, Event

from cms import clock
from publishing.enums import PlanRole
from publishing.models import PlanTask, YearlyPlanPage


def plan_calendar(plan: YearlyPlanPage) -> bytes:
    """Return the calendar of a plan's dated tasks."""
    tasks = PlanTask.objects.filter(plan=plan).select_related("plan").prefetch_related("units")
    return _calendar(plan.display_title, tasks)


def unit_calendar(name: str, tasks: Iterable[PlanTask]) -> bytes:
    """Return the calendar of a unit's dated tasks over all public plans."""
    return _calendar(name, tasks)


def _calendar(name: str, tasks: Iterable[PlanTask]) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//PAR Index Portal//Plans//VI")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    for task in tasks:
        if task.ends_on or task.starts_on:
            calendar.add_component(_event(task))
    return calendar.to_ical()


def _event(task: PlanTask) -> Event:
    end = task.ends_on or task.starts_on
    start = task.starts_on or task.ends_on
    assert start is not None  # noqa: S101 -- the caller leaves out tasks without a date
    assert end is not None  # noqa: S101
    start = min(start, end)
    event = Event()
    host = settings.PORTAL_BASE_URL.split("//")[-1].split("/")[0]
    event.add("uid", f"plan-{task.plan_id}-{task.number}@{host}")
    event.add("summary", f"{task.number}. {task.task}"[:250])
    event.add("dtstart", start)
    event.add("dtend", end + dt.timedelta(days=1))
    event.add("dtstamp", task.plan.last_published_at or clock.now())
    event.add("url", f"{settings.PORTAL_BASE_URL}{task.plan.url or ''}#nv-{task.number}")
    event.add("description", "\n".join(_description(task)))
    return event


def _description(task: PlanTask) -> list[str]:
    leads = [unit.name for unit in task.units.all() if unit.role == PlanRole.LEAD]
    supports = [unit.name for unit in task.units.all() if unit.role == PlanRole.SUPPORT]
    lines = [_("Time as written: %(time)s") % {"time": task.time_text}] if task.time_text else []
    if leads:
        lines.append(_("Lead: %(names)s") % {"names": "; ".join(leads)})
    if supports:
        lines.append(_("Support: %(names)s") % {"names": "; ".join(supports)})
    return lines
