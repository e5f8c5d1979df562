"""What runs by the clock. Schedules are code; `sync_schedules` writes them to the queue's table, nobody edits them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django_q.models import Schedule

from cms import clock
from cms.models import WorkerHeartbeat

HEARTBEAT = "worker"


@dataclass(frozen=True, slots=True)
class ScheduleSpec:
    """A function that is called every so many minutes, or by a cron expression. It must be safe to run twice."""

    name: str
    function: str
    minutes: int = 0
    cron: str = ""


_schedules: dict[str, ScheduleSpec] = {}


def register_schedule(name: str, function: str, *, minutes: int = 0, cron: str = "") -> None:
    """Register a schedule: a dotted path without arguments, and either minutes or a cron expression."""
    if bool(minutes) == bool(cron):
        raise ValueError("Give either minutes or a cron expression.")
    _schedules[name] = ScheduleSpec(name=name, function=function, minutes=minutes, cron=cron)


def registered_schedules() -> list[ScheduleSpec]:
    """Return all schedules by name."""
    return [_schedules[name] for name in sorted(_schedules)]


def beat() -> None:
    """Write the worker's sign of life, which the readiness check reads."""
    WorkerHeartbeat.objects.update_or_create(name=HEARTBEAT, defaults={"seen_at": clock.now()})


def sync() -> tuple[int, int]:
    """Make the table say what the code says; return how many were written and how many removed."""
    soon = clock.now() + dt.timedelta(seconds=5)
    written = 0
    for spec in registered_schedules():
        values = {
            "func": spec.function,
            "schedule_type": Schedule.CRON if spec.cron else Schedule.MINUTES,
            "minutes": spec.minutes or None,
            "cron": spec.cron or None,
            "repeats": -1,
        }
        known = Schedule.objects.filter(name=spec.name)
        if known.filter(**values).count() == 1:
            continue
        known.delete()
        Schedule.objects.create(name=spec.name, next_run=soon, **values)
        written += 1
    removed, _details = Schedule.objects.exclude(name__in=_schedules).delete()
    return written, removed
