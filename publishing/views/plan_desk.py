"""The lead units' screen: report how far the tasks of public plans are."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cms.permissions import units_where
from publishing.domain.plan_progress import REPORTERS, current_progress, report_progress
from publishing.enums import PlanRole
from publishing.forms import ProgressForm
from publishing.models import PlanTask
from submissions.views.access import attempt


@login_required
@require_safe
def my_tasks(request: HttpRequest) -> HttpResponse:
    """List the tasks of public plans that the user's units lead, each with its newest report and a form."""
    units = units_where(request.user, *REPORTERS)
    tasks = list(
        PlanTask.objects.filter(plan__live=True, units__role=PlanRole.LEAD, units__unit__in=units)
        .select_related("plan")
        .prefetch_related("units")
        .order_by("-plan__year", "plan", "position")
        .distinct()
    )
    plans = {task.plan_id: task.plan for task in tasks}
    progress = {pk: current_progress(plan) for pk, plan in plans.items()}
    rows = []
    for task in tasks:
        report = progress[task.plan_id].get(task.number)
        initial = {"status": report.status, "note": report.note} if report else {}
        rows.append({"task": task, "report": report, "form": ProgressForm(initial=initial, prefix=f"t{task.pk}")})
    return render(request, "publishing/desk/tasks.html", {"rows": rows})


@login_required
@require_POST
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a report on a task."""
    task = PlanTask.objects.filter(pk=pk, plan__live=True).select_related("plan").prefetch_related("units").first()
    if task is None:
        raise Http404
    form = ProgressForm(request.POST, prefix=f"t{task.pk}")
    if form.is_valid():
        attempt(
            request,
            lambda: report_progress(task=task, user=request.user, **form.cleaned_data),
            _("Your report on task %(number)s is stored.") % {"number": task.number},
        )
    return redirect("publishing:my_tasks")
