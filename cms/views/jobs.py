"""Progress and outcome of background jobs."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cms import audit
from cms.domain.files import may_read
from cms.jobs import retry
from cms.jobs.context import live_progress
from cms.models import JobRun
from cms.permissions import may_read_all


@login_required
@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    """List the user's jobs, all of them for those who may read all."""
    runs = JobRun.objects.select_related("created_by", "unit", "result_file")
    if not may_read_all(request.user):
        runs = runs.filter(created_by=request.user)
    page = Paginator(runs, 50).get_page(request.GET.get("page"))
    return render(request, "cms/jobs/list.html", {"page_obj": page})


@login_required
@never_cache
@require_safe
def job_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one job; the page asks for news by itself and works without JavaScript by reloading."""
    job = _job_for(request, pk)
    response = render(
        request,
        "cms/jobs/job.html",
        {
            "job": job,
            "may_read_result": job.result_file is not None and may_read(request.user, job.result_file),
            "may_retry": job.created_by_id == request.user.pk,
            "trail": [{"title": _("Background jobs"), "url": reverse("cms:jobs")}],
        },
    )
    if job.is_finished and request.headers.get("HX-Request"):
        # The page around the progress changes too: result and what to do next.
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def job_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a failed job again."""
    job = _job_for(request, pk)
    if job.created_by_id != request.user.pk:
        raise Http404
    retry(job=job, user=request.user)
    audit.record("cms.job_retry", job, user=request.user)
    return redirect("cms:job", pk=pk)


def _job_for(request: HttpRequest, pk: int) -> JobRun:
    """Return the job if the user may see it. Others learn nothing, not even that the number exists."""
    job = JobRun.objects.select_related("created_by", "unit", "source_file", "result_file").filter(pk=pk).first()
    if job is None or not (job.created_by_id == request.user.pk or may_read_all(request.user)):
        raise Http404
    return live_progress(job)
