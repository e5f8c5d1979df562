"""What the secretariat does for several units of a round at once: remind them, give them more time, reopen them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import User
from cms.permissions import require_role
from submissions.domain.deadlines import deadlines_of
from submissions.domain.extensions import grant_extension
from submissions.domain.inputs import clean_text
from submissions.domain.notices import notify
from submissions.domain.people import members_of
from submissions.domain.progress import Progress, progress_of
from submissions.enums import ExtensionScope, ParticipantStatus, Phase, RoundState, SubmissionState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AssessmentRound, Notice, Participant, Submission

MAX_WORDS = 1000
# A second press of the button, or a colleague who had the same thought, does not write to everybody again.
NOT_AGAIN_WITHIN = dt.timedelta(minutes=30)
STARTED = {RoundState.OPEN, RoundState.APPRAISAL}


@dataclass(slots=True)
class Outcome:
    """What became of an act on several units: those it was done for, and the others with the reason."""

    done: list[Participant] = field(default_factory=list)
    refused: list[tuple[Participant, str]] = field(default_factory=list)


def remind_units(
    *, round: AssessmentRound, participants: Iterable[Participant], user: User, words: str = ""
) -> Outcome:
    """Tell contributors and leaders of the units where their form stands, with the secretariat's own words if any.

    Units that have sent, are not assessed, have nobody with an account or were reminded within the last half hour are
    passed over with the reason. Raises `PermissionRefused` unless the user is of the round's secretariat, `WrongState`
    where the round takes no forms, `SubmissionError` for too many words.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    if round.state not in STARTED:
        raise WrongState(
            _("The round is in the state “%(state)s”; there is nothing to remind of.")
            % {"state": RoundState(round.state).label},
            code="round_state",
        )
    text = clean_text(words).strip()
    if len(text) > MAX_WORDS:
        raise SubmissionError(
            _("The message has %(length)s characters; at most %(limit)s fit.")
            % {"length": len(text), "limit": MAX_WORDS},
            code="too_long",
        )
    rows = [row for row in participants if row.round_id == round.pk]
    outcome = Outcome()
    forms = {
        form.participant_id: form
        for form in Submission.objects.filter(participant__in=rows).select_related(
            "participant__unit", "participant__round__edition"
        )
    }
    people = members_of(row.unit_id for row in rows)
    lately = _reminded_lately(forms.values())
    to_tell: list[tuple[Participant, Submission]] = []
    for row in rows:
        form = forms.get(row.pk)
        reason = _no_reminder(row, form, people.get(row.unit_id, []), lately)
        if reason or form is None:
            outcome.refused.append((row, reason))
        else:
            to_tell.append((row, form))
    with transaction.atomic():
        _tell(to_tell, people, text)
        outcome.done = [row for row, _form in to_tell]
        if outcome.done:
            units = [row.unit.code for row in outcome.done]
            audit.record("submissions.reminded", round, user=user, after={"units": units, "text": text})
    return outcome


def _reminded_lately(forms: Iterable[Submission]) -> set[int]:
    """Return the forms whose people were reminded by hand within the last half hour, in one query."""
    wanted = {form.pk for form in forms}
    keys = Notice.objects.filter(key__startswith="reminded:", created_at__gt=clock.now() - NOT_AGAIN_WITHIN)
    found = {int(key.split(":")[1]) for key in keys.values_list("key", flat=True).distinct().order_by()}
    return found & wanted


def _no_reminder(row: Participant, form: Submission | None, people: list[User], lately: set[int]) -> str:
    """Return why a unit is not reminded, or nothing."""
    if form is None or row.status == ParticipantStatus.NOT_ASSESSED:
        return _("not assessed in this round")
    if form.state not in {SubmissionState.DRAFT, SubmissionState.SIGNED}:
        return _("has sent already")
    if not people:
        return _("nobody has an account")
    if form.pk in lately:
        return _("was reminded within the last half hour")
    return ""


def _tell(rows: list[tuple[Participant, Submission]], people: dict[int, list[User]], text: str) -> None:
    forms = [form for _row, form in rows]
    progress, due = progress_of(forms), deadlines_of(forms)
    moment = int(clock.now().timestamp())
    for row, form in rows:
        notify(
            users=people[row.unit_id],
            key=f"reminded:{form.pk}:{moment}",
            title=partial(_asks, row),
            text=partial(_stands, text, progress[form.pk], due[form.pk]),
            url=reverse("submissions:overview", args=[form.pk]),
        )


def _asks(row: Participant) -> str:
    names = {"unit": row.unit_name or row.unit.name, "round": row.round.name}
    return _("The secretariat asks %(unit)s to finish its form: %(round)s") % names


def _stands(text: str, own: Progress, closes: dt.datetime | None) -> str:
    """The secretariat's words, how far the form is, when it locks."""
    lines = [text] if text else []
    lines.append(_("%(done)s of %(total)s criteria are done.") % {"done": own.done, "total": own.total})
    if closes is not None:
        time = timezone.localtime(closes).strftime("%d/%m/%Y %H:%M")
        lines.append(_("The form locks at %(time)s.") % {"time": time})
    return "\n".join(lines)


def extend_units(
    *,
    participants: Iterable[Participant],
    user: User,
    until: dt.datetime,
    reason: str,
    scope: str = ExtensionScope.ALL,
    code: str = "",
    reopen: bool = False,
) -> Outcome:
    """Give each unit more time for its form (or give a sent form back), each by itself; the others keep the reason.

    What is refused for one unit changes nothing of it and does not stop the others. Raises `PermissionRefused`.
    """
    outcome = Outcome()
    for row in participants:
        try:
            with transaction.atomic():
                grant_extension(
                    participant=row,
                    phase=Phase.SELF_ASSESSMENT,
                    scope=scope,
                    code=code,
                    until=until,
                    reason=reason,
                    reopen=reopen,
                    user=user,
                )
        except PermissionRefused:
            raise
        except PortalError as refusal:
            outcome.refused.append((row, str(refusal.message)))
        else:
            outcome.done.append(row)
    return outcome
