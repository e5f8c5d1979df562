"""The agenda of a session: drawn from open discrepancies and special cases, added by hand, put off, taken off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.models import User
from cms.numbers import exact, round_display
from cms.permissions import require_role
from criteria_pages.enums import Scorer
from submissions.council_enums import (
    AgendaSubject,
    DiscrepancyKind,
    DiscrepancyState,
    ItemState,
    MotionState,
    SessionState,
)
from submissions.domain.conflicts import barred_unit_ids, refuse_own_unit
from submissions.domain.council import lock_session, require_state
from submissions.domain.definitions import definition_for, definition_of_round
from submissions.domain.discrepancies import open_discrepancies
from submissions.enums import ParticipantStatus, SubmissionState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AgendaItem, AssessmentRound, CouncilSession, Discrepancy, Participant

NOT_SENT = (SubmissionState.DRAFT, SubmissionState.SIGNED)
ON_SCREEN = (SessionState.PLANNED, SessionState.SITTING)


def draw_agenda(
    *,
    session: CouncilSession,
    user: User,
    kinds: Collection[str] = tuple(DiscrepancyKind),
    least: Decimal = Decimal(0),
    special_cases: bool = True,
) -> list[AgendaItem]:
    """Put every open discrepancy of the kinds (and at least of the size) and every special case on the agenda.

    Several discrepancies of one leaf become one item; what stands on an agenda already is left alone, and so is what
    concerns a unit for which the user works: it waits for a colleague. Returns the new items. Raises
    `PermissionRefused`, and `WrongState` once the session has ended.
    """
    require_role(user, Role.SECRETARIAT, unit=session.round.owner)
    with transaction.atomic():
        locked = lock_session(session)
        require_state(locked, *ON_SCREEN)
        barred = barred_unit_ids(user, locked.round)
        rows = open_discrepancies(locked.round).filter(kind__in=kinds, size__gte=least)
        rows = rows.exclude(participant__unit__in=barred)
        items = _add_discrepancies(locked, rows, user)
        if special_cases:
            items += _add_special_cases(locked, user, barred)
        _audit(locked, items, user)
    return items


def add_discrepancies(*, session: CouncilSession, rows: Iterable[Discrepancy], user: User) -> list[AgendaItem]:
    """Put chosen discrepancies of the session's round on its agenda.

    Raises as `draw_agenda`, and `PermissionRefused` where the user works for the unit of one of them.
    """
    require_role(user, Role.SECRETARIAT, unit=session.round.owner)
    with transaction.atomic():
        locked = lock_session(session)
        require_state(locked, *ON_SCREEN)
        chosen = open_discrepancies(locked.round).filter(pk__in=[row.pk for row in rows])
        barred = barred_unit_ids(user, locked.round)
        for row in chosen.select_related("participant__unit"):
            refuse_own_unit(row.participant.unit, barred)
        items = _add_discrepancies(locked, chosen, user)
        _audit(locked, items, user)
    return items


def add_item(
    *, session: CouncilSession, user: User, participant: Participant, subject: str, topic: str, code: str = ""
) -> AgendaItem:
    """Put one matter on the agenda by hand; return the item.

    Raises `PermissionRefused` (also for the unit for which the user works), `WrongState` once the session has ended,
    `SubmissionError` without a topic, for a unit of another round, a criterion that the unit is not asked or that the
    survey scores, and for what stands on an agenda already.
    """
    require_role(user, Role.SECRETARIAT, unit=session.round.owner)
    if not topic.strip():
        raise SubmissionError(_("Write what is to be decided."), code="topic_missing")
    with transaction.atomic():
        locked = lock_session(session)
        require_state(locked, *ON_SCREEN)
        if participant.round_id != locked.round_id:
            raise SubmissionError(
                _("%(unit)s takes part in another round.") % {"unit": participant.unit.name}, code="other_round"
            )
        refuse_own_unit(participant.unit, barred_unit_ids(user, locked.round))
        wanted = code if subject == AgendaSubject.SCORE else ""
        if subject == AgendaSubject.SCORE:
            check_code(participant, code)
        _refuse_double(participant, wanted, subject)
        item = AgendaItem.objects.create(
            session=locked,
            order=_next_order(locked),
            subject=subject,
            participant=participant,
            code=wanted,
            topic=topic.strip(),
            added_by=user,
            added_at=clock.now(),
        )
        rows = open_discrepancies(locked.round).filter(participant=participant, code=wanted) if wanted else ()
        item.discrepancies.set(rows)
        item.discrepancies.update(state=DiscrepancyState.AGENDA)
        _audit(locked, [item], user)
    return item


def put_off(*, item: AgendaItem, user: User, reason: str, take_off: bool = False) -> None:
    """Postpone an open item to another session, or take it off; its discrepancies are open again.

    Raises `PermissionRefused` (also for the unit for which the user works), `WrongState` where the item is not open or
    is being voted on, `SubmissionError` without a reason.
    """
    require_role(user, Role.SECRETARIAT, unit=item.session.round.owner)
    if not reason.strip():
        raise SubmissionError(_("Give the reason why the item is put off."), code="reason_missing")
    to = ItemState.TAKEN_OFF if take_off else ItemState.POSTPONED
    with transaction.atomic():
        locked = lock_session(item.session)
        require_state(locked, *ON_SCREEN)
        row = open_item(locked, item.pk)
        refuse_own_unit(row.participant.unit, barred_unit_ids(user, locked.round))
        if row.motions.filter(state=MotionState.VOTING).exists():
            raise WrongState(_("The item is being voted on; record the result first."), code="voting")
        release_items(AgendaItem.objects.filter(pk=row.pk), state=to, reason=reason.strip())
        audit.record(
            "submissions.agenda",
            locked,
            user=user,
            before={"item": row.pk, "state": str(ItemState.OPEN)},
            after={"item": row.pk, "state": str(to), "reason": reason.strip()},
        )


def show_item(*, session: CouncilSession, item: AgendaItem | None, user: User) -> None:
    """Choose which item the projected view shows. Raises `PermissionRefused`, `SubmissionError` for a foreign item."""
    require_role(user, Role.SECRETARIAT, unit=session.round.owner)
    if item is not None and item.session_id != session.pk:
        raise SubmissionError(_("The item stands on another agenda."), code="other_session")
    CouncilSession.objects.filter(pk=session.pk).update(current_item=item)


def open_item(session: CouncilSession, pk: int) -> AgendaItem:
    """Return an open item of the session; `WrongState` where it is decided, put off or not of this session."""
    item = session.items.select_related("participant__unit").filter(pk=pk).first()
    if item is None or item.state != ItemState.OPEN:
        raise WrongState(_("This item is not open any more. Reload the page."), code="item_state")
    item.participant.round = session.round
    return item


def release_items(items: QuerySet[AgendaItem], *, state: str, reason: str) -> None:
    """Close items without a decision; the discrepancies behind them wait again."""
    Discrepancy.objects.filter(agenda_items__in=items, state=DiscrepancyState.AGENDA).update(
        state=DiscrepancyState.OPEN
    )
    items.update(state=state, closing_note=reason)


def check_code(participant: Participant, code: str) -> None:
    """Refuse a criterion that the unit is not asked, or whose points come from the survey."""
    definition = definition_for(participant)
    if not definition.has_leaf(code):
        raise SubmissionError(
            _("Criterion %(code)s does not exist or is not asked of %(unit)s.")
            % {"code": code, "unit": participant.unit.name},
            code="unknown_code",
        )
    if definition.leaf(code).scorer == Scorer.SURVEY:
        raise SubmissionError(
            _("Criterion %(code)s is scored by the survey; the council does not decide about its points.")
            % {"code": code},
            code="survey_leaf",
        )


def _refuse_double(participant: Participant, code: str, subject: str) -> None:
    if subject in {AgendaSubject.BONUS, AgendaSubject.PENALTY}:
        return
    there = AgendaItem.objects.filter(participant=participant, code=code, subject=subject, state=ItemState.OPEN)
    standing = there.select_related("session").first()
    if standing is not None:
        raise SubmissionError(
            _("This stands on the agenda of “%(session)s” already.") % {"session": standing.session.title},
            code="duplicate",
        )


def _next_order(session: CouncilSession) -> int:
    return (session.items.aggregate(last=Max("order"))["last"] or 0) + 1


def _taken(round: AssessmentRound, subject: str) -> set[tuple[int, str]]:
    rows = AgendaItem.objects.filter(session__round=round, subject=subject, state=ItemState.OPEN)
    return set(rows.values_list("participant_id", "code"))


def _add_discrepancies(session: CouncilSession, rows: QuerySet[Discrepancy], user: User) -> list[AgendaItem]:
    grouped: dict[tuple[int, str], list[Discrepancy]] = defaultdict(list)
    for row in rows.select_related("participant__unit"):
        grouped[row.participant_id, row.code].append(row)
    definition = definition_of_round(session.round)
    places = {leaf.code: place for place, leaf in enumerate(definition.leaves)}
    scored_by_survey = {leaf.code for leaf in definition.leaves if leaf.scorer == Scorer.SURVEY}
    taken = _taken(session.round, AgendaSubject.SCORE)
    order, moment = _next_order(session), clock.now()
    wanted = [key for key in grouped if key not in taken and key[1] not in scored_by_survey]
    wanted.sort(key=lambda key: (*_unit_order(grouped[key][0].participant), places.get(key[1], len(places))))
    items = AgendaItem.objects.bulk_create(
        [
            AgendaItem(
                session=session,
                order=order + number,
                subject=AgendaSubject.SCORE,
                participant_id=key[0],
                code=key[1],
                topic=" ".join(sentence_of(row) for row in grouped[key]),
                added_by=user,
                added_at=moment,
            )
            for number, key in enumerate(wanted)
        ]
    )
    links = AgendaItem.discrepancies.through
    links.objects.bulk_create(
        [
            links(agendaitem_id=item.pk, discrepancy_id=row.pk)
            for item in items
            for row in grouped[item.participant_id, item.code]
        ]
    )
    Discrepancy.objects.filter(agenda_items__in=items).update(state=DiscrepancyState.AGENDA)
    return items


def _add_special_cases(session: CouncilSession, user: User, barred: Collection[int]) -> list[AgendaItem]:
    """Units that are not ranked or not assessed, and units that did not send."""
    taken = _taken(session.round, AgendaSubject.SPECIAL)
    settled = set(
        AgendaItem.objects.filter(
            session__round=session.round, subject=AgendaSubject.SPECIAL, state=ItemState.DECIDED
        ).values_list("participant_id", flat=True)
    )
    items: list[AgendaItem] = []
    order, moment = _next_order(session), clock.now()
    for participant in special_cases(session.round):
        if (participant.pk, "") in taken or participant.pk in settled or participant.unit_id in barred:
            continue
        items.append(
            AgendaItem(
                session=session,
                order=order + len(items),
                subject=AgendaSubject.SPECIAL,
                participant=participant,
                topic=special_sentence(participant),
                added_by=user,
                added_at=moment,
            )
        )
    return AgendaItem.objects.bulk_create(items)


def special_cases(round: AssessmentRound) -> list[Participant]:
    """Return the participants that are not simply assessed and ranked, or that did not send."""
    rows = round.participants.select_related("unit", "submission").order_by("unit__order", "unit__name")
    return [
        row
        for row in rows
        if row.status != ParticipantStatus.RANKED
        or getattr(row, "submission", None) is None
        or row.submission.state in NOT_SENT
    ]


def special_sentence(participant: Participant) -> str:
    """Return why a unit is a special case."""
    if participant.status != ParticipantStatus.RANKED:
        return _("%(status)s: %(reason)s") % {
            "status": participant.get_status_display(),
            "reason": participant.reason.rstrip(".") + ".",
        }
    return _("The unit has sent no self-assessment.")


def sentence_of(row: Discrepancy) -> str:
    """Return what a discrepancy says, with its figures."""
    facts = {name: _figure(name, value) for name, value in row.facts.items()}
    match row.kind:
        case DiscrepancyKind.SELF_APPRAISED:
            return _("The unit claims %(claim)s, the agency gave %(appraised)s.") % facts
        case DiscrepancyKind.FIRST_SECOND:
            return _("First appraisal %(first)s, second appraisal %(second)s.") % facts
        case DiscrepancyKind.SECOND_READER:
            return _("The agency gave %(first)s, the second reader %(second)s.") % facts
        case DiscrepancyKind.OWN_YEARS:
            return _("In its other years the unit had %(usual)s points here.") % facts
        case DiscrepancyKind.GROUP:
            return _("The middle of %(units)s units of the same tier is %(median)s points.") % facts
        case DiscrepancyKind.UPHELD:
            return _("After the unit's explanation the decision was upheld; the unit claims %(claim)s.") % facts
        case _:
            return _evidence_sentence(row)


def _evidence_sentence(row: Discrepancy) -> str:
    units, years = row.facts.get("units", []), row.facts.get("years", [])
    sentences = []
    if units:
        shown = ", ".join(units[:3]) + (" …" if len(units) > 3 else "")
        sentences.append(_("The same file is evidence of: %(units)s.") % {"units": shown})
    if years:
        sentences.append(_("The same file proved this criterion in %(years)s.") % {"years": ", ".join(years)})
    return " ".join(sentences)


def _figure(name: str, value: object) -> object:
    """Scores are told exactly, for two may differ by little; a middle of many is no score and is rounded."""
    if value is None:
        return _("“does not apply”")
    if isinstance(value, str):
        return exact(round_display(Decimal(value)) if name in {"median", "usual"} else Decimal(value))
    return value


def _unit_order(participant: Participant) -> tuple[int, str, int]:
    return participant.unit.order, participant.unit.name, participant.pk


def _audit(session: CouncilSession, items: Iterable[AgendaItem], user: User) -> None:
    added = [{"unit": item.participant_id, "code": item.code, "subject": str(item.subject)} for item in items]
    if added:
        audit.record("submissions.agenda", session, user=user, after={"added": added})
