"""Background jobs of rounds and submissions."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cms.domain.files import register_result_rule
from cms.exceptions import PortalError
from cms.jobs import JobContext, job, register_schedule
from cms.permissions import Person
from submissions import resources, survey_figure_resources  # noqa: F401 -- registers the imports, in the web process and in the worker
from submissions.domain.access import readable_submission, readable_submissions
from submissions.domain.legal_notices import notify_stale_bases
from submissions.domain.notices import mail_notices
from submissions.domain.reminders import remind
from submissions.domain.round_access import may_read_scores, may_see
from submissions.domain.round_progress import export_round_progress
from submissions.domain.round_scores import export_round_scores
from submissions.domain.unit_report import report_name, unit_report, write
from submissions.domain.uploads import drop_stale_uploads
from submissions.models import AssessmentRound


@job("submissions.export_round_scores", title=_("Scores of a round as Excel"))
def export_scores(ctx: JobContext, *, round_id: int) -> None:
    """Write the scores of a round as a workbook for the person who asked."""
    round_ = AssessmentRound.objects.select_related("owner", "edition").get(pk=round_id)
    if ctx.user is None or not may_read_scores(ctx.user, round_):
        raise PortalError(_("You may not read this round."), code="not_permitted")
    with tempfile.TemporaryFile() as target:
        export_round_scores(round_, target, progress=ctx.progress)
        target.seek(0)
        ctx.attach_result(f"diem-{round_.code}.xlsx", target)


@job("submissions.export_round_progress", title=_("Progress of a round as Excel"))
def export_progress(ctx: JobContext, *, round_id: int, only: list[int] | None = None) -> None:
    """Write where the units of a round stand, and whom to ask, for the person who asked."""
    round_ = AssessmentRound.objects.select_related("owner", "edition").get(pk=round_id)
    if ctx.user is None or not may_see(ctx.user, round_):
        raise PortalError(_("You may not read this round."), code="not_permitted")
    with tempfile.TemporaryFile() as target:
        export_round_progress(round_, target, only=None if only is None else frozenset(only), progress=ctx.progress)
        target.seek(0)
        ctx.attach_result(f"tien-do-{round_.code}.xlsx", target)


@job("submissions.unit_report", title=_("Report of a unit"))
def write_unit_report(ctx: JobContext, *, submission_id: int, receipt_id: int | None, kind: str) -> None:
    """Write a long report of a unit for the person who asked."""
    if ctx.user is None:
        raise PortalError(_("You may not read this form."), code="not_permitted")
    submission = readable_submission(ctx.user, submission_id)
    receipt = submission.receipts.select_related("sign_off__signed_by").get(pk=receipt_id) if receipt_id else None
    document = unit_report(submission, receipt)
    ctx.attach_result(report_name(submission, receipt, kind), write(document, kind))


def _may_read_scores(user: Person, arguments: Mapping[str, Any]) -> bool:
    round_ = AssessmentRound.objects.filter(pk=arguments["round_id"]).first()
    return round_ is not None and may_read_scores(user, round_)


def _may_see(user: Person, arguments: Mapping[str, Any]) -> bool:
    round_ = AssessmentRound.objects.filter(pk=arguments["round_id"]).first()
    return round_ is not None and may_see(user, round_)


def _may_read_form(user: Person, arguments: Mapping[str, Any]) -> bool:
    return readable_submissions(user).filter(pk=arguments["submission_id"]).exists()


register_result_rule("submissions.export_round_scores", _may_read_scores)
register_result_rule("submissions.export_round_progress", _may_see)
register_result_rule("submissions.unit_report", _may_read_form)


def remind_units() -> None:
    """Tell units, and the secretariat at the lock, about forms that were not sent. Safe to run twice."""
    remind()


def mail() -> None:
    """Mail what was not mailed yet, to each as often as he or she wants it. Safe to run twice."""
    mail_notices()


def drop_uploads() -> None:
    """Forget uploads that broke off and were not continued for a day."""
    drop_stale_uploads()


register_schedule("submissions.drop_uploads", "submissions.tasks.drop_uploads", minutes=60)
register_schedule("submissions.remind", "submissions.tasks.remind_units", minutes=15)
register_schedule("submissions.mail_notices", "submissions.tasks.mail", minutes=5)


def tell_editors() -> int:
    """Tell editors which of their pages rest on documents that have changed. Safe to run twice."""
    return notify_stale_bases()


register_schedule("submissions.legal_notices", "submissions.tasks.tell_editors", minutes=60)
