"""Within an agency: whose part is whose, and handing it over to a colleague with a reason."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.models import Membership, Unit, User
from cms.permissions import has_role, require_role
from submissions.domain.assignment import AssignmentMap, node_codes
from submissions.enums import RoundState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AppraiserAssignment, AssessmentRound


def appraisers_of(agency: Unit) -> QuerySet[User]:
    """Return the people who appraise for the agency today, by name."""
    held = Membership.objects.filter(unit=agency, role=Role.APPRAISER).in_force(clock.today())
    rows = User.objects.filter(is_active=True, memberships__in=held)
    return rows.distinct().order_by("last_name", "first_name", "username")


def standing_assignments(round: AssessmentRound) -> QuerySet[AppraiserAssignment]:
    """Return what is somebody's own part in the round now."""
    return round.appraiser_assignments.filter(ended_at__isnull=True).select_related("agency", "appraiser")


def agencies_in(round: AssessmentRound) -> list[Unit]:
    """Return the agencies that appraise in the round, substitutes among them, by name."""
    found = {row.agency_id: row.agency for row in round.assignments.select_related("agency")}
    found |= {row.substitute_id: row.substitute for row in round.substitutes.select_related("substitute")}
    return sorted(found.values(), key=lambda unit: unit.name)


def assign_appraiser(
    *, round: AssessmentRound, agency: Unit, code: str, appraiser: User, user: User
) -> AppraiserAssignment:
    """Make a domain, criterion or leaf of the agency one person's part; who had it before loses it.

    Raises `PermissionRefused` unless the user is of the round's secretariat, `SubmissionError` for a person who does
    not appraise for the agency or a part that the agency does not appraise, `WrongState` once the round is finalised.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    _refuse_finalised(round)
    _check_person(agency, appraiser)
    _check_part(round, agency, code)
    with transaction.atomic():
        rows = round.appraiser_assignments.select_for_update().filter(agency=agency, code=code, ended_at__isnull=True)
        before = rows.select_related("appraiser").first()
        if before is not None and before.appraiser_id == appraiser.pk:
            return before
        rows.update(ended_at=clock.now())
        made = _begin(round, agency, code, appraiser, user, reason="")
        audit.record(
            "submissions.assign_appraiser",
            round,
            user=user,
            before={"appraiser": before.appraiser_id} if before else None,
            after={"appraiser": appraiser.pk},
            agency=agency.code,
            code=code,
        )
    return made


def end_assignment(*, assignment: AppraiserAssignment, user: User) -> None:
    """Give a part back to the whole agency. Raises `PermissionRefused` unless the user is of the secretariat."""
    round_ = assignment.round
    require_role(user, Role.SECRETARIAT, unit=round_.owner)
    _refuse_finalised(round_)
    with transaction.atomic():
        rows = AppraiserAssignment.objects.filter(pk=assignment.pk, ended_at__isnull=True)
        if rows.update(ended_at=clock.now()):
            audit.record(
                "submissions.assign_appraiser",
                round_,
                user=user,
                before={"appraiser": assignment.appraiser_id},
                after=None,
                agency=assignment.agency.code,
                code=assignment.code,
            )


def hand_over(
    *,
    round: AssessmentRound,
    agency: Unit,
    giver: User,
    taker: User,
    reason: str,
    user: User,
    codes: Collection[str] = (),
) -> list[AppraiserAssignment]:
    """Hand an appraiser's parts (all, or those of `codes`) over to a colleague of the agency; return the new rows.

    What was decided stays and keeps its author. Raises `PermissionRefused` unless the user is the giver or of the
    round's secretariat, `SubmissionError` without a reason, for a person who does not appraise for the agency or where
    there is nothing to hand over, `WrongState` once the round is finalised.
    """
    if user.pk != giver.pk and not has_role(user, Role.SECRETARIAT, round.owner):
        raise PermissionRefused(_("A part is handed over by the appraiser whose it is, or by the secretariat."))
    _refuse_finalised(round)
    if not reason.strip():
        raise SubmissionError(_("Give the reason of the hand-over."), code="reason_missing")
    if giver.pk == taker.pk:
        raise SubmissionError(_("Choose another person: it is hers or his already."), code="same_person")
    _check_person(agency, taker)
    with transaction.atomic():
        rows = round.appraiser_assignments.select_for_update().filter(
            agency=agency, appraiser=giver, ended_at__isnull=True
        )
        chosen = [row for row in rows if not codes or row.code in codes]
        if not chosen:
            raise SubmissionError(
                _("%(person)s has no part of this agency to hand over.") % {"person": giver}, code="nothing"
            )
        AppraiserAssignment.objects.filter(pk__in=[row.pk for row in chosen]).update(ended_at=clock.now())
        made = [_begin(round, agency, row.code, taker, user, reason=reason.strip()) for row in chosen]
        audit.record(
            "submissions.hand_over",
            round,
            user=user,
            before={"appraiser": giver.pk},
            after={"appraiser": taker.pk, "codes": [row.code for row in chosen]},
            agency=agency.code,
            reason=reason.strip(),
        )
    return made


def _begin(
    round: AssessmentRound, agency: Unit, code: str, appraiser: User, user: User, *, reason: str
) -> AppraiserAssignment:
    return AppraiserAssignment.objects.create(
        round=round,
        agency=agency,
        code=code,
        appraiser=appraiser,
        assigned_by=user,
        assigned_at=clock.now(),
        reason=reason,
    )


def _check_person(agency: Unit, person: User) -> None:
    if not appraisers_of(agency).filter(pk=person.pk).exists():
        raise SubmissionError(
            _("%(person)s does not appraise for %(agency)s.") % {"person": person, "agency": agency.name},
            code="other_agency",
        )


def _check_part(round: AssessmentRound, agency: Unit, code: str) -> None:
    known = AssignmentMap(round)
    if code not in node_codes(known.definition):
        raise SubmissionError(_("The criteria set has no part %(code)s.") % {"code": code}, code="unknown_code")
    mine = known.leaves_of([agency.pk])
    for leaves in known.substituted_by([agency.pk]).values():
        mine += leaves
    if not any(code in known.parts(leaf.code) for leaf in mine):
        raise SubmissionError(
            _("%(agency)s does not appraise %(code)s.") % {"agency": agency.name, "code": code}, code="other_agency"
        )


def _refuse_finalised(round: AssessmentRound) -> None:
    if round.state == RoundState.FINALISED:
        raise WrongState(_("The round “%(round)s” is finalised.") % {"round": round.name})
