"""The foundation's own scheduled work. The functions at the end are called by the queue's clock."""

from django.core.management import call_command
from django.utils.translation import gettext_lazy as _

from django_q.models import Failure

from cms import audit, clock
from cms.domain.orphans import sweep
from cms.jobs import JobContext, enqueue, job, recover, register_schedule
from cms.roles import sync_all_members
from cms.spreadsheets import imports

_FAILURES_KEPT = 500

job(imports.CHECK_JOB, title=_("Check of an import"))(imports.run_check)
job(imports.APPLY_JOB, title=_("Import"))(imports.run_apply)


@job("cms.sweep_files", title=_("Removal of files that nobody refers to"))
def sweep_files(ctx: JobContext) -> None:
    """Remove the bytes of uploads that were broken off, and note how many and which."""
    gone = sweep()
    ctx.report({"removed": len(gone)})
    if gone:
        audit.record("cms.files_swept", ctx.run, user=None, after={"number": len(gone), "files": gone[:200]})


def order_sweep() -> None:
    """Order the sweep of the day; twice is once."""
    enqueue("cms.sweep_files", arguments={}, key=f"sweep-files:{clock.today().isoformat()}")


def end_memberships() -> None:
    """Take people out of the groups of roles that ended and into those of roles that began, by date."""
    sync_all_members()


def recover_jobs() -> None:
    """Send jobs again whose worker died."""
    recover()


def publish_scheduled() -> None:
    """Publish and unpublish pages whose time has come."""
    call_command("publish_scheduled", verbosity=0)


def clean_queue() -> None:
    """Drop old failures of the queue, which it keeps for ever, and sessions that ran out."""
    old = Failure.objects.order_by("-stopped").values_list("pk", flat=True)[_FAILURES_KEPT:]
    Failure.objects.filter(pk__in=list(old)).delete()
    call_command("clearsessions", verbosity=0)


register_schedule("cms.beat", "cms.jobs.schedules.beat", minutes=1)
register_schedule("cms.recover_jobs", "cms.tasks.recover_jobs", minutes=1)
register_schedule("cms.publish_scheduled", "cms.tasks.publish_scheduled", minutes=1)
register_schedule("cms.end_memberships", "cms.tasks.end_memberships", cron="7 0 * * *")
register_schedule("cms.order_sweep", "cms.tasks.order_sweep", cron="37 2 * * *")
register_schedule("cms.clean_queue", "cms.tasks.clean_queue", cron="17 3 * * *")
