"""Which agency appraises what: domains to agencies, single leaves where they go to another, and who is excluded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.compiled import Compiled
from cms.enums import Role
from cms.models import Unit, User
from cms.permissions import require_role, roles_of
from criteria_pages.definition import Definition, Leaf
from criteria_pages.enums import Scorer
from submissions.domain.definitions import definition_of_round
from submissions.enums import RoundState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AppraisalAssignment, AppraisalSubstitute, AppraiserAssignment, AssessmentRound


@dataclass(frozen=True, slots=True)
class DefaultAssignments:
    """What assigning from the criteria set brought: what was assigned, and agency codes that name no valid unit."""

    assigned: tuple[AppraisalAssignment, ...]
    unknown: tuple[tuple[str, str], ...]
    without_agency: tuple[str, ...]


_assignments = Compiled(
    lambda round_id: AppraisalAssignment.objects.filter(round_id=round_id).select_related("agency"), int
)
_substitutes = Compiled(
    lambda round_id: AppraisalSubstitute.objects.filter(round_id=round_id).select_related("substitute"), int
)
_people = Compiled(
    lambda round_id: AppraiserAssignment.objects.filter(round_id=round_id, ended_at__isnull=True).select_related(
        "appraiser"
    ),
    int,
)


class AssignmentMap:
    """The assignments of one round, read once: a leaf's own assignment goes before its domain's."""

    def __init__(self, round: AssessmentRound, definition: Definition | None = None) -> None:
        self.round = round
        self.definition = definition or definition_of_round(round)
        self._agencies = {row.code: row.agency for row in _assignments.all(round.pk)}
        self._substitutes = {row.agency_id: row.substitute for row in _substitutes.all(round.pk)}
        self._people = {(row.agency_id, row.code): row.appraiser for row in _people.all(round.pk)}

    def agency_for(self, code: str, *, unit_id: int | None = None) -> Unit | None:
        """Return the agency that appraises the leaf (of the unit), or None where nobody does.

        An agency's own submission goes to its substitute, and to nobody where none is named.
        """
        agency = self._agency(code)
        if agency is not None and unit_id == agency.pk:
            return self._substitutes.get(agency.pk)
        return agency

    def _agency(self, code: str) -> Unit | None:
        return next((self._agencies[part] for part in self.parts(code) if part in self._agencies), None)

    def parts(self, code: str) -> tuple[str, ...]:
        """Return the codes by which a leaf can be assigned, the nearest first; none where the set has no such leaf."""
        if not self.definition.has_leaf(code):
            return ()
        domain, criterion, _leaf = self.definition.path(code)
        return (code, criterion.code, domain.code)

    def person_for(self, code: str, agency_id: int) -> User | None:
        """Return the one appraiser of the agency whose leaf it is; None where the whole agency may decide."""
        return next((who for part in self.parts(code) if (who := self._people.get((agency_id, part)))), None)

    def _is_for(self, code: str, agency_id: int, person: int | None) -> bool:
        holder = self.person_for(code, agency_id) if person is not None else None
        return holder is None or holder.pk == person

    def leaves_of(self, agency_ids: Iterable[int], *, person: int | None = None) -> list[Leaf]:
        """Return the leaves, in order, that any of the agencies appraises; with a person, not those of colleagues."""
        wanted = set(agency_ids)
        return [
            leaf
            for leaf in self.definition.leaves
            if leaf.scorer == Scorer.SELF
            and (agency := self.agency_for(leaf.code)) is not None
            and agency.pk in wanted
            and self._is_for(leaf.code, agency.pk, person)
        ]

    def substituted_by(self, agency_ids: Iterable[int], *, person: int | None = None) -> dict[int, list[Leaf]]:
        """Return unit id -> leaves for the submissions of other agencies that any of these agencies takes over."""
        wanted = set(agency_ids)
        return {
            agency_id: [leaf for leaf in self.leaves_of([agency_id]) if self._is_for(leaf.code, substitute.pk, person)]
            for agency_id, substitute in self._substitutes.items()
            if substitute.pk in wanted
        }

    def own_without_substitute(self) -> list[Unit]:
        """Return the agencies that take part themselves and whose own submission nobody appraises."""
        taking_part = set(self.round.participants.values_list("unit_id", flat=True))
        agencies = {agency.pk: agency for agency in self._agencies.values()}
        return [a for pk, a in agencies.items() if pk in taking_part and pk not in self._substitutes]

    def unassigned(self) -> list[Leaf]:
        """Return the leaves scored by units that no agency appraises."""
        return [
            leaf for leaf in self.definition.leaves if leaf.scorer == Scorer.SELF and self.agency_for(leaf.code) is None
        ]


def node_codes(definition: Definition) -> dict[str, str]:
    """Return what can be assigned or extended: code to name of domains, criteria and leaves, in order."""
    names: dict[str, str] = {}
    for domain in definition.domains:
        names[domain.code] = domain.name
        for criterion in domain.criteria:
            names[criterion.code] = criterion.name
            for leaf in criterion.leaves:
                names.setdefault(leaf.code, leaf.name)
    return names


def assign(*, round: AssessmentRound, code: str, agency: Unit, user: User) -> AppraisalAssignment:
    """Give a domain, a criterion or a leaf to an agency; an earlier agency hands over.

    Raises `PermissionRefused` unless the user is of the round's secretariat, `SubmissionError` for a code that the
    edition does not know or an agency that no longer exists, `WrongState` once the round is finalised.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    _refuse_finalised(round)
    if code not in node_codes(definition_of_round(round)):
        raise SubmissionError(_("The criteria set has no part %(code)s.") % {"code": code}, code="unknown_code")
    if not agency.is_valid_on(clock.today()):
        raise SubmissionError(_("%(unit)s no longer exists.") % {"unit": agency.name}, code="unit_not_valid")
    with transaction.atomic():
        known = AppraisalAssignment.objects.select_for_update().filter(round=round, code=code).first()
        before = known.agency.code if known else None
        assignment, _created = AppraisalAssignment.objects.update_or_create(
            round=round, code=code, defaults={"agency": agency}
        )
        if before != agency.code:
            audit.record(
                "submissions.assign", round, user=user, before={code: before}, after={code: agency.code}, code=code
            )
    return assignment


def unassign(*, round: AssessmentRound, code: str, user: User) -> None:
    """Take an assignment back; a leaf then falls to its domain's agency again."""
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    _refuse_finalised(round)
    with transaction.atomic():
        known = AppraisalAssignment.objects.select_for_update().filter(round=round, code=code).first()
        if known is None:
            return
        audit.record("submissions.assign", round, user=user, before={code: known.agency.code}, after={code: None})
        known.delete()


def set_substitute(*, round: AssessmentRound, agency: Unit, substitute: Unit, user: User) -> AppraisalSubstitute:
    """Name who appraises the agency's own submission.

    Raises `PermissionRefused` unless the user is of the round's secretariat, `SubmissionError` where both are the same.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    _refuse_finalised(round)
    if agency.pk == substitute.pk:
        raise SubmissionError(_("The substitute must be another agency."), code="own_unit")
    with transaction.atomic():
        row, _created = AppraisalSubstitute.objects.update_or_create(
            round=round, agency=agency, defaults={"substitute": substitute}
        )
        audit.record("submissions.substitute", round, user=user, after={agency.code: substitute.code})
    return row


def assign_defaults(*, round: AssessmentRound, user: User) -> DefaultAssignments:
    """Assign every part for which the criteria set names an agency and that has no assignment yet.

    Agency codes that name no unit valid today are reported, not guessed.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    _refuse_finalised(round)
    definition = definition_of_round(round)
    wanted = _named_agencies(definition)
    units = {
        unit.code: unit
        for unit in Unit.objects.valid_on(clock.today()).filter(code__in=[agency for _code, agency in wanted])
    }
    taken = set(round.assignments.values_list("code", flat=True))
    assigned = [
        assign(round=round, code=code, agency=units[agency], user=user)
        for code, agency in wanted
        if agency in units and code not in taken
    ]
    return DefaultAssignments(
        assigned=tuple(assigned),
        unknown=tuple((code, agency) for code, agency in wanted if agency not in units),
        without_agency=tuple(leaf.code for leaf in AssignmentMap(round, definition).unassigned()),
    )


def _named_agencies(definition: Definition) -> list[tuple[str, str]]:
    named = []
    for domain in definition.domains:
        if domain.agency:
            named.append((domain.code, domain.agency))
        named += [(leaf.code, leaf.agency) for leaf in domain.leaves if leaf.agency and leaf.agency != domain.agency]
    return named


def agencies_of(user: User) -> set[int]:
    """Return the ids of the agencies for which the user appraises."""
    return {unit_id for role, unit_id in roles_of(user) if role == Role.APPRAISER}


def _refuse_finalised(round: AssessmentRound) -> None:
    if round.state == RoundState.FINALISED:
        raise WrongState(_("The round “%(round)s” is finalised.") % {"round": round.name})
