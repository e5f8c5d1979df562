"""The server's clock: the only clock that decides about deadlines, leases and publication."""

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils import timezone

_fixed: ContextVar[dt.datetime | None] = ContextVar("portal_fixed_clock", default=None)


def now() -> dt.datetime:
    """Return the current aware time (or the time fixed by `at`)."""
    return _fixed.get() or timezone.now()


def today() -> dt.date:
    """Return the current day in the portal's time zone."""
    return timezone.localtime(now()).date()


def wait(seconds: float) -> None:
    """Sleep so many seconds; at once where the clock stands (`at`), for there no waiting brings a moment nearer."""
    if _fixed.get() is None:
        time.sleep(seconds)


@contextmanager
def at(moment: dt.datetime) -> Iterator[None]:
    """Let the clock stand at an aware moment, for tests and for loading a history of earlier years."""
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
