"""Running one job under its lease, and finding those whose worker died."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from wagtail.log_actions import LogContext

from django_q.exceptions import TimeoutException

from cms import clock
from cms.enums import JobStatus
from cms.exceptions import PortalError
from cms.jobs import lease
from cms.jobs.context import JobContext, LeaseLost, progress_key
from cms.jobs.registry import JobSpec, get_job
from cms.models import JobRun

logger = logging.getLogger(__name__)


class _Again(Exception):
    """The database was away or busy: worth another attempt."""


def run(job_id: int) -> None:
    """Run the job if it may be run now. Called by the queue, possibly more than once for one job."""
    job = lease.claim(job_id)
    if job is None:
        logger.info("job not taken", extra={"event": "job_not_taken", "job_id": job_id})
        return
    language = job.created_by.language if job.created_by else settings.LANGUAGE_CODE
    with translation.override(language):
        try:
            spec = get_job(job.task)
        except LookupError:
            _finish(job, JobStatus.FAILED, error=_("This version of the portal does not know the job."))
            return
        if job.attempts > spec.max_attempts:
            _finish(
                job,
                JobStatus.FAILED,
                error=_("The job was given up: its worker died %(count)d times.") % {"count": spec.max_attempts},
            )
            return
        _attempt(job, spec)


def _attempt(job: JobRun, spec: JobSpec) -> None:
    extra = {"event": "job_started", "job_id": job.pk, "task": job.task, "attempt": job.attempts}
    logger.info("job started", extra=extra)
    synchronous = bool(settings.Q_CLUSTER.get("sync"))
    status, error = JobStatus.SUCCEEDED, ""
    try:
        with lease.Renewal(job.pk, job.lease_token, in_thread=not synchronous), LogContext(user=job.created_by):
            _call(spec, job)
    except LeaseLost:
        logger.warning("job taken over by another worker", extra={**extra, "event": "job_lease_lost"})
        return
    except _Again:
        logger.warning("job put back", exc_info=True, extra={**extra, "event": "job_put_back"})
        _put_back(job)
        return
    except PortalError as refusal:
        status, error = JobStatus.FAILED, refusal.message
    except TimeoutException:
        status, error = JobStatus.FAILED, _("The job took longer than is allowed and was stopped.")
        logger.exception("job timed out", extra={**extra, "event": "job_timed_out"})
    except Exception:
        # The border of the job: whatever went wrong inside becomes visible in its row, and the log has the trace.
        status = JobStatus.FAILED
        error = _("The job stopped because of a fault. The administrators find it in the log as job %(number)d.") % {
            "number": job.pk
        }
        logger.exception("job failed", extra={**extra, "event": "job_failed"})
    _finish(job, status, error=str(error))


def _call(spec: JobSpec, job: JobRun) -> None:
    context = JobContext(job)
    try:
        if connection.in_atomic_block:
            # Run inside a caller's transaction (tests): a fault of the job must not break that transaction.
            with transaction.atomic():
                spec.call(context, job.arguments)
        else:
            spec.call(context, job.arguments)
    except OperationalError as fault:
        if job.attempts < spec.max_attempts:
            raise _Again from fault
        raise


def _finish(job: JobRun, status: str, *, error: str) -> None:
    values = {"status": status, "error": error, "finished_at": clock.now(), "lease_until": None}
    if status == JobStatus.SUCCEEDED:
        # `job` carries what the function reported last, also from inside its transaction.
        values |= {"done": job.total, "total": job.total, "message": job.message}
    else:
        values |= {"done": job.done, "total": job.total, "message": job.message}
    JobRun.objects.filter(pk=job.pk, lease_token=job.lease_token, status=JobStatus.RUNNING).update(**values)
    cache.delete(progress_key(job.pk))
    lease.forget(job.pk)
    logger.info("job ended", extra={"event": "job_ended", "job_id": job.pk, "task": job.task, "status": str(status)})


def _put_back(job: JobRun) -> None:
    """Leave the job as if its worker had died; `recover` sends it again."""
    JobRun.objects.filter(pk=job.pk, lease_token=job.lease_token).update(
        lease_until=clock.now() - lease.LEASE, lease_token=""
    )


def recover() -> int:
    """Send again what nobody works on: expired leases of dead workers, waiting jobs whose message was lost."""
    from cms.jobs import queue  # noqa: PLC0415 -- the queue imports the runner for its synchronous mode

    now = clock.now()
    sent = 0
    lost = JobRun.objects.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING], lease_until__lt=now)
    for job_id in lost.values_list("pk", flat=True):
        if lease.is_alive(job_id):
            continue
        with transaction.atomic():
            claimed = JobRun.objects.filter(pk=job_id, lease_until__lt=now).update(
                status=JobStatus.QUEUED, lease_token="", lease_until=now + queue.RESEND_AFTER
            )
            if claimed:
                queue.send(job_id)
                sent += 1
    if sent:
        logger.warning("jobs sent again", extra={"event": "jobs_recovered", "count": sent})
    return sent
