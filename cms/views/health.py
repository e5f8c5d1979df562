"""Whether the process lives and whether the portal can work."""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cms import clock
from cms.jobs.schedules import HEARTBEAT
from cms.models import WorkerHeartbeat

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
    """The database answers, its tables are those of this version, and a worker gave a sign of life lately."""
    checks = {"database": _database()}
    checks["migrations"] = (checks["database"] == "ok" and _migrations()) or "unknown"
    checks["worker"] = (checks["database"] == "ok" and _worker()) or "unknown"
    good = all(state == "ok" for state in checks.values())
    return JsonResponse({"status": "ok" if good else "failing", "checks": checks}, status=200 if good else 503)


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
