"""Everybody who appraises or decides in a round, with the units that each may not touch, computed and declared."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cms import clock
from cms.enums import Role
from cms.models import Membership, Unit, User
from cms.permissions import units_where
from submissions.council_enums import Exclusion
from submissions.domain.appraisers import agencies_in
from submissions.domain.assignment import agencies_of
from submissions.domain.conflicts import NO_PART, Conflicts
from submissions.enums import RoundState
from submissions.models import AssessmentRound, ConflictOfInterest, CouncilSeat


@dataclass(frozen=True, slots=True)
class Computed:
    """A conflict that follows from where somebody belongs; it is neither declared nor lifted."""

    unit: Unit
    why: str


@dataclass(frozen=True, slots=True)
class Involved:
    """One person with a part in judging the round: as what, and whom he or she may not judge."""

    person: User
    parts: tuple[str, ...]
    computed: tuple[Computed, ...]
    declared: tuple[ConflictOfInterest, ...]


def rounds_of_person(user: User) -> QuerySet[AssessmentRound]:
    """Return the rounds, not finalised, in which the user appraises or sits in the council, the newest first."""
    agencies = agencies_of(user)
    council = units_where(user, Role.COUNCIL_MEMBER)
    judges = Q(assignments__agency__in=agencies) | Q(substitutes__substitute__in=agencies)
    sits = Q(owner__in=council) | Q(council_sessions__seats__user=user)
    rows = AssessmentRound.objects.exclude(state=RoundState.FINALISED).filter(judges | sits)
    return rows.select_related("owner").defer("edition__definition_json").distinct()


def computed_for(user: User, round: AssessmentRound) -> list[Computed]:
    """Return the participants of the round that the user may not judge by where he or she belongs."""
    known = Conflicts(user, round)
    units = Unit.objects.filter(pk__in=known.own | known.superiors, participations__round=round).order_by(
        "order", "name"
    )
    return [Computed(unit, str(Exclusion(known.exclusion(unit) or Exclusion.OWN).label)) for unit in units.distinct()]


def declared_in(round: AssessmentRound) -> QuerySet[ConflictOfInterest]:
    """Return what was declared in the round, lifted ones too, the newest first."""
    rows = ConflictOfInterest.objects.filter(round=round)
    return rows.select_related("user", "unit", "declared_by", "round__owner").order_by("-declared_at", "-pk")


def involved_in(round: AssessmentRound) -> list[Involved]:
    """Return all appraisers and council members of the round by name, in a fixed number of queries."""
    agencies = {unit.pk: unit for unit in agencies_in(round)}
    held = list(
        Membership.objects.in_force(clock.today())
        .filter(Q(role=Role.APPRAISER, unit__in=agencies) | Q(role=Role.COUNCIL_MEMBER, unit=round.owner_id))
        .filter(user__is_active=True)
        .select_related("user", "unit")
        .order_by("pk")
    )
    people = {row.user_id: row.user for row in held}
    parts: dict[int, list[str]] = defaultdict(list)
    for row in held:
        agency = row.role == Role.APPRAISER
        parts[row.user_id].append(_("appraises for %(agency)s") % {"agency": row.unit.name} if agency else _("council"))
    for seat in CouncilSeat.objects.filter(session__round=round).select_related("user"):
        if seat.user_id not in people:
            people[seat.user_id] = seat.user
            parts[seat.user_id].append(_("council"))
    declared: dict[int, list[ConflictOfInterest]] = defaultdict(list)
    for conflict in declared_in(round).filter(lifted_at__isnull=True):
        declared[conflict.user_id].append(conflict)
        people.setdefault(conflict.user_id, conflict.user)
    computed = _computed(round, people)
    rows = [Involved(who, tuple(parts[pk]), tuple(computed[pk]), tuple(declared[pk])) for pk, who in people.items()]
    return sorted(rows, key=lambda row: str(row.person))


def _computed(round: AssessmentRound, people: dict[int, User]) -> dict[int, list[Computed]]:
    """What `Conflicts` finds for one person, for all in two queries."""
    taking_part = {row.unit_id: row.unit for row in round.participants.select_related("unit")}
    found: dict[int, dict[int, Computed]] = defaultdict(dict)
    working = Membership.objects.in_force(clock.today()).filter(user__in=people).exclude(role__in=NO_PART)
    superiors: list[tuple[int, int]] = []
    for row in working.select_related("unit").order_by("pk"):
        if round.exclude_superiors and row.unit.parent_id is not None:
            superiors.append((row.user_id, row.unit.parent_id))
        if row.unit_id in taking_part and not (row.role == Role.COUNCIL_MEMBER and row.unit_id == round.owner_id):
            found[row.user_id][row.unit_id] = Computed(taking_part[row.unit_id], str(Exclusion.OWN.label))
    for person, unit in superiors:
        if unit in taking_part:
            found[person].setdefault(unit, Computed(taking_part[unit], str(Exclusion.SUPERIOR.label)))
    return defaultdict(list, {pk: list(rows.values()) for pk, rows in found.items()})
