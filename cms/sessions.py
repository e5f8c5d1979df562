"""Django's sessions of the database and its accounts, read by queries that are built once: every request reads both."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from cms.compiled import Compiled
from cms.models import User

_session = Compiled(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now), str, dt.datetime)
_user = Compiled(lambda pk: User.objects.filter(pk=pk), int)


class SessionStore(DatabaseStore):
    """Django's store; named by `SESSION_ENGINE`."""

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key
        # A cookie may hold what no database stores.
        found = None if key is None or "\x00" in key else _session.first(key, timezone.now())
        if found is None:
            self._session_key = None
        return found


class AccountBackend(ModelBackend):
    """Django's accounts; named by `AUTHENTICATION_BACKENDS`."""

    def get_user(self, user_id: int) -> User | None:
        """Return the account, None where it is gone or closed."""
        user = _user.first(user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
