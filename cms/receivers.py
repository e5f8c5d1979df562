"""Signal receivers: each one call into the domain."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from django_q.signals import post_spawn

from cms import roles, sign_in
from cms.jobs.schedules import beat
from cms.models import Membership, User


@receiver([post_save, post_delete], sender=Membership)
def keep_groups(instance: Membership, raw: bool = False, **kwargs: Any) -> None:
    """A membership came, changed or went: the user's groups in the admin follow."""
    if not raw and User.objects.filter(pk=instance.user_id).exists():
        roles.sync_members(instance.user)


@receiver(user_logged_in)
def note_sign_in(user: User, **kwargs: Any) -> None:
    """Somebody signed in."""
    sign_in.note_success(user)


@receiver(user_login_failed)
def note_failed_sign_in(credentials: dict[str, Any], request: Any = None, **kwargs: Any) -> None:
    """Somebody tried to sign in."""
    sign_in.note_failure(str(credentials.get("username") or ""), request)


@receiver(post_spawn)
def worker_started(**kwargs: Any) -> None:
    """A process of the worker came up: the portal is ready without waiting for the first scheduled beat."""
    beat()
