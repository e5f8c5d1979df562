"""What the releases desk may show to whom."""

from __future__ import annotations

from django.db.models import Q

from cms.enums import Role
from cms.models import User
from cms.permissions import has_role, may_read_all, units_where
from publishing.enums import ReleaseState
from publishing.models import IndexRelease
from publishing.models.releases import ReleaseQuerySet
from submissions.enums import RoundState
from submissions.models import AssessmentRound

DESK_ROLES = (Role.SECRETARIAT, Role.APPROVER)


def releases_seen_by(user: User) -> ReleaseQuerySet:
    """Return the releases whose desk the user may see: of the own units, or all for auditors and administrators.

    A release without an organising unit (collected figures) is everybody's who builds or approves.
    """
    releases = IndexRelease.objects.select_related("round", "owner", "edition").order_by("-built_at", "-pk")
    if may_read_all(user):
        return releases
    units = units_where(user, *DESK_ROLES)
    found = Q(owner__in=units)
    if units.exists():
        found |= Q(owner__isnull=True)
    return releases.filter(found)


def rounds_to_release(user: User) -> list[AssessmentRound]:
    """Return the finalised rounds of the user's secretariat of which no release stands or waits."""
    owned = units_where(user, Role.SECRETARIAT)
    taken = IndexRelease.objects.filter(state__in=[ReleaseState.DRAFT, ReleaseState.APPROVED], round__isnull=False)
    rounds = AssessmentRound.objects.filter(owner__in=owned, state=RoundState.FINALISED)
    return list(rounds.exclude(pk__in=taken.values("round")).order_by("-year", "code"))


def may_build(user: User, release: IndexRelease) -> bool:
    """Whether the user is of the secretariat that builds this release's kind."""
    return has_role(user, Role.SECRETARIAT, release.owner)


def may_approve(user: User, release: IndexRelease) -> bool:
    """Whether the user may approve or return this very release."""
    return has_role(user, Role.APPROVER, release.owner) and release.built_by_id != user.pk


def may_archive(user: User, release: IndexRelease) -> bool:
    """Whether the user may order the static archive: who builds or approves it, or runs the portal. Auditors read."""
    return any(has_role(user, role, release.owner) for role in DESK_ROLES) or has_role(user, Role.ADMINISTRATOR)
