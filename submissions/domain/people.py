"""The people of units: who is told, and whom the secretariat can ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from cms import clock
from cms.enums import Role
from cms.models import Membership, User
from submissions.domain.access import MEMBER_ROLES


def members_of(units: Iterable[int], *, roles: Collection[str] = MEMBER_ROLES) -> dict[int, list[User]]:
    """Return the active accounts that hold one of the roles today by unit id, each once; one query."""
    found: dict[int, dict[int, User]] = defaultdict(dict)
    rows = (
        Membership.objects.in_force(clock.today())
        .filter(unit__in=set(units), role__in=roles, user__is_active=True)
        .select_related("user")
        .order_by("role", "pk")
    )
    for row in rows:
        found[row.unit_id].setdefault(row.user_id, row.user)
    return {unit: list(people.values()) for unit, people in found.items()}


def members_by_role(
    units: Iterable[int], *, roles: Collection[str] = MEMBER_ROLES
) -> dict[int, list[tuple[str, User]]]:
    """Return role and account of those who hold one of the roles today by unit id, leaders first; one query."""
    found: dict[int, list[tuple[str, User]]] = defaultdict(list)
    rows = (
        Membership.objects.in_force(clock.today())
        .filter(unit__in=set(units), role__in=roles, user__is_active=True)
        .select_related("user")
    )
    for row in sorted(rows, key=lambda row: (row.role != Role.LEADER, row.role, str(row.user))):
        if (row.role, row.user) not in found[row.unit_id]:
            found[row.unit_id].append((row.role, row.user))
    return dict(found)
