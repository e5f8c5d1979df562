"""Background jobs of the survey; imported by `tasks.py`."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.jobs import JobContext, job, register_schedule
from submissions.domain.survey import invitations, mixing, watch
from submissions.models import Survey
from submissions.survey_enums import SurveyState


@job("submissions.survey_mail", title=gettext_lazy("Letters of a survey"))
def survey_mail(ctx: JobContext, *, survey: int, reminder: bool) -> None:
    """Mail the letters that are due, in batches; run again, it goes on with what is left."""
    row = Survey.objects.get(pk=survey)
    ids = list(invitations.open_invitations(row) if reminder else invitations.waiting(row))
    sent = 0
    for start in range(0, len(ids), invitations.BATCH):
        sent += invitations.mail_batch(ids=ids[start : start + invitations.BATCH], reminder=reminder)
        ctx.progress(min(start + invitations.BATCH, len(ids)), len(ids), _("Letters sent"))
    ctx.report({"due": len(ids), "sent": sent})


def close_due_surveys() -> None:
    """Close the surveys whose time has run out; stir the answers of the open ones and look at their counters."""
    for survey in mixing.due_surveys():
        mixing.close_survey(survey=survey, user=None)
    for survey in Survey.objects.filter(state=SurveyState.ANSWERING):
        mixing.stir(survey=survey)
        watch.scan(survey=survey)


register_schedule("submissions.close_due_surveys", "submissions.survey_tasks.close_due_surveys", minutes=10)
