"""Rounds: creating, participants, deadlines, opening and moving from state to state."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.dates import check_year
from cms.enums import Role
from cms.models import Unit, User
from cms.permissions import require_role
from cms.text import normal
from criteria_pages.models import CriteriaEdition
from submissions.council_enums import SessionState
from submissions.domain.definitions import definition_for, facts_json, facts_of
from submissions.domain.relatives import check_deadline, check_edition, check_superior, refuse_in_sibling
from submissions.domain.second_reading_state import reading_blockers
from submissions.enums import ROUND_TRANSITIONS, ParticipantStatus, Phase, RequestState, RoundState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AssessmentRound, ExplanationRequest, Participant, PhaseDeadline, Submission

PHASE_ORDER: tuple[str, ...] = (
    Phase.SELF_ASSESSMENT,
    Phase.APPRAISAL_1,
    Phase.EXPLANATION,
    Phase.APPRAISAL_2,
    Phase.COUNCIL,
)


def create_round(
    *,
    user: User,
    code: str,
    name: str,
    year: int,
    edition: CriteriaEdition,
    owner: Unit,
    period_from: dt.date,
    period_to: dt.date,
    name_en: str = "",
    parent: AssessmentRound | None = None,
    local_criteria: bool = True,
    illustrative: bool = False,
) -> AssessmentRound:
    """Create a round in preparation that pins an edition. Only the secretariat of the owner may.

    `parent` is the superior round, whose edition and deadlines bind this one. Raises `PermissionRefused`;
    `SubmissionError` where the code is taken, the period runs backwards, or the round cannot stand under `parent`.
    """
    require_role(user, Role.SECRETARIAT, unit=owner)
    if period_to < period_from:
        raise SubmissionError(_("The end of the assessed period lies before its start."), code="period_order")
    if parent is not None:
        check_superior(parent=parent, owner=owner, edition=edition, year=year)
    with transaction.atomic():
        if AssessmentRound.objects.filter(code=code).exists():
            raise SubmissionError(_("There is a round with the code “%(code)s” already.") % {"code": code})
        round = AssessmentRound.objects.create(
            code=code,
            name=normal(name),
            name_en=name_en,
            year=year,
            edition=edition,
            owner=owner,
            parent=parent,
            local_criteria=local_criteria,
            period_from=period_from,
            period_to=period_to,
            illustrative=illustrative,
        )
        audit.record(
            "submissions.round_created", round, user=user, after={"code": code, "edition": edition.sha256, "year": year}
        )
    return round


def add_participants(*, round: AssessmentRound, units: Iterable[Unit], user: User) -> list[Participant]:
    """Let units take part; return the new participants. Units that take part already are left as they are.

    In an open round the facts are pinned and the form is created at once. Raises `PermissionRefused`, `WrongState`
    once the self-assessment is over, `SubmissionError` for a unit that a round beside this one scores already.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    with transaction.atomic():
        locked = _lock(round)
        if locked.state not in {RoundState.DRAFT, RoundState.OPEN}:
            raise WrongState(_("Units can only be added until the self-assessment of the round has ended."))
        units = list(units)
        refuse_in_sibling(locked, units)
        present = set(Participant.objects.filter(round=locked).values_list("unit_id", flat=True))
        added = []
        for unit in units:
            if unit.pk in present:
                continue
            present.add(unit.pk)
            participant = Participant.objects.create(round=locked, unit=unit)
            if locked.state == RoundState.OPEN:
                _pin(participant)
            added.append(participant)
        if added:
            audit.record("submissions.participants_added", locked, user=user, after=[p.unit.code for p in added])
    return added


def set_participant_status(*, participant: Participant, status: str, reason: str, user: User) -> None:
    """Say whether a participant is assessed and ranked.

    Raises `PermissionRefused`, `SubmissionError` where the reason is missing, `WrongState` in a finalised round.
    """
    require_role(user, Role.SECRETARIAT, unit=participant.round.owner)
    if status != ParticipantStatus.RANKED and not reason.strip():
        raise SubmissionError(_("Give the reason why the unit is not ranked or not assessed."), code="reason_missing")
    with transaction.atomic():
        if _lock(participant.round).state == RoundState.FINALISED:
            raise WrongState(_("The round is finalised; who is assessed and ranked no longer changes."))
        before = {"status": participant.status, "reason": participant.reason}
        participant.status, participant.reason = status, reason.strip()
        participant.save(update_fields=["status", "reason"])
        audit.record(
            "submissions.participant_status",
            participant,
            user=user,
            before=before,
            after={"status": status, "reason": participant.reason},
        )


def set_deadline(
    *, round: AssessmentRound, phase: str, opens_at: dt.datetime, closes_at: dt.datetime, user: User, reason: str = ""
) -> PhaseDeadline:
    """Set when a phase opens and locks.

    Once units have been told a time, an earlier one needs a `reason`. Raises `PermissionRefused`; `WrongState` in a
    finalised round; `SubmissionError` without that reason, where the phase would lock before it opens, or where a
    superior round would lock before a round below it in the same phase.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    for moment in (opens_at, closes_at):
        check_year(moment)
    if closes_at <= opens_at:
        raise SubmissionError(
            _("“%(phase)s” would lock (%(closes)s) before it opens (%(opens)s).")
            % {"phase": Phase(phase).label, "closes": _when(closes_at), "opens": _when(opens_at)},
            code="deadline_order",
        )
    with transaction.atomic():
        locked = _lock(round)
        if locked.state == RoundState.FINALISED:
            raise WrongState(_("The round is finalised; its deadlines stay as they were."))
        _wait_for_writes(locked)
        check_deadline(locked, phase=phase, closes_at=closes_at)
        old = PhaseDeadline.objects.filter(round=locked, phase=phase).first()
        _check_shortening(locked, old, closes_at=closes_at, reason=reason)
        deadline, _created = PhaseDeadline.objects.update_or_create(
            round=locked, phase=phase, defaults={"opens_at": opens_at, "closes_at": closes_at}
        )
        audit.record(
            "submissions.deadline",
            locked,
            user=user,
            before={"opens_at": old.opens_at, "closes_at": old.closes_at} if old else None,
            after={"phase": str(phase), "opens_at": opens_at, "closes_at": closes_at},
            reason=reason.strip(),
        )
    return deadline


def end_phase(*, round: AssessmentRound, phase: str, reason: str, user: User) -> None:
    """End a phase before its time: it locks now; one that has not begun yet does not take place.

    Raises `PermissionRefused`; `WrongState` in a round that is not under way; `SubmissionError` without a reason, for
    a phase that is not open any more, or where the round below it still has time.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    now = clock.now()
    with transaction.atomic():
        locked = _lock(round)
        if locked.state in {RoundState.DRAFT, RoundState.FINALISED}:
            raise WrongState(_("Only phases of a round under way can be ended."))
        _wait_for_writes(locked)
        deadline = PhaseDeadline.objects.filter(round=locked, phase=phase, closes_at__gt=now).first()
        if deadline is None:
            raise SubmissionError(_("“%(phase)s” is not open any more.") % {"phase": Phase(phase).label})
        _check_shortening(locked, deadline, closes_at=now, reason=reason)
        check_deadline(locked, phase=phase, closes_at=now)
        before = {"opens_at": deadline.opens_at, "closes_at": deadline.closes_at}
        if deadline.opens_at < now:
            deadline.closes_at = now
            deadline.save(update_fields=["closes_at"])
        else:
            deadline.delete()
        audit.record(
            "submissions.deadline",
            locked,
            user=user,
            before=before,
            after={"phase": str(phase), "ended_at": now},
            reason=reason.strip(),
        )


def open_phases(round: AssessmentRound) -> list[PhaseDeadline]:
    """Return the phases whose time is not over yet, begun or not, in the order of the year."""
    rows = PhaseDeadline.objects.filter(round=round, closes_at__gt=clock.now())
    return sorted(rows, key=lambda row: PHASE_ORDER.index(row.phase))


def _check_shortening(
    round: AssessmentRound, old: PhaseDeadline | None, *, closes_at: dt.datetime, reason: str
) -> None:
    """A time that was announced is moved forward only with a reason; before the opening nobody was told yet."""
    if old is None or round.state == RoundState.DRAFT or closes_at >= old.closes_at or reason.strip():
        return
    raise SubmissionError(
        _("“%(phase)s” was announced to lock at %(time)s. Say why it ends earlier; the history keeps the reason.")
        % {"phase": Phase(old.phase).label, "time": _when(old.closes_at)},
        code="reason_missing",
    )


def date_warnings(round: AssessmentRound) -> list[str]:
    """Return sentences on dates of the round that cannot all be right; they warn, they do not forbid."""
    deadlines = {d.phase: d for d in PhaseDeadline.objects.filter(round=round)}
    warnings = []
    present = [deadlines[phase] for phase in PHASE_ORDER if phase in deadlines]
    for earlier, later in itertools.pairwise(present):
        if later.closes_at <= earlier.closes_at:
            warnings.append(
                _("“%(later)s” locks at %(later_time)s, not after “%(earlier)s” (%(earlier_time)s).")
                % {
                    "later": Phase(later.phase).label,
                    "later_time": _when(later.closes_at),
                    "earlier": Phase(earlier.phase).label,
                    "earlier_time": _when(earlier.closes_at),
                }
            )
    first = deadlines.get(Phase.SELF_ASSESSMENT)
    if first is not None and timezone.localtime(first.closes_at).date() <= round.period_to:
        warnings.append(
            _("The self-assessment locks at %(time)s, before the assessed period ends on %(day)s.")
            % {"time": _when(first.closes_at), "day": round.period_to.strftime("%d/%m/%Y")}
        )
    if not round.year - 1 <= round.period_from.year <= round.year + 1:
        warnings.append(
            _("The assessed period starts on %(day)s, but the round is of the year %(year)s.")
            % {"day": round.period_from.strftime("%d/%m/%Y"), "year": round.year}
        )
    return warnings


def open_round(*, round: AssessmentRound, user: User) -> list[str]:
    """Open the self-assessment: pin the facts and names of all participants, create their forms; return warnings.

    Raises `PermissionRefused`; `SubmissionError` where the round has no participants, no deadline for the
    self-assessment, a unit to which nothing applies, or where deadlines or edition break with the superior round.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    with transaction.atomic():
        locked = _lock(round)
        _check_step(locked, RoundState.OPEN)
        participants = list(
            Participant.objects.filter(round=locked)
            .select_related("unit__tier", "round__edition")
            .prefetch_related("unit__groups", "unit__attributes")
        )
        if not participants:
            raise SubmissionError(_("The round has no participants yet."), code="no_participants")
        deadlines = list(PhaseDeadline.objects.filter(round=locked))
        if Phase.SELF_ASSESSMENT not in {d.phase for d in deadlines}:
            raise SubmissionError(_("Set the deadline of the self-assessment first."), code="no_deadline")
        for deadline in deadlines:
            check_deadline(locked, phase=deadline.phase, closes_at=deadline.closes_at)
        if locked.parent is not None:
            check_edition(parent=locked.parent, edition=locked.edition)
        for participant in participants:
            _pin(participant)
        _change_state(locked, RoundState.OPEN, user=user)
    round.refresh_from_db()
    return date_warnings(round)


def advance_round(*, round: AssessmentRound, to: str, user: User) -> None:
    """Move the round to the state `to` by the transition table; opening it from preparation opens it whole.

    Writes under way in its forms end first, later ones see the new state. Raises `PermissionRefused`, `WrongState`.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    if round.state == RoundState.DRAFT and to == RoundState.OPEN:
        open_round(round=round, user=user)
        return
    with transaction.atomic():
        locked = _lock(round)
        _check_step(locked, to)
        _wait_for_writes(locked)
        _refuse_standing_requests(locked, to)
        _refuse_second_readings(locked, to)
        _refuse_sitting_council(locked)
        _change_state(locked, to, user=user)
    round.refresh_from_db()


def _lock(round: AssessmentRound) -> AssessmentRound:
    # Nothing joined here changes with the round's state, so that one statement locks and reads.
    return AssessmentRound.objects.select_for_update(of=("self",)).select_related("owner", "edition").get(pk=round.pk)


def _wait_for_writes(round: AssessmentRound) -> None:
    """Take the row locks of all forms, so that no write that passed the gate before is still under way."""
    list(
        Submission.objects.select_for_update(of=("self",))
        .filter(participant__round=round)
        .order_by("pk")
        .values_list("pk")
    )


def _check_step(round: AssessmentRound, to: str) -> None:
    if to not in ROUND_TRANSITIONS[round.state]:
        raise WrongState(
            _("The round “%(round)s” is in the state “%(state)s”; it cannot go to “%(to)s” from there.")
            % {"round": round.name, "state": RoundState(round.state).label, "to": RoundState(to).label}
        )


def _refuse_standing_requests(round: AssessmentRound, to: str) -> None:
    """The appraisal ends only when every request for explanation has ended."""
    if to not in {RoundState.COUNCIL, RoundState.FINALISED}:
        return
    standing = ExplanationRequest.objects.filter(
        participant__round=round, state__in=(RequestState.OPEN, RequestState.ANSWERED)
    ).select_related("participant__unit")
    first = standing.first()
    if first is not None:
        raise WrongState(
            _("%(count)s requests for explanation are still open, for instance %(code)s of %(unit)s.")
            % {"count": standing.count(), "code": first.code, "unit": first.participant.unit.name},
            code="explanation_open",
        )


def _refuse_second_readings(round: AssessmentRound, to: str) -> None:
    """The appraisal ends only when the sample is read and what differs is settled or comes before the council."""
    if to in {RoundState.COUNCIL, RoundState.FINALISED}:
        for sentence in reading_blockers(round, to=to):
            raise WrongState(sentence, code="second_readings")


def _refuse_sitting_council(round: AssessmentRound) -> None:
    """While the council sits the round stays with it; what it has not decided is decided or put off first."""
    sitting = round.council_sessions.filter(state=SessionState.SITTING).first()
    if sitting is not None:
        raise WrongState(
            _("The council is sitting (“%(session)s”); close the session first.") % {"session": sitting.title},
            code="council_sits",
        )


def _change_state(round: AssessmentRound, to: str, *, user: User) -> None:
    before = round.state
    changed = AssessmentRound.objects.filter(pk=round.pk, state=before, version=round.version).update(
        state=to, version=round.version + 1
    )
    if not changed:
        raise WrongState(_("Somebody changed the round meanwhile. Reload the page."), code="stale_state")
    audit.record("submissions.round_state", round, user=user, before={"state": before}, after={"state": str(to)})


def _pin(participant: Participant) -> None:
    participant.facts = facts_json(facts_of(participant.unit))
    participant.unit_name = participant.unit.name
    participant.save(update_fields=["facts", "unit_name"])
    if participant.status != ParticipantStatus.NOT_ASSESSED and not definition_for(participant).leaves:
        raise SubmissionError(
            _("Nothing of the criteria set applies to %(unit)s. Take it out or change the set.")
            % {"unit": participant.unit_name},
            code="nothing_applies",
        )
    Submission.objects.get_or_create(participant=participant)


def _when(moment: dt.datetime) -> str:
    return timezone.localtime(moment).strftime("%d/%m/%Y %H:%M")
