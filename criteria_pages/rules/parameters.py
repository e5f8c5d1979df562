"""Parameters of rules as declarations: from one declaration come the editor's block, the check and the typed value."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cms.dates import check_year
from cms.exceptions import PortalError
from cms.numbers import exact, parse_decimal
from criteria_pages.definition import plain

MAX_ITEMS = 50


@dataclass(frozen=True)
class Parameter:
    """One parameter of a rule.

    `kind`: text | decimal | integer | boolean | date | choice | list (of objects with `items`, matched by the first
    item when two editions are compared; `row` says what a folded row is called, see `blocks.rules.RowBlock`). In JSON
    numbers and dates are text, booleans true/false. `minimum` bounds numbers; `default` is taken where the parameter is
    absent. `scores`: a text that points depend on (a formula).
    """

    name: str
    kind: str
    label: Any
    help: Any = ""
    required: bool = True
    default: Any = None
    minimum: Decimal | None = None
    choices: tuple[tuple[str, Any], ...] = ()
    items: tuple[Parameter, ...] = ()
    row: Any = ""
    max_length: int = 500
    scores: bool = False

    @property
    def is_wording(self) -> bool:
        """Whether a change of it is a change of words only."""
        return self.kind == "text" and not self.scores

    def in_words(self, value: Any) -> str:
        """Return a typed value for people."""
        match value:
            case None | "":
                return ""
            case bool():
                return _("Yes") if value else _("No")
            case Decimal():
                return exact(value)
            case dt.date():
                return f"{value:%d/%m/%Y}"
        if self.kind == "choice":
            return str(dict(self.choices).get(value, value))
        return str(value)


class _ProblemError(Exception):
    """A sentence on one parameter."""


def read_parameters(declared: Iterable[Parameter], raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return typed values of the declared parameters and the sentences on what cannot be read."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    declared = tuple(declared)
    unknown = sorted(set(raw) - {p.name for p in declared})
    if unknown:
        problems.append(_("Unknown parameters: %(names)s.") % {"names": ", ".join(unknown)})
    for parameter in declared:
        value = raw.get(parameter.name)
        if value in (None, "", []):
            values[parameter.name] = () if parameter.kind == "list" else parameter.default
            if parameter.required and parameter.default is None:
                problems.append(_("“%(label)s” is missing.") % {"label": parameter.label})
            continue
        if parameter.kind == "list":
            values[parameter.name], found = _read_list(parameter, value)
            problems += found
            continue
        try:
            values[parameter.name] = _READERS[parameter.kind](parameter, value)
        except _ProblemError as problem:
            problems.append(f"{parameter.label}: {problem}")
    return values, problems


def canonical_parameters(declared: Iterable[Parameter], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON form of parameters: blanks and "no" left out, numbers plain, unreadable values as they are.

    Defaults are written out, so that a later change of a default cannot change a frozen edition. "1,50" and "1.5" in
    the editor give the same edition hash.
    """
    result: dict[str, Any] = {}
    for parameter in declared:
        value = raw.get(parameter.name)
        if value in (None, "", []):
            continue
        if parameter.kind == "list":
            result[parameter.name] = [canonical_parameters(parameter.items, item) for item in value]
            continue
        try:
            typed = _READERS[parameter.kind](parameter, value)
        except _ProblemError:
            result[parameter.name] = str(value)
            continue
        if typed is not False:
            result[parameter.name] = _as_json(typed)
    return result


def _as_json(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, int):
        return value
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def _read_list(parameter: Parameter, value: Any) -> tuple[tuple[dict[str, Any], ...], list[str]]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, Mapping) for item in value):
        return (), [_("“%(label)s” is not a list of rows.") % {"label": parameter.label}]
    if len(value) > MAX_ITEMS:
        return (), [
            _("“%(label)s” has %(count)s rows; at most %(limit)s are allowed.")
            % {"label": parameter.label, "count": len(value), "limit": MAX_ITEMS}
        ]
    rows, problems = [], []
    for position, item in enumerate(value, 1):
        row, found = read_parameters(parameter.items, item)
        rows.append(row)
        problems += [
            _("%(label)s, row %(row)s: %(problem)s") % {"label": parameter.label, "row": position, "problem": problem}
            for problem in found
        ]
    return tuple(rows), problems


def _read_text(parameter: Parameter, value: Any) -> str:
    text = str(value).strip()
    if len(text) > parameter.max_length:
        raise _ProblemError(_("the text is longer than %(limit)s characters.") % {"limit": parameter.max_length})
    return text


def _read_decimal(parameter: Parameter, value: Any) -> Decimal:
    if isinstance(value, float):
        value = repr(value)
    try:
        number = parse_decimal(str(value))
    except PortalError as error:
        raise _ProblemError(error.message) from None
    if parameter.minimum is not None and number < parameter.minimum:
        raise _ProblemError(_("%(value)s is less than %(minimum)s.") % {"value": value, "minimum": parameter.minimum})
    return number


def _read_integer(parameter: Parameter, value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
        raise _ProblemError(_("“%(text)s” is not a whole number.") % {"text": text})
    number = int(text)
    if parameter.minimum is not None and number < parameter.minimum:
        raise _ProblemError(_("%(value)s is less than %(minimum)s.") % {"value": number, "minimum": parameter.minimum})
    return number


def _read_boolean(parameter: Parameter, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in {"true", "false"}:
        return str(value).lower() == "true"
    raise _ProblemError(_("“%(text)s” is neither yes nor no.") % {"text": value})


def _read_date(parameter: Parameter, value: Any) -> dt.date:
    if isinstance(value, dt.date):
        return value
    try:
        found = dt.date.fromisoformat(str(value).strip())
        check_year(found)
    except ValueError:
        raise _ProblemError(_("“%(text)s” is not a date (year-month-day).") % {"text": value}) from None
    except PortalError as error:
        raise _ProblemError(str(error.message)) from None
    return found


def _read_choice(parameter: Parameter, value: Any) -> str:
    if value not in {choice for choice, _label in parameter.choices}:
        raise _ProblemError(_("“%(text)s” is not one of the choices.") % {"text": value})
    return str(value)


_READERS = {
    "text": _read_text,
    "decimal": _read_decimal,
    "integer": _read_integer,
    "boolean": _read_boolean,
    "date": _read_date,
    "choice": _read_choice,
}
