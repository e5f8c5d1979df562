"""Background jobs of the survey; imported by `tasks.py`."""

from __future__ import annotations

import time

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms import clock
from cms.enums import JobStatus
from cms.exceptions import PortalError
from cms.jobs import JobContext, enqueue, job, register_schedule
from cms.models import JobRun, User
from submissions.domain.survey import invitations, letters, mailing, mixing, setup, watch
from submissions.models import Survey
from submissions.survey_enums import SurveyState

# Well under the time that the queue gives a job; the schedule goes on with what is left.
MAIL_SECONDS = 480.0


@job("submissions.survey_mail", title=gettext_lazy("Letters of a survey"))
def survey_mail(ctx: JobContext, *, survey: int) -> None:
    """Mail letters and reminders that are due, as many as there is time for; the schedule orders the next job.

    What the job tells is the same whoever has answered: it counts the letters that were looked at, not those that went
    out.
    """
    end = time.monotonic() + MAIL_SECONDS
    ids = list(invitations.due_letters(Survey.objects.get(pk=survey)).values_list("pk", flat=True))
    for start in range(0, len(ids), mailing.BATCH):
        mailing.mail_batch(ids=ids[start : start + mailing.BATCH])
        ctx.progress(min(start + mailing.BATCH, len(ids)), len(ids), _("Letters dealt with"))
        if time.monotonic() > end:
            break
    ctx.report({"due": len(ids)})


def mail_job_at_work(survey: Survey) -> JobRun | None:
    """Return the job that mails the survey's letters now, or waits to."""
    return JobRun.objects.filter(
        task="submissions.survey_mail",
        arguments__survey=survey.pk,
        status__in=[JobStatus.QUEUED, JobStatus.RUNNING],
    ).first()


def order_mail_job(*, survey: Survey, user: User | None) -> JobRun:
    """Order the job that mails what is due; while one is on its way, return that one: nothing goes out twice."""
    return mail_job_at_work(survey) or enqueue(
        "submissions.survey_mail",
        arguments={"survey": survey.pk},
        key=f"survey-mail-{survey.pk}-{clock.now():%Y%m%d%H%M%S%f}",
        user=user,
    )


@job("submissions.survey_print", title=gettext_lazy("Letters of a survey to print"))
def survey_print(ctx: JobContext, *, survey: int, invitation: int | None, again: bool) -> None:
    """Typeset the letters of those who have no mail address, or of one person."""
    letters.print_letters(
        job=ctx.run,
        survey=Survey.objects.get(pk=survey),
        invitation=invitation,
        again=again,
        progress=ctx.progress,
    )


def order_print_job(*, survey: Survey, user: User, invitation: int | None, again: bool) -> JobRun:
    """Order the job that prints letters."""
    return enqueue(
        "submissions.survey_print",
        arguments={"survey": survey.pk, "invitation": invitation, "again": again},
        key=f"survey-print-{survey.pk}-{clock.now():%Y%m%d%H%M%S%f}",
        user=user,
    )


@job("submissions.survey_close", title=gettext_lazy("Closing of a survey"))
def survey_close(ctx: JobContext, *, survey: int) -> None:
    """Close the survey for the officer who ordered it, all or nothing."""
    found = Survey.objects.select_related("round").get(pk=survey)
    mixing.close_survey(survey=found, user=_officer(ctx), progress=ctx.progress)


@job("submissions.survey_scan", title=gettext_lazy("Signs of interference in a survey"))
def survey_scan(ctx: JobContext, *, survey: int) -> None:
    """Look for signs of interference for the officer who ordered it."""
    found = Survey.objects.select_related("round").get(pk=survey)
    mixing.look_through(survey=found, user=_officer(ctx), progress=ctx.progress)


def _officer(ctx: JobContext) -> User:
    if ctx.user is None:
        raise PortalError(_("The account that ordered this is gone."), code="not_permitted")
    return ctx.user


_WORK = ("submissions.survey_close", "submissions.survey_scan")


def work_on(survey: Survey) -> JobRun | None:
    """Return the newest job that closes the survey or looks through it, unless it is done."""
    newest = JobRun.objects.filter(task__in=_WORK, arguments__survey=survey.pk).order_by("-pk").first()
    return None if newest is None or newest.status == JobStatus.SUCCEEDED else newest


def order_work(task: str, *, survey: Survey, user: User) -> JobRun:
    """Order the closing or the look for interference (`task` without its room); one at a time for a survey.

    Raises `PermissionRefused` unless the user is an officer of the survey, `WrongState` where it cannot be closed now.
    """
    setup.require_officer(user, survey.round)
    if task == "survey_close":
        setup.require_step(survey, SurveyState.CLOSED)
    at_work = work_on(survey)
    if at_work is not None and not at_work.is_finished:
        return at_work
    return enqueue(
        f"submissions.{task}",
        arguments={"survey": survey.pk},
        key=f"{task}-{survey.pk}-{clock.now():%Y%m%d%H%M%S%f}",
        user=user,
    )


def send_due_letters() -> None:
    """Go on with letters that are due: after an outage of the mail server, after the first thousands, after a change
    of an address."""
    for survey in invitations.surveys_with_due_letters():
        order_mail_job(survey=survey, user=None)


def close_due_surveys() -> None:
    """Close the surveys whose time has run out; stir the answers of the open ones and look at their counters."""
    for survey in mixing.due_surveys():
        mixing.close_survey(survey=survey, user=None)
    for survey in Survey.objects.filter(state=SurveyState.ANSWERING):
        mixing.stir(survey=survey)
        watch.scan(survey=survey)
    letters.drop_old_letters()


register_schedule("submissions.send_due_letters", "submissions.survey_tasks.send_due_letters", minutes=2)
register_schedule("submissions.close_due_surveys", "submissions.survey_tasks.close_due_surveys", minutes=10)
