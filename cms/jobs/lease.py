"""Who may run a job now. The lease lies in the row; a sign of life lies in the cache too.

A job that holds SQLite's one write lock for minutes cannot have its lease renewed in the database, so the renewing
thread also marks the cache, and a lease counts as expired only where both are silent.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import uuid
from types import TracebackType

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.models import F, Q

from cms import clock
from cms.enums import JobStatus
from cms.models import JobRun

logger = logging.getLogger(__name__)
LEASE = dt.timedelta(minutes=2)
RENEW_EVERY_SECONDS = 20.0


def claim(job_id: int) -> JobRun | None:
    """Take the job if it waits or if its runner is dead; return it with a fresh lease, or None."""
    now = clock.now()
    if is_alive(job_id):
        return None
    token = uuid.uuid4().hex
    taken = (
        JobRun.objects.filter(pk=job_id)
        .filter(Q(status=JobStatus.QUEUED) | Q(status=JobStatus.RUNNING, lease_until__lt=now))
        .update(
            status=JobStatus.RUNNING,
            lease_token=token,
            lease_until=now + LEASE,
            attempts=F("attempts") + 1,
            started_at=now,
            done=0,
            total=0,
            message="",
        )
    )
    return JobRun.objects.get(pk=job_id) if taken else None


def holds(job_id: int, token: str) -> bool:
    """Whether the job still belongs to the holder of the token."""
    return JobRun.objects.filter(pk=job_id, lease_token=token, status=JobStatus.RUNNING).exists()


def is_alive(job_id: int) -> bool:
    """Whether a runner gave a sign of life for the job within a lease."""
    return cache.get(_alive_key(job_id)) is not None


def forget(job_id: int) -> None:
    """Remove the sign of life: the job has ended or was given back."""
    cache.delete(_alive_key(job_id))


class Renewal:
    """Keeps a lease alive from a thread of its own while the job runs."""

    def __init__(self, job_id: int, token: str, *, in_thread: bool) -> None:
        self._job_id, self._token = job_id, token
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease-{job_id}", daemon=True) if in_thread else None

    def __enter__(self) -> Renewal:
        cache.set(_alive_key(self._job_id), self._token, LEASE.total_seconds())
        if self._thread:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=30)
        forget(self._job_id)

    def _renew(self) -> None:
        try:
            while not self._stop.wait(RENEW_EVERY_SECONDS):
                cache.set(_alive_key(self._job_id), self._token, LEASE.total_seconds())
                try:
                    JobRun.objects.filter(pk=self._job_id, lease_token=self._token).update(
                        lease_until=clock.now() + LEASE
                    )
                except DatabaseError:
                    # The job itself holds the write lock; the sign of life in the cache bridges the time.
                    logger.debug("lease not renewed in the database", extra={"job_id": self._job_id})
        finally:
            connection.close()


def _alive_key(job_id: int) -> str:
    return f"job-alive:{job_id}"
