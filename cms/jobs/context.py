"""What a job gets: its run, its user, and the ways to report back."""

from __future__ import annotations

import time
from typing import IO, Any

from django.core.cache import cache
from django.core.files.base import ContentFile, File
from django.db import connection

from cms.domain.files import store_file
from cms.enums import FileKind
from cms.models import JobRun, StoredFile, Unit, User

_PROGRESS_EVERY_SECONDS = 0.5
_PROGRESS_KEPT_SECONDS = 3600


class LeaseLost(Exception):
    """Another runner took the job over; this one must stop without a trace."""


class JobContext:
    """Handed to a job's function. Only the holder of the lease can write through it."""

    def __init__(self, run: JobRun) -> None:
        self.run = run
        self._token = run.lease_token
        self._reported_at = 0.0

    @property
    def user(self) -> User | None:
        """Who started the job."""
        return self.run.created_by

    @property
    def unit(self) -> Unit | None:
        """The unit the job is for."""
        return self.run.unit

    @property
    def source_file(self) -> StoredFile | None:
        """The file the job reads."""
        return self.run.source_file

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Tell how far the job is. Cheap to call often; shown at most twice a second.

        Inside a transaction the row cannot be seen (and on SQLite not be written) from outside, so progress also goes
        to the cache, from where the progress page reads it. Raises `LeaseLost` where another runner took over.
        """
        total = max(total, 0)
        done = min(max(done, 0), total) if total else 0
        moment = time.monotonic()
        if done < total and moment - self._reported_at < _PROGRESS_EVERY_SECONDS:
            return
        self._reported_at = moment
        cache.set(progress_key(self.run.pk), (done, total, message[:500]), _PROGRESS_KEPT_SECONDS)
        if not connection.in_atomic_block:
            self._write(done=done, total=total, message=message[:500])
        self.run.done, self.run.total, self.run.message = done, total, message[:500]

    def report(self, report: dict[str, Any]) -> None:
        """Keep the findings of the job as JSON data in its row."""
        self._write(report=report)
        self.run.report = report

    def attach_result(self, name: str, content: bytes | IO[bytes] | File) -> StoredFile:
        """Store a file as the result of the job; whoever started the job may read it."""
        stored = store_file(
            kind=FileKind.RESULT,
            content=ContentFile(content) if isinstance(content, bytes) else content,
            name=name,
            owner_unit=self.run.unit,
            user=self.run.created_by,
        )
        self._write(result_file=stored)
        self.run.result_file = stored
        return stored

    def _write(self, **values: Any) -> None:
        if not JobRun.objects.filter(pk=self.run.pk, lease_token=self._token).update(**values):
            raise LeaseLost(f"job {self.run.pk}")


def progress_key(job_id: int) -> str:
    """Return the cache key of a running job's progress."""
    return f"job-progress:{job_id}"


def live_progress(run: JobRun) -> JobRun:
    """Overlay a running job's row with what it reported since its last visible write."""
    if not run.is_finished and (seen := cache.get(progress_key(run.pk))):
        run.done, run.total, run.message = seen
    return run
