"""Who may see a unit's form. Writing is the gate's business."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cms import clock
from cms.compiled import Compiled
from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.models import Membership
from cms.models.memberships import MembershipQuerySet
from cms.permissions import Person, may_read_all, memberships_of, units_where
from submissions.enums import RoundState
from submissions.models import Submission

MEMBER_ROLES = (Role.CONTRIBUTOR, Role.LEADER)


def with_place(rows: QuerySet[Submission]) -> QuerySet[Submission]:
    """Select what every screen of a form needs; the edition's JSON is left out until it is first parsed."""
    return rows.select_related("participant__unit", "participant__round__edition", "participant__round__owner").defer(
        "participant__round__edition__definition_json", "participant__round__edition__lineage_json"
    )


def with_definition(rows: QuerySet[Submission]) -> QuerySet[Submission]:
    """Select the state of a form and what its definition follows from, and nothing else: for the writes of a page."""
    return rows.select_related("participant__round__edition").only(
        "state", "participant__unit_id", "participant__facts", "participant__round__edition__sha256"
    )


def own_submissions(user: Person) -> QuerySet[Submission]:
    """Return the forms that the user fills in or signs, in rounds that are open or later, newest round first."""
    units = units_where(user, *MEMBER_ROLES)
    rows = Submission.objects.filter(participant__unit__in=units).exclude(participant__round__state=RoundState.DRAFT)
    return with_place(rows).order_by("-participant__round__year", "-participant__round__pk", "participant__unit__order")


def readable_submissions(user: Person) -> QuerySet[Submission]:
    """Return the forms whose pages the user may read.

    The members of the unit, the secretariat of the round, auditors and administrators always; the council once sent.
    Agencies read what they appraise on their own desk.
    """
    rows = with_place(Submission.objects.all())
    return rows if may_read_all(user) else rows.filter(_seen_by(memberships_of(user)))


def _seen_by(mine: MembershipQuerySet) -> Q:
    """Return the forms that one sees by these memberships."""
    members = Q(participant__unit__in=mine.filter(role__in=MEMBER_ROLES).values("unit_id"))
    secretariat = Q(participant__round__owner__in=mine.filter(role=Role.SECRETARIAT).values("unit_id"))
    council = Q(
        participant__round__owner__in=mine.filter(role=Role.COUNCIL_MEMBER).values("unit_id"),
        pk__in=Submission.objects.filter(receipts__isnull=False).values("pk"),
    )
    return members | secretariat | council


def readable_submission(user: Person, pk: int) -> Submission:
    """Return one form that the user may read. Raises `Submission.DoesNotExist`, `PermissionRefused`."""
    if may_read_all(user):
        found = _any.first(pk)
    else:
        known = user.is_authenticated and user.is_active
        found = _own.first(pk, user.pk, clock.today()) if known else None
    if found is not None:
        return found
    if not Submission.objects.filter(pk=pk).exists():
        raise Submission.DoesNotExist
    # The sentence names no unit: whoever may not read a form does not learn whose it is.
    raise PermissionRefused(_("You may not read this form. Ask the unit that fills it in or the secretariat."))


_any = Compiled(lambda pk: with_place(Submission.objects.filter(pk=pk)), int)
_own = Compiled(
    lambda pk, user, day: with_place(
        Submission.objects.filter(_seen_by(Membership.objects.in_force(day).filter(user_id=user)), pk=pk)
    ),
    int,
    int,
    dt.date,
)


def is_member(user: Person, submission: Submission) -> bool:
    """Whether the user fills in or signs for the form's unit."""
    return units_where(user, *MEMBER_ROLES).filter(pk=submission.participant.unit_id).exists()
