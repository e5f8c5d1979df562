"""Tables whose rows are never changed or deleted, enforced by triggers in the database itself.

A model is protected by `protect(Model)` in its app's `AppConfig.ready`. The triggers are installed after every
`migrate`, because SQLite remakes a table for many schema changes and loses its triggers. A row that must be mended
anyway is mended by a database administrator with the trigger disabled, which leaves its own trace.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.apps import AppConfig
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate

PREFIX = "portal_frozen_"
_FUNCTION = """
CREATE OR REPLACE FUNCTION portal_refuse_change() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END;
$$ LANGUAGE plpgsql
"""
_protected: dict[type[models.Model], tuple[str, ...]] = {}
_mutable: dict[type[models.Model], frozenset[str]] = {}


def protect(model: type[models.Model], *, deletes_only: bool = False, mutable: Collection[str] = ()) -> None:
    """Let the database refuse to delete rows of the model and, unless `deletes_only`, to change them.

    `mutable`: names of fields that may change all the same (the state of a frozen document).
    """
    _protected[model] = ("DELETE",) if deletes_only else ("UPDATE", "DELETE")
    _mutable[model] = frozenset(mutable)


def protected_models() -> tuple[type[models.Model], ...]:
    """Return the models whose tables are protected."""
    return tuple(_protected)


def install(using: str = "default") -> None:
    """Create the triggers of all protected tables that exist; safe to run again."""
    connection = connections[using]
    present = set(connection.introspection.table_names())
    for model, events in _protected.items():
        if model._meta.db_table in present:
            for event in events:
                _create(connection, model._meta.db_table, event, _frozen_columns(model))


def missing_triggers(using: str = "default") -> list[str]:
    """Return the names of triggers that should be there and are not."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {row[0] for row in cursor.fetchall()}
    wanted = [trigger_name(model._meta.db_table, event) for model, events in _protected.items() for event in events]
    return [name for name in wanted if name not in there]


def trigger_name(table: str, event: str) -> str:
    """Return the name of the trigger that refuses an event on a table."""
    return f"{PREFIX}{table}_{event.lower()}"


def _frozen_columns(model: type[models.Model]) -> list[str]:
    """Return the columns whose change is refused where some may change; empty where none may."""
    mutable = _mutable[model]
    if not mutable:
        return []
    for name in mutable:
        model._meta.get_field(name)
    return [field.column for field in model._meta.local_concrete_fields if field.name not in mutable]


def _create(connection: BaseDatabaseWrapper, table: str, event: str, columns: list[str]) -> None:
    name, quoted = connection.ops.quote_name(trigger_name(table, event)), connection.ops.quote_name(table)
    if event == "UPDATE" and columns:
        event = f"UPDATE OF {', '.join(map(connection.ops.quote_name, columns))}"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {event} ON {quoted} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed or deleted'); END"
            )
        elif connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER {name} BEFORE {event} ON {quoted} "
                "FOR EACH ROW EXECUTE FUNCTION portal_refuse_change()"
            )


def install_after_migrate(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Receiver of `post_migrate`, connected once by the foundation."""
    install(using)


def connect() -> None:
    """Install the triggers after every migration, once per run of `migrate` and app with protected models."""
    post_migrate.connect(install_after_migrate, dispatch_uid="cms.immutable")
