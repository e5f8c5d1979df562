"""The base of all import resources: strict cells, problems by cell, keys checked within the file, no query per row.

Fields, widgets and exports are django-import-export's; the loop over rows is ours, because its dry run writes every row
and rolls back, which costs as much as the import (docs/adr/0005). Here a check runs the same code and writes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models.fields import NOT_PROVIDED
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from import_export import resources
from import_export.fields import Field
from import_export.widgets import ManyToManyWidget

from cms.exceptions import PortalError
from cms.models import User
from cms.numbers import exact
from cms.spreadsheets.reading import Table

MAX_PROBLEMS = 500
SAMPLE = 20
_PROGRESS_EVERY = 500
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell, or with the row where `column` is empty. `cell` is its address in the sheet."""

    row: int
    column: str
    cell: str
    value: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """Return the problem as JSON data."""
        return {name: getattr(self, name) for name in ("row", "column", "cell", "value", "message")}


@dataclass(slots=True)
class Outcome:
    """What a check found or an import did."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    stopped: bool = False
    sample: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as JSON data."""
        return {
            "rows": self.rows,
            "new": self.new,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "problems": [problem.to_json() for problem in self.problems],
            "stopped": self.stopped,
            "sample": self.sample,
        }


class _Stop(Exception):
    """Enough problems were found."""


class BaseResource(resources.ModelResource):
    """Base of import resources. Fields are declared with `import_export.fields.Field` and this package's widgets.

    Subclasses set `Meta.model`, `Meta.fields` and `Meta.import_id_fields` (the key, by field names) and usually:
    `prepare(table)` to fill dictionaries once (`self.writes` says whether rows will be stored, so that it may lock),
    `find(row)` to return the stored object of a row's key from them, `write_new(instances)` and
    `write_changed(instances)` where rows are stored by a domain function.
    Cells are checked by the widgets; with `full_validation` each object also by `full_clean`, which asks the database
    and so is for small registers only.
    """

    full_validation: ClassVar[bool] = False

    class Meta:
        batch_size = 2000

    def __init__(self, *, user: User | None = None, context: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.user, self.context = user, dict(context or {})
        self.outcome = Outcome()
        self.writes = False
        self._table = Table(headers=[], rows=[], numbers=[])
        self._seen: dict[tuple[str, ...], int] = {}
        self._plain_fields: list[Field] = []
        self._key_fields: list[Field] = []
        self._key_columns: list[str] = []
        self._column_of: dict[str, str] = {}

    # --- for subclasses ---------------------------------------------------------------------------------------------
    def prepare(self, table: Table) -> None:
        """Load what all rows need, once."""

    def find(self, row: Mapping[str, Any]) -> models.Model | None:
        """Return the stored object with the row's key, or None for a new one. By default asks the database."""
        return self._default_find(row)

    def check_instance(self, instance: models.Model, row: Mapping[str, Any]) -> None:
        """Check what one object alone shows; raise `ValidationError` (by field) or `PortalError`."""

    def after_writing(self) -> None:
        """Do what needs all rows stored, in the transaction of the import."""

    def write_new(self, instances: list[Any]) -> None:
        """Store new objects, in the transaction of the import."""
        self._meta.model._default_manager.bulk_create(instances, batch_size=self._meta.batch_size)

    def write_changed(self, instances: list[Any]) -> None:
        """Store changed objects, in the transaction of the import."""
        self._meta.model._default_manager.bulk_update(
            instances, self.get_bulk_update_fields(), batch_size=self._meta.batch_size
        )

    def snapshot(self, instance: models.Model) -> dict[str, Any]:
        """Return the values by column that decide whether a stored object changes."""
        return {f.column_name: _raw(instance, f) for f in self._plain_fields}

    # --- running ----------------------------------------------------------------------------------------------------
    def run(self, table: Table, *, write: bool, progress: Progress | None = None) -> Outcome:
        """Check all rows, and store them where `write` is set and no problem was found.

        The caller opens the transaction for writing and rolls it back when `outcome.problems` is not empty: batches
        before the first problem are stored by then.
        """
        self.writes = write
        self._table, self.outcome, self._seen = table, Outcome(rows=len(table)), {}
        self._name_parts(table)
        self.prepare(table)
        try:
            for position, cells in enumerate(table.rows):
                if progress is not None and position % _PROGRESS_EVERY == 0:
                    progress(position, len(table), "")
                self._row(position, dict(zip(table.headers, cells, strict=True)), write=write)
        except _Stop:
            self.outcome.stopped = True
        if write:
            self._flush(everything=True)
            if not self.outcome.problems:
                self.after_writing()
        if progress is not None:
            progress(len(table), len(table), "")
        return self.outcome

    def add_problem(self, position: int, name: str, row: Mapping[str, Any], message: str) -> None:
        """Note a problem of the row at the position; `name` is a column, a model field or nothing."""
        column = name if name in self._table.headers else self._column_of.get(name, "")
        sheet_row = self._table.numbers[position]
        address = ""
        if column and self._table.columns:
            address = f"{self._table.columns[self._table.headers.index(column)]}{sheet_row}"
        self.outcome.problems.append(
            Problem(row=sheet_row, column=column, cell=address, value=_shown(row.get(column)), message=message)
        )
        if len(self.outcome.problems) >= MAX_PROBLEMS:
            raise _Stop

    # --- one row ----------------------------------------------------------------------------------------------------
    def _row(self, position: int, row: dict[str, Any], *, write: bool) -> None:
        try:
            self._refuse_doubled_key(position, row)
            instance = self.find(row)
            before = None if instance is None else self.snapshot(instance)
            if instance is None:
                instance = self.init_instance(row)
            self.import_instance(instance, row)
            if before is not None and before == self.snapshot(instance):
                self.outcome.unchanged += 1
                return
            if self.full_validation:
                instance.full_clean()
            self.check_instance(instance, row)
        except ValidationError as error:
            for name, messages in _by_field(error).items():
                for message in messages:
                    self.add_problem(position, name, row, message)
            return
        except PortalError as refusal:
            self.add_problem(position, getattr(refusal, "field", ""), row, str(refusal.message))
            return
        self._count(position, row, before)
        if write:
            (self.create_instances if before is None else self.update_instances).append(instance)
            self._flush()

    def import_instance(self, instance: models.Model, row: Mapping[str, Any], **kwargs: Any) -> None:
        """Set the fields, gathering what is wrong with every cell of the row."""
        errors: dict[str, Any] = {}
        for column, attribute, clean, f in self._plans:
            try:
                if attribute:
                    setattr(instance, attribute, clean(row[column], row))
                else:
                    f.save(instance, row)
            except ValidationError as error:
                errors[column] = error.messages
            except PortalError as refusal:
                errors[column] = [str(refusal.message)]
        if errors:
            raise ValidationError(errors)

    def _name_parts(self, table: Table) -> None:
        """Find out once what every row needs: fields in the file, key columns, columns of model fields."""
        fields = [f for f in self.get_import_fields() if f.column_name in table.headers and not f.readonly]
        self._plain_fields = [f for f in fields if f.attribute and not isinstance(f.widget, ManyToManyWidget)]
        self._key_fields = [self.fields[name] for name in self.get_import_id_fields() if name in self.fields]
        self._key_columns = [f.column_name for f in self._key_fields if f.column_name in table.headers]
        self._column_of = {f.attribute: f.column_name for f in self._plain_fields}

    @cached_property
    def _plans(self) -> list[tuple[str, str, Callable[..., Any], Field]]:
        """What is done per cell; asked for after `prepare`, which may set widgets."""
        return [
            # A field with a default or a path of attributes goes the long way through django-import-export.
            (f.column_name, "" if _is_special(f) else f.attribute, f.widget.clean, f)
            for f in self._plain_fields
        ]

    def _refuse_doubled_key(self, position: int, row: Mapping[str, Any]) -> None:
        if not self._key_columns:
            return
        key = tuple([row[column] if type(row[column]) is str else str(row[column]) for column in self._key_columns])
        first = self._seen.setdefault(key, position)
        if first != position:
            raise ValidationError(
                {
                    self._key_columns[-1]: _("The same key stands in row %(row)d already: %(key)s.")
                    % {"row": self._table.numbers[first], "key": " · ".join(key)}
                }
            )

    def _count(self, position: int, row: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
        """Count, and keep the first rows for the preview."""
        if before is None:
            self.outcome.new += 1
        else:
            self.outcome.changed += 1
        if len(self.outcome.sample) < SAMPLE:
            self.outcome.sample.append(
                {
                    "row": self._table.numbers[position],
                    "action": "new" if before is None else "changed",
                    "values": {name: _shown(value) for name, value in row.items()},
                    "before": {name: _shown(value) for name, value in (before or {}).items()},
                }
            )

    def _flush(self, *, everything: bool = False) -> None:
        """Store full batches, or the rest; nothing any more once a problem was found."""
        for batch, store in ((self.create_instances, self.write_new), (self.update_instances, self.write_changed)):
            if batch and (everything or len(batch) >= self._meta.batch_size):
                if not self.outcome.problems:
                    store(batch)
                batch.clear()

    def _default_find(self, row: Mapping[str, Any]) -> models.Model | None:
        values: dict[str, Any] = {}
        for f in self._key_fields:
            try:
                values[f.attribute] = f.clean(row)
            except (ValidationError, PortalError):
                return None  # said again, with its cell, when the field is set
        return self.get_queryset().filter(**values).first() if values else None


def _is_special(f: Field) -> bool:
    return "__" in f.attribute or f.default is not NOT_PROVIDED or not f.saves_null_values or type(f) is not Field


def _raw(instance: models.Model, f: Field) -> Any:
    value = f.get_value(instance)
    return value.pk if isinstance(value, models.Model) else value


def _by_field(error: ValidationError) -> dict[str, list[str]]:
    if hasattr(error, "error_dict"):
        return {("" if name == NON_FIELD_ERRORS else name): texts for name, texts in error.message_dict.items()}
    return {"": error.messages}


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "x" if value else ""
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, dt.datetime):
        return value.strftime("%d/%m/%Y %H:%M")
    if isinstance(value, dt.date):
        return value.strftime("%d/%m/%Y")
    return str(value)[:200]
