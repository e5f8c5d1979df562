"""Conflict of interest: nobody appraises the own unit (DESIGN invariant 9)."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.compiled import Compiled
from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.models import Unit, User
from cms.permissions import has_role, memberships_of, roles_of
from submissions.council_enums import Exclusion
from submissions.enums import RoundState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AssessmentRound, ConflictOfInterest

# Roles that give no part in a unit's own work: reading for all, or running a round for others.
NO_PART = (Role.AUDITOR, Role.ADMINISTRATOR)
# Roles that run the round for the body that organises it, which may take part in it itself.
RUNNING = (Role.COUNCIL_MEMBER, Role.SECRETARIAT, Role.SURVEY_OFFICER, Role.APPROVER)


def own_unit_ids(user: User, round: AssessmentRound) -> set[int]:
    """Return the ids of the units that the user belongs to in any working role.

    To sit in the council of the body that organises the round is not to belong to that body: its members come from
    many units, and where the body takes part itself they would all be excluded.
    """
    council = (Role.COUNCIL_MEMBER, round.owner_id)
    return {unit_id for role, unit_id in roles_of(user) if role not in NO_PART and (role, unit_id) != council}


_declared: Compiled[int] = Compiled(
    lambda round_id, user_id: (
        ConflictOfInterest.objects.filter(round_id=round_id, user_id=user_id, lifted_at__isnull=True)
        .order_by()
        .values_list("unit_id", flat=True)
    ),
    int,
    int,
)


def declared_unit_ids(user: User, round: AssessmentRound) -> set[int]:
    """Return the ids of the units with which the user has a standing conflict of interest in the round."""
    return set(_declared.all(round.pk, user.pk))


class Conflicts:
    """A person's conflicts of interest in one round, read once."""

    def __init__(self, user: User, round: AssessmentRound) -> None:
        self.own = own_unit_ids(user, round)
        self.declared = declared_unit_ids(user, round)
        self.superiors = superior_unit_ids(user, round)

    def unit_ids(self) -> set[int]:
        """Return the ids of all units whose scores the person may not touch."""
        return self.own | self.declared | self.superiors

    def sentence(self, unit: Unit) -> str:
        """Return why the person may not touch the unit's scores; empty where nothing stands against it."""
        if unit.pk in self.own:
            return _("Nobody appraises the own unit: you belong to %(unit)s.") % {"unit": unit.name}
        if unit.pk in self.declared:
            return _("A conflict of interest with %(unit)s is declared for you in this round.") % {"unit": unit.name}
        if unit.pk in self.superiors:
            return _("%(unit)s is the superior of your unit; this round excludes that.") % {"unit": unit.name}
        return ""

    def exclusion(self, unit: Unit) -> str:
        """Return what kind of conflict stands against it (`Exclusion`); empty where none does."""
        if unit.pk in self.own:
            return Exclusion.OWN
        if unit.pk in self.declared:
            return Exclusion.DECLARED
        return Exclusion.SUPERIOR if unit.pk in self.superiors else ""


def superior_unit_ids(user: User, round: AssessmentRound) -> set[int]:
    """Return the ids of the direct superiors of the user's units, where the round excludes them."""
    if not round.exclude_superiors:
        return set()
    parents = memberships_of(user).exclude(role__in=NO_PART).values_list("unit__parent_id", flat=True)
    return {pk for pk in parents if pk is not None}


def barred_unit_ids(user: User, round: AssessmentRound) -> set[int]:
    """Return the ids of the units whose points the user may not enter for the organiser of the round.

    Whoever runs the round for the organising body does not by that belong to a unit of it; whoever works for a unit in
    another role does.
    """
    working = memberships_of(user).exclude(role__in=NO_PART)
    own = working.exclude(role__in=RUNNING, unit=round.owner_id).values_list("unit_id", flat=True)
    return set(own) | declared_unit_ids(user, round)


def refuse_own_unit(unit: Unit, barred: set[int]) -> None:
    """Raise `PermissionRefused` where the unit is one of `barred_unit_ids`."""
    if unit.pk in barred:
        raise PermissionRefused(
            _("You work for %(unit)s or have declared a conflict of interest: somebody else does this.")
            % {"unit": unit.name},
            code="own_unit",
        )


def declare_conflict(
    *, round: AssessmentRound, person: User, unit: Unit, reason: str, user: User
) -> ConflictOfInterest:
    """Record a conflict of interest, declared by the person or by the round's secretariat.

    Raises `SubmissionError` without a reason, for another person unless the user is of the secretariat, for a unit that
    does not take part, and where the conflict stands already; `WrongState` once the round is finalised.
    """
    _refuse_finalised(round)
    if not round.participants.filter(unit=unit).exists():
        raise SubmissionError(_("%(unit)s does not take part in this round.") % {"unit": unit.name}, code="other_round")
    if person.pk != user.pk and not has_role(user, Role.SECRETARIAT, round.owner):
        raise SubmissionError(_("You can declare a conflict of interest only for yourself."), code="not_permitted")
    if not reason.strip():
        raise SubmissionError(_("Give the reason of the conflict of interest."), code="reason_missing")
    with transaction.atomic():
        if ConflictOfInterest.objects.filter(round=round, user=person, unit=unit, lifted_at__isnull=True).exists():
            raise SubmissionError(_("This conflict of interest is declared already."), code="duplicate")
        row = ConflictOfInterest.objects.create(
            round=round,
            user=person,
            unit=unit,
            reason=reason.strip(),
            declared_by=user,
            declared_at=clock.now(),
        )
        audit.record(
            "submissions.conflict", round, user=user, after={"person": person.pk, "unit": unit.code, "reason": reason}
        )
    return row


def may_lift(user: User, conflict: ConflictOfInterest) -> bool:
    """Whether the user may end the conflict: the secretariat, or the person who declared it about himself or herself.

    What the secretariat declared about somebody is lifted by the secretariat alone.
    """
    by_oneself = conflict.user_id == conflict.declared_by_id == user.pk
    return by_oneself or has_role(user, Role.SECRETARIAT, conflict.round.owner)


def lift_conflict(*, conflict: ConflictOfInterest, reason: str, user: User) -> None:
    """Lift or withdraw a declared conflict with a reason. The row stays.

    Raises `SubmissionError` without a reason and for whoever may not, `WrongState` once the round is finalised.
    """
    if not may_lift(user, conflict):
        raise SubmissionError(
            _("The secretariat lifts this conflict of interest, or the person who declared it."), code="not_permitted"
        )
    _refuse_finalised(conflict.round)
    if not reason.strip():
        raise SubmissionError(_("Give the reason why the conflict is lifted."), code="reason_missing")
    with transaction.atomic():
        ConflictOfInterest.objects.filter(pk=conflict.pk, lifted_at__isnull=True).update(
            lifted_at=clock.now(), lifted_reason=reason.strip()
        )
        audit.record(
            "submissions.conflict",
            conflict.round,
            user=user,
            before={"person": conflict.user_id, "unit": conflict.unit.code},
            after=None,
            reason=reason.strip(),
        )


def _refuse_finalised(round: AssessmentRound) -> None:
    if round.state == RoundState.FINALISED:
        raise WrongState(_("The round “%(round)s” is finalised.") % {"round": round.name})
