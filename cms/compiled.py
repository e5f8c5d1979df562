"""Queries that run on every save: built by the ORM once per thread, then run again with other values.

Building a query costs the processor several times what running it does: names are resolved, joins laid out and SQL put
together anew each time. A `Compiled` keeps the SQL that the ORM made and replaces the values in it. What comes back is
what the ORM makes of the rows; the models stay the one description of the tables.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper

Row = TypeVar("Row")
_LARGEST = 2**63 - 1
# What the values of a query are while it is built: no row has them, and they are found again in the parameters.
_MARKS: dict[type, Callable[[int], Any]] = {
    int: lambda place: 4_611_686_018_427_387_000 + place,
    str: lambda place: f"\ue000{place}\ue001",
    dt.date: lambda place: dt.date(1066, 10, 1 + place),
    dt.datetime: lambda place: dt.datetime(1066, 11, 1 + place, tzinfo=dt.UTC),
}


class Compiled(Generic[Row]):
    """A query that is built once. `build` is given a mark for each of the kinds of value, in their order.

    Keep it for queries whose shape does not depend on the values: an empty list or a None would change the SQL.
    """

    def __init__(self, build: Callable[..., models.QuerySet[Any, Row]], *kinds: type) -> None:
        self._build, self._kinds = build, kinds
        self._mine = threading.local()

    def all(self, *values: Any) -> list[Row]:
        """Return the rows for the values, given in the order of the kinds; none for a number that no row can have."""
        if any(isinstance(value, int) and abs(value) > _LARGEST for value in values):
            return []
        connection = connections[DEFAULT_DB_ALIAS]
        statement: _Statement[Row] | None = getattr(self._mine, "statement", None)
        if statement is None or statement.connection is not connection:
            statement = self._mine.statement = _Statement(connection, self._build, self._kinds)
        return statement.rows(values)

    def first(self, *values: Any) -> Row | None:
        """Return the first row, None where there is none."""
        return next(iter(self.all(*values)), None)


class _Statement(Generic[Row]):
    """The SQL of a query on one connection, which belongs to one thread, and where its values stand."""

    def __init__(
        self,
        connection: BaseDatabaseWrapper,
        build: Callable[..., models.QuerySet[Any, Row]],
        kinds: tuple[type, ...],
    ) -> None:
        self.connection = connection
        marks = [_MARKS[kind](place) for place, kind in enumerate(kinds)]
        self.queryset = build(*marks)
        self.compiler = self.queryset.query.get_compiler(connection=connection)
        self.sql, parameters = self.compiler.as_sql()
        self.parameters = list(parameters)
        found = [_adapted(connection, mark) for mark in marks]
        # Numbers keep the type in which the ORM hands them to the driver.
        self.places = [
            (place, found.index(value), type(value) if isinstance(value, int) else None)
            for place, value in enumerate(self.parameters)
            if value in found
        ]
        if {number for _place, number, _kind in self.places} != set(range(len(kinds))):
            raise LookupError(f"A value of the query is not among its parameters: {self.sql}")
        if self.compiler.has_extra_select:
            raise LookupError(f"The query selects what it does not return, to sort by it: {self.sql}")
        # From here on the ORM makes rows of what this statement fetches.
        self.queryset.query.get_compiler = lambda *_args, **_kwargs: self.compiler  # type: ignore[method-assign]
        self.compiler.execute_sql = self._fetch  # type: ignore[method-assign]
        fields = [column[0] for column in self.compiler.select[: self.compiler.col_count]]
        converters = self.compiler.get_converters(fields)
        self.compiler.get_converters = lambda _fields: converters  # type: ignore[method-assign]
        self.given: list[Any] = []

    def rows(self, values: tuple[Any, ...]) -> list[Row]:
        """Run it."""
        adapted = [_adapted(self.connection, value) for value in values]
        self.given = self.parameters.copy()
        for place, number, kind in self.places:
            self.given[place] = kind(adapted[number]) if kind else adapted[number]
        return list(self.queryset._iterable_class(self.queryset))

    def _fetch(self, *_args: Any, **_kwargs: Any) -> list[list[tuple[Any, ...]]]:
        with self._cursor() as cursor:
            cursor.execute(self.sql, self.given)
            return [cursor.fetchall()]

    def _cursor(self) -> CursorWrapper:
        """On PostgreSQL a cursor whose statements the server keeps prepared, so that it plans them once as well."""
        connection = self.connection
        if connection.vendor != "postgresql":
            return connection.cursor()
        connection.close_if_health_check_failed()
        connection.ensure_connection()
        return connection._prepare_cursor(ServerBindingCursor(connection.connection))


def _adapted(connection: BaseDatabaseWrapper, value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, dt.date):
        return connection.ops.adapt_datefield_value(value)
    return value
