"""Background jobs: the only door to the queue (docs/adr/0004).

A job is a registered function that takes a `JobContext` and primitive arguments. The queue carries only the id of a
`JobRun`; who runs it is decided by a lease in that row, so a job may be delivered twice, be killed and be recovered.
Write jobs so that running them a second time does no harm.

    @job("submissions.import_scores", title=_("Import of scores"))
    def import_scores(ctx: JobContext, *, round_id: int) -> None: ...

    enqueue("submissions.import_scores", arguments={"round_id": 1}, key="import-scores-1", user=user)

Modules named `<app>/tasks.py` are imported at start-up.
"""

from cms.jobs.context import JobContext, LeaseLost
from cms.jobs.queue import enqueue, retry
from cms.jobs.registry import JobSpec, get_job, job, jobs
from cms.jobs.runner import recover, run
from cms.jobs.schedules import register_schedule

__all__ = [
    "JobContext",
    "JobSpec",
    "LeaseLost",
    "enqueue",
    "get_job",
    "job",
    "jobs",
    "recover",
    "register_schedule",
    "retry",
    "run",
]
