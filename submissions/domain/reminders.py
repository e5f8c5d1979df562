"""Reminders before the lock and the word at the lock, to contributors and leaders of units that have not sent."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cms import clock
from cms.enums import Role
from cms.models import Membership, User
from submissions.domain.access import with_place
from submissions.domain.deadlines import deadlines_of
from submissions.domain.notices import notify
from submissions.domain.progress import Progress, progress_of
from submissions.enums import ParticipantStatus, RoundState, SubmissionState
from submissions.models import Submission

TOLD = (Role.CONTRIBUTOR, Role.LEADER)
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
    progress, people = progress_of(waiting), _people(waiting)
    told = 0
    for form in waiting:
        closes = due[form.pk]
        if closes is None:
            continue
        title = _title(form, marks[form.pk], closes)
        told += len(
            notify(
                users=people[form.participant.unit_id],
                key=f"lock:{form.pk}:{int(closes.timestamp())}:{marks[form.pk]}",
                title=title,
                text=_state(progress[form.pk]),
                url=reverse("submissions:overview", args=[form.pk]),
            )
        )
    return told


def _mark(due: dt.datetime | None, now: dt.datetime) -> int | None:
    """Return the reminder that is due now: days before the lock, 0 at the lock, None where none is."""
    if due is None or now - due > LOCK_TOLD_WITHIN:
        return None
    days_told: list[int] = settings.PORTAL_REMINDER_DAYS
    if now >= due:
        return 0 if 0 in days_told else None
    reached = [days for days in days_told if days and due - now <= dt.timedelta(days=days)]
    return min(reached, default=None)


def _people(forms: list[Submission]) -> dict[int, list[User]]:
    units = {form.participant.unit_id for form in forms}
    found: dict[int, list[User]] = defaultdict(list)
    members = Membership.objects.in_force(clock.today()).filter(unit__in=units, role__in=TOLD).select_related("user")
    for membership in members:
        found[membership.unit_id].append(membership.user)
    return found


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
