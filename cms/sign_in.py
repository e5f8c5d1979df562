"""Sign-ins: noted in the audit log, and slowed down where somebody guesses.

Counted per account and per address in the shared cache. An account is never closed for good by wrong guesses, or else
anybody could lock anybody out; the wait is short and is told.
"""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from cms import audit
from cms.models import User

logger = logging.getLogger("portal.audit")


def note_success(user: User) -> None:
    """Write the sign-in to the audit log and forget earlier failures of this account."""
    cache.delete(_key("account", user.get_username()))
    audit.record("cms.sign_in", user, user=user)


def note_failure(username: str, request: HttpRequest | None) -> None:
    """Count the failure against the account and the address, and log it where the account exists."""
    for key in _keys(username, request):
        cache.add(key, 0, settings.PORTAL_SIGN_IN_WINDOW_SECONDS)
        try:
            cache.incr(key)
        except ValueError:  # ran out in between
            cache.set(key, 1, settings.PORTAL_SIGN_IN_WINDOW_SECONDS)
    user = User.objects.filter(username=username[:150]).first()
    if user is not None:
        audit.record("cms.sign_in_failed", user, user=None)
    else:
        logger.info("cms.sign_in_failed", extra={"event": "cms.sign_in_failed"})


def is_blocked(username: str, request: HttpRequest | None) -> bool:
    """Whether there were too many failures for the account or from the address lately."""
    limits = [settings.PORTAL_SIGN_IN_LIMIT, settings.PORTAL_SIGN_IN_LIMIT * 10]
    return any(cache.get(key, 0) >= limit for key, limit in zip(_keys(username, request), limits, strict=False))


def address_of(request: HttpRequest) -> str:
    """Return the client's address; behind our proxies the last address that the proxy itself added."""
    hops: Any = settings.PORTAL_TRUSTED_PROXIES
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if hops and len(forwarded) >= hops:
        return forwarded[-hops]
    return str(request.META.get("REMOTE_ADDR", ""))


def _keys(username: str, request: HttpRequest | None) -> list[str]:
    keys = [_key("account", username)]
    if request is not None:
        keys.append(_key("address", address_of(request)))
    return keys


def _key(kind: str, value: str) -> str:
    return f"sign-in-{kind}:{hashlib.sha256(value.casefold().encode()).hexdigest()}"
