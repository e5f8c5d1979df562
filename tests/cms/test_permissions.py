"""Roles derive from memberships in force today."""

import datetime as dt

from django.contrib.auth.models import AnonymousUser, Group
from django.core.management import call_command
from django.utils import timezone

import pytest

from cms import clock, roles
from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.models import Membership
from cms.permissions import has_role, may_read_all, require_role, roles_of, units_where
from cms.tasks import end_memberships
from tests.factories.cms import MembershipFactory, UnitFactory, UserFactory, user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_a_role_counts_for_its_unit():
    unit, other = UnitFactory(), UnitFactory()
    user = user_with_role(Role.LEADER, unit)
    assert has_role(user, Role.LEADER)
    assert has_role(user, Role.LEADER, unit)
    assert not has_role(user, Role.LEADER, other)
    assert not has_role(user, Role.CONTRIBUTOR, unit)
    assert list(units_where(user, Role.LEADER, Role.CONTRIBUTOR)) == [unit]
    assert roles_of(user) == {(Role.LEADER, unit.pk)}


def test_a_role_counts_only_while_it_is_in_force():
    user = UserFactory()
    today = clock.today()
    MembershipFactory(user=user, role=Role.LEADER, valid_from=today, valid_to=today)
    day = dt.timedelta(days=1)
    for moment, held in ((-day, False), (0 * day, True), (day, False)):
        with clock.at(timezone.now() + moment):
            assert has_role(user, Role.LEADER) is held


def test_a_superuser_reads_all_and_decides_nothing():
    root = UserFactory(is_superuser=True)
    assert may_read_all(root)
    assert has_role(root, Role.ADMINISTRATOR)
    for role in set(Role) - {Role.ADMINISTRATOR}:
        assert not has_role(root, role)


def test_an_administrator_decides_nothing_either():
    unit = UnitFactory()
    administrator = user_with_role(Role.ADMINISTRATOR, unit)
    for role in (Role.APPRAISER, Role.LEADER, Role.APPROVER, Role.SECRETARIAT):
        assert not has_role(administrator, role, unit)


def test_closed_and_anonymous_accounts_hold_nothing():
    closed = user_with_role(Role.ADMINISTRATOR)
    closed.is_active = False
    for person in (closed, AnonymousUser()):
        assert not has_role(person, Role.ADMINISTRATOR)
        assert not may_read_all(person)
        assert list(units_where(person, Role.ADMINISTRATOR)) == []


def test_a_refusal_names_role_and_unit():
    unit = UnitFactory(name="Sở Nội vụ")
    require_role(user_with_role(Role.LEADER, unit), Role.LEADER, Role.APPROVER, unit=unit)
    with pytest.raises(PermissionRefused, match="Sở Nội vụ"):
        require_role(UserFactory(), Role.LEADER, unit=unit)
    with pytest.raises(PermissionRefused):
        require_role(UserFactory(), Role.LEADER)


def test_groups_follow_memberships():
    user = user_with_role(Role.EDITOR)
    own = Group.objects.create(name="khác")
    user.groups.add(own)
    second = MembershipFactory(user=user, role=Role.EDITOR)
    assert {group.name for group in user.groups.all()} == {"editor", "khác"}
    second.delete()
    assert {group.name for group in user.groups.all()} == {"editor", "khác"}
    Membership.objects.filter(user=user).first().delete()
    assert {group.name for group in user.groups.all()} == {"khác"}


def test_groups_end_with_the_day():
    user = UserFactory()
    MembershipFactory(user=user, role=Role.EDITOR, valid_to=clock.today())
    with clock.at(timezone.now() + dt.timedelta(days=2)):
        end_memberships()
    assert list(user.groups.all()) == []


def test_roles_are_code():
    call_command("sync_roles", verbosity=0)
    editor = Group.objects.get(name="editor")
    editor.permissions.clear()
    editor.page_permissions.all().delete()
    call_command("sync_roles", verbosity=0)
    assert {permission.codename for permission in editor.permissions.all()} >= {"access_admin"}
    assert {p.permission.codename for p in editor.page_permissions.all()} == {
        f"{action}_page" for action in roles.PAGE_PERMISSIONS["editor"]
    }
    contributor = Group.objects.get(name="contributor")
    assert not contributor.permissions.filter(codename="access_admin").exists()


def test_an_unknown_permission_is_not_granted_silently(monkeypatch):
    monkeypatch.setitem(roles._granted, Role.EDITOR, {"cms.change_nothing"})
    with pytest.raises(LookupError):
        roles.sync_groups()
