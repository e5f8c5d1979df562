"""Whether the process lives and whether the portal can work."""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cms import clock
from cms.jobs.schedules import HEARTBEAT
from cms.models import WorkerHeartbeat
from cms.permissions import may_read_all

logger = logging.getLogger(__name__)
_MIGRATIONS_SEEN = "migrations-complete"


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """The database answers, its tables are those of this version, and a worker gave a sign of life lately.

    Anybody learns whether; what is wrong is told only to those who may see it.
    """
    checks = {"database": _database()}
    checks["migrations"] = (checks["database"] == "ok" and _migrations()) or "unknown"
    checks["worker"] = (checks["database"] == "ok" and _worker()) or "unknown"
    good = all(state == "ok" for state in checks.values())
    answer: dict[str, object] = {"status": "ok" if good else "failing"}
    if _may_see_details(request, database_answers=checks["database"] == "ok"):
        answer["checks"] = checks
    return JsonResponse(answer, status=200 if good else 503)


def _may_see_details(request: HttpRequest, *, database_answers: bool) -> bool:
    """By the configured token, or signed in as somebody who may read everything (which the database has to tell)."""
    expected = f"Bearer {settings.PORTAL_HEALTH_TOKEN}"
    if settings.PORTAL_HEALTH_TOKEN and constant_time_compare(request.headers.get("Authorization", ""), expected):
        return True
    return database_answers and settings.SESSION_COOKIE_NAME in request.COOKIES and may_read_all(request.user)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("database not reachable", extra={"event": "not_ready"})
        return "unreachable"
    return "ok"


def _migrations() -> str:
    if cache.get(_MIGRATIONS_SEEN):
        return "ok"
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "pending"
    cache.set(_MIGRATIONS_SEEN, True, 60)
    return "ok"


def _worker() -> str:
    limit = clock.now() - dt.timedelta(seconds=settings.PORTAL_WORKER_SILENCE_SECONDS)
    return "ok" if WorkerHeartbeat.objects.filter(name=HEARTBEAT, seen_at__gte=limit).exists() else "silent"
