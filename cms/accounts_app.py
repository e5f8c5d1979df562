"""Wagtail's accounts with our rules: object permissions, and accounts that are closed rather than deleted."""

from django.contrib.auth import get_user_model

from wagtail.users.apps import WagtailUsersAppConfig


class AccountsConfig(WagtailUsersAppConfig):
    """`wagtail.users` with our viewset and policy."""

    default = False
    user_viewset = "cms.viewsets.UserViewSet"

    def ready(self) -> None:
        """Register the policies; ours for accounts."""
        # Models can be imported only once the registry is ready.
        from django.contrib.auth.models import Group  # noqa: PLC0415

        from wagtail.permissions import register_permission_policy  # noqa: PLC0415

        from cms.policies import UserPolicy  # noqa: PLC0415

        user_model = get_user_model()
        register_permission_policy(user_model, UserPolicy(user_model))
        register_permission_policy(Group)
