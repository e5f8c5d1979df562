"""Who may do what: everything derives from memberships (user, unit, role) that are in force today.

A superuser counts as an administrator and no more: neither signs, appraises nor approves by that alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.translation import gettext as _

from cms import clock
from cms.compiled import Compiled
from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.models import Membership, Unit, User
from cms.models.memberships import MembershipQuerySet
from cms.models.units import UnitQuerySet

Person = User | AnonymousUser
READ_ALL_ROLES = (Role.ADMINISTRATOR, Role.AUDITOR)


def memberships_of(user: Person) -> MembershipQuerySet:
    """Return the user's memberships in force today; none for an anonymous or closed account."""
    if not user.is_authenticated or not user.is_active:
        return Membership.objects.none()
    return Membership.objects.filter(user=user).in_force(clock.today())


def has_role(user: Person, role: str, unit: Unit | None = None) -> bool:
    """Whether the user holds the role for the unit, or for any unit where none is given."""
    if role == Role.ADMINISTRATOR and user.is_active and user.is_superuser:
        return True
    return any(held == role and (unit is None or unit_id == unit.pk) for held, unit_id in roles_of(user))


def roles_of(user: Person) -> frozenset[tuple[str, int]]:
    """Return all (role, unit id) pairs of the user, as they are in force today, in one query."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    return frozenset(_held.all(user.pk, clock.today()))


_held: Compiled[tuple[str, int]] = Compiled(
    lambda user, day: Membership.objects.in_force(day).filter(user_id=user).order_by().values_list("role", "unit_id"),
    int,
    dt.date,
)


def units_where(user: Person, *roles: str) -> UnitQuerySet:
    """Return the units for which the user holds at least one of the roles."""
    return Unit.objects.filter(pk__in=memberships_of(user).filter(role__in=roles).values("unit_id"))


def require_role(user: Person, *roles: str, unit: Unit | None = None) -> None:
    """Raise `PermissionRefused` unless the user holds one of the roles for the unit (or for any unit)."""
    if any(has_role(user, role, unit) for role in roles):
        return
    names = ", ".join(str(Role(role).label) for role in roles)
    if unit is None:
        raise PermissionRefused(_("This needs the role: %(roles)s.") % {"roles": names})
    raise PermissionRefused(_("This needs the role “%(roles)s” for %(unit)s.") % {"roles": names, "unit": unit.name})


def roles_in(request: HttpRequest) -> frozenset[str]:
    """Return the roles that the request's user holds for any unit, asked once per request; for menus, not for gates."""
    known: frozenset[str] | None = getattr(request, "_portal_roles", None)
    if known is None:
        held = {role for role, _unit in roles_of(request.user)}
        if request.user.is_active and request.user.is_superuser:
            held.add(Role.ADMINISTRATOR)
        known = request._portal_roles = frozenset(held)  # type: ignore[attr-defined]
    return known


def may_read_all(user: Person) -> bool:
    """Whether the user may read everything (administrator, auditor, superuser)."""
    if user.is_active and user.is_superuser:
        return True
    return any(role in READ_ALL_ROLES for role, _unit in roles_of(user))


def may_read_all_or(user: Person, pairs: Iterable[tuple[str, int]]) -> bool:
    """Whether the user may read everything or holds one of the (role, unit id) pairs; asked in one query."""
    if user.is_active and user.is_superuser:
        return True
    held = roles_of(user)
    return any(role in READ_ALL_ROLES for role, _unit in held) or not held.isdisjoint(pairs)
