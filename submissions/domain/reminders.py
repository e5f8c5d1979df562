"""Reminders before the lock and the word at it: to people of units that have not sent, then to the secretariat."""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cms import clock
from cms.enums import Role
from submissions.domain.access import with_place
from submissions.domain.deadlines import deadlines_of
from submissions.domain.notices import notify
from submissions.domain.people import members_of
from submissions.domain.progress import Progress, progress_of
from submissions.domain.round_overview import Counts, counts
from submissions.enums import ParticipantStatus, Phase, RoundState, SubmissionState
from submissions.models import AssessmentRound, PhaseDeadline, Submission

# After this time past the lock nobody is told any more that it has fallen.
LOCK_TOLD_WITHIN = dt.timedelta(days=2)


def remind() -> int:
    """Tell who has to know; return how many notices were new. May run at any time and twice: the keys tell apart.

    The days before the lock are `settings.PORTAL_REMINDER_DAYS` (7, 3, 1; 0 stands for the word at the lock). An
    extension moves the lock and with it the reminders. A run that comes late tells only the nearest one.
    """
    now = clock.now()
    rows = with_place(
        Submission.objects.filter(
            state__in=(SubmissionState.DRAFT, SubmissionState.SIGNED),
            participant__round__state__in=(RoundState.OPEN, RoundState.APPRAISAL),
        ).exclude(participant__status=ParticipantStatus.NOT_ASSESSED)
    )
    due = deadlines_of(forms := list(rows))
    marks = {form.pk: mark for form in forms if (mark := _mark(due[form.pk], now)) is not None}
    waiting = [form for form in forms if form.pk in marks]
    progress, people = progress_of(waiting), members_of(form.participant.unit_id for form in waiting)
    told = 0
    for form in waiting:
        closes = due[form.pk]
        if closes is None:
            continue
        told += len(
            notify(
                users=people.get(form.participant.unit_id, []),
                key=f"lock:{form.pk}:{int(closes.timestamp())}:{marks[form.pk]}",
                title=partial(_title, form, marks[form.pk], closes),
                text=partial(_state, progress[form.pk]),
                url=reverse("submissions:overview", args=[form.pk]),
            )
        )
    return told + _tell_secretariat(now)


def _tell_secretariat(now: dt.datetime) -> int:
    """After the lock of a round tell its secretariat who has sent; return how many notices were new."""
    if 0 not in settings.PORTAL_REMINDER_DAYS:
        return 0
    fallen = PhaseDeadline.objects.filter(
        phase=Phase.SELF_ASSESSMENT,
        closes_at__lte=now,
        closes_at__gt=now - LOCK_TOLD_WITHIN,
        round__state__in=(RoundState.OPEN, RoundState.APPRAISAL),
    ).select_related("round")
    told = 0
    for deadline in fallen:
        round_ = deadline.round
        number = counts(round_)
        people = members_of([round_.owner_id], roles=(Role.SECRETARIAT,)).get(round_.owner_id, [])
        told += len(
            notify(
                users=people,
                key=f"locked:{round_.pk}:{int(deadline.closes_at.timestamp())}",
                title=partial(_locked, round_),
                text=partial(_sent, number),
                url=reverse("submissions:round_progress", args=[round_.code]) + "?tinh-trang=chua-gui",
            )
        )
    return told


def _locked(round_: AssessmentRound) -> str:
    return _("The self-assessment is locked: %(round)s") % {"round": round_.name}


def _sent(number: Counts) -> str:
    return _("%(sent)s of %(total)s units have sent.") % {"sent": number.sent, "total": number.total}


def _mark(due: dt.datetime | None, now: dt.datetime) -> int | None:
    """Return the reminder that is due now: days before the lock, 0 at the lock, None where none is."""
    if due is None or now - due > LOCK_TOLD_WITHIN:
        return None
    days_told: list[int] = settings.PORTAL_REMINDER_DAYS
    if now >= due:
        return 0 if 0 in days_told else None
    reached = [days for days in days_told if days and due - now <= dt.timedelta(days=days)]
    return min(reached, default=None)


def _title(form: Submission, mark: int, closes: dt.datetime) -> str:
    participant = form.participant
    names = {
        "unit": participant.unit_name or participant.unit.name,
        "round": participant.round.name,
        "time": timezone.localtime(closes).strftime("%d/%m/%Y %H:%M"),
        "days": mark,
    }
    if mark == 0:
        return _("The form of %(unit)s is locked and was not sent: %(round)s, %(time)s.") % names
    return (
        ngettext(
            "%(days)s day until the lock of the form of %(unit)s: %(round)s, %(time)s.",
            "%(days)s days until the lock of the form of %(unit)s: %(round)s, %(time)s.",
            mark,
        )
        % names
    )


def _state(progress: Progress) -> str:
    if progress.is_complete:
        return _("The form is complete; it has to be signed off and sent.")
    return _("%(done)s of %(total)s criteria are done.") % {"done": progress.done, "total": progress.total}
