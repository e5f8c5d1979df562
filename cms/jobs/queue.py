"""Putting jobs into the queue. Nothing outside this package talks to django-q2."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from django_q.tasks import async_task

from cms import clock
from cms.enums import JobStatus
from cms.exceptions import PortalError
from cms.jobs import runner
from cms.jobs.registry import get_job
from cms.models import JobRun, StoredFile, Unit, User

# A waiting job whose message got lost (key rotation, emptied broker) is sent again after this time.
RESEND_AFTER = dt.timedelta(minutes=10)
_ENTRY = "cms.jobs.runner.run"


def enqueue(
    task: str,
    *,
    arguments: dict[str, Any],
    key: str,
    user: User | None = None,
    title: str = "",
    unit: Unit | None = None,
    source_file: StoredFile | None = None,
    at_once: bool = False,
) -> JobRun:
    """Order a job and return its run. The same key returns the run that exists, whatever became of it.

    `arguments` are JSON data (ids, never objects). The order joins the caller's transaction: rolled back, it is gone.
    Raises `LookupError` for an unknown job. `at_once` runs it here instead of in the worker, for commands; with the
    queue in synchronous mode (tests) all jobs do.
    """
    spec = get_job(task)
    at_once = at_once or is_synchronous()
    person = user if user is not None and user.is_authenticated else None
    try:
        with transaction.atomic():
            job, created = JobRun.objects.get_or_create(
                key=key,
                defaults={
                    "task": task,
                    "title": str(title or spec.title)[:255],
                    "arguments": arguments,
                    "created_by": person,
                    "unit": unit,
                    "source_file": source_file,
                    "lease_until": clock.now() + RESEND_AFTER,
                },
            )
            if created and not at_once:
                send(job.pk)
    except IntegrityError:  # pragma: no cover - two orders of one key at the same moment, on PostgreSQL
        return JobRun.objects.get(key=key)
    if created and at_once:
        runner.run(job.pk)
        job.refresh_from_db()
    return job


def retry(*, job: JobRun, user: User) -> JobRun:
    """Start a failed job again, as the same run. Raises `PortalError` unless it has failed."""
    again = JobRun.objects.filter(pk=job.pk, status=JobStatus.FAILED).update(
        status=JobStatus.QUEUED,
        attempts=0,
        error="",
        message="",
        done=0,
        total=0,
        finished_at=None,
        lease_until=clock.now() + RESEND_AFTER,
    )
    if not again:
        raise PortalError(_("Only a job that has failed can be started again."), code="not_failed")
    if is_synchronous():
        runner.run(job.pk)
    else:
        send(job.pk)
    job.refresh_from_db()
    return job


def send(job_id: int) -> None:
    """Put the id of a run into the queue: in the transaction where the queue is a table, after it otherwise."""
    if "orm" in settings.Q_CLUSTER:
        async_task(_ENTRY, job_id, sync=False)
    else:
        transaction.on_commit(lambda: async_task(_ENTRY, job_id, sync=False))


def is_synchronous() -> bool:
    """Whether jobs run inside `enqueue` (tests)."""
    return bool(settings.Q_CLUSTER.get("sync"))
