"""Who may do what to which object in the admin. The admin asks the object, not only the list."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models

from wagtail.permission_policies import ModelPermissionPolicy

from cms import clock
from cms.enums import Role
from cms.models import Membership, Unit, User
from cms.permissions import has_role


class ObjectPolicy(ModelPermissionPolicy):
    """The model's permissions of the group, narrowed by a rule about the object."""

    def allows(self, user: Any, action: str, instance: Any) -> bool:
        """Whether the rule about the object holds; the group's permission is asked besides."""
        return True

    def user_has_permission_for_instance(self, user: Any, action: str, instance: Any) -> bool:
        """Both must hold."""
        return self.user_has_permission(user, action) and (action == "view" or self.allows(user, action, instance))

    def user_has_any_permission_for_instance(self, user: Any, actions: Any, instance: Any) -> bool:
        """At least one action is allowed for the object."""
        return any(self.user_has_permission_for_instance(user, action, instance) for action in actions)


class UnitPolicy(ObjectPolicy):
    """Units that ended keep their name and place: only the administrator mends them. Nobody deletes a unit."""

    def allows(self, user: Any, action: str, instance: Unit) -> bool:
        """The rule."""
        if action == "delete":
            return False
        return has_role(user, Role.ADMINISTRATOR) or instance.is_valid_on(clock.today())


class MembershipPolicy(ObjectPolicy):
    """Nobody gives, changes or takes the own roles, save a superuser, who sets the portal up."""

    def allows(self, user: Any, action: str, instance: Membership) -> bool:
        """The rule."""
        return bool(user.is_superuser) or instance.user_id != user.pk


class UserPolicy(ObjectPolicy):
    """Only a superuser touches a superuser's account, or else setting its password would be a way up."""

    def allows(self, user: Any, action: str, instance: User) -> bool:
        """The rule."""
        return bool(user.is_superuser) or not instance.is_superuser


class ReadOnlyPolicy(ModelPermissionPolicy):
    """A register that is only looked at; other code writes it."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        """Only view."""
        return action == "view" and super().user_has_permission(user, action)


def require_object(view: Any, instance: models.Model) -> models.Model:
    """Return the object if the view's user may do what the view does; else 403. For `get_object` of admin views."""
    needed = view.permission_required
    if needed and not view.user_has_permission_for_instance(needed, instance):
        raise PermissionDenied
    return instance
