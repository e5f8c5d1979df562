"""The audit log: every change of state is recorded with actor, object, before and after.

Entries live in Wagtail's log (seen in the admin's site history) and are mirrored to the process log. Each app registers
its actions in `wagtail_hooks.py` with the hook `register_log_actions`; an unregistered action is refused.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.dispatch import Signal
from django.utils import timezone

from wagtail.log_actions import get_active_log_context, registry
from wagtail.models import ModelLogEntry

from cms.models import User

logger = logging.getLogger("portal.audit")
_plain = DjangoJSONEncoder()
# Sent after an entry was written, in the transaction of the change, with action, instance, user and after: whoever
# tells people of changes listens here, so that the rooms in which they happen need not know of it.
recorded = Signal()


def record(
    action: str, instance: models.Model, *, user: User | None, before: Any = None, after: Any = None, **data: Any
) -> None:
    """Write one entry about a saved object, in the transaction of the change.

    `before` and `after` are JSON data (Decimals, dates and UUIDs are written as text); `data` is anything else worth
    keeping. `user` is None for the system's own acts. Raises `LookupError` for an action nobody registered.
    """
    if not registry.action_exists(action):
        raise LookupError(f"The log action {action!r} is not registered.")
    details = {name: value for name, value in {"before": before, "after": after, **data}.items() if value is not None}
    person = user if user is not None and user.is_authenticated else None
    if registry.get_log_model_for_instance(instance) is ModelLogEntry:
        _store(instance, action, person, _to_json(details))
    else:
        registry.log(instance, action, user=person, data=_to_json(details))
    logger.info(
        "%s",
        action,
        extra={
            "event": action,
            "object": f"{instance._meta.label_lower}:{instance.pk}",
            "user_id": person.pk if person else None,
        },
    )
    recorded.send(sender=type(instance), action=action, instance=instance, user=person, after=after)


def _store(instance: models.Model, action: str, person: User | None, details: Any) -> None:
    """Write the entry that Wagtail's registry would, without its two queries whether user and kind of object exist."""
    if instance.pk is None:
        raise ValueError(f"{instance!r} is not saved: an entry about it would name nothing.")
    context = get_active_log_context()
    entry = ModelLogEntry(
        content_type=ContentType.objects.get_for_model(instance, for_concrete_model=False),
        object_id=str(instance.pk),
        label=ModelLogEntry.objects.get_instance_title(instance),
        action=action,
        timestamp=timezone.now(),
        data=details,
        user=person or context.user,
        uuid=context.uuid,
    )
    entry.clean_fields(exclude=["content_type", "user"])
    ModelLogEntry.objects.bulk_create([entry])


def _to_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_to_json(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return str(value)
    try:
        return _plain.default(value)
    except TypeError:
        return str(value)
