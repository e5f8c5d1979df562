"""Notices a worker that takes nothing any more although its processes live.

Processes of django-q2 share one queue with one lock for reading. Whoever waits for a task holds it; killed from outside
while idle (the kernel does that where memory runs out), it never gives it back, and the others wait for ever. Nothing
but a restart helps; jobs survive it by their leases.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings

from cms import clock
from cms.enums import JobStatus
from cms.jobs import lease
from cms.jobs.schedules import HEARTBEAT
from cms.models import JobRun, WorkerHeartbeat

#: Exit code of a worker that wants to be started again (`EX_TEMPFAIL` of sysexits.h).
START_AGAIN = 75


def is_stuck(*, since: dt.datetime) -> bool:
    """Whether the worker that runs since then is silent for too long and no running job explains it.

    Silent means: no beat for `PORTAL_WORKER_SILENCE_SECONDS`. While jobs fill all its processes the beat waits, so a
    running job that still gives a sign of life is explanation enough.
    """
    limit = clock.now() - dt.timedelta(seconds=settings.PORTAL_WORKER_SILENCE_SECONDS)
    if since > limit or WorkerHeartbeat.objects.filter(name=HEARTBEAT, seen_at__gte=limit).exists():
        return False
    running = JobRun.objects.filter(status=JobStatus.RUNNING).values_list("pk", "lease_until")
    now = clock.now()
    return not any((until is not None and until > now) or lease.is_alive(pk) for pk, until in running)
