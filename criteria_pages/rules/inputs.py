"""Typed text to canonical inputs, for the form, autosave, the workbook and the API alike."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.utils.translation import gettext as _

from cms.dates import check_year
from cms.exceptions import PortalError
from cms.numbers import exact, parse_decimal, refuse_doubtful_separator
from criteria_pages.definition import plain
from criteria_pages.exceptions import CriteriaError, InputError
from criteria_pages.rules.base import InputField

_VIETNAMESE_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
MAX_DIGITS_BEFORE, MAX_DECIMALS = 15, 10
_TRUE = {"true", "1", "on", "yes", "x", "có", "đúng"}
_FALSE = {"false", "0", "off", "no", "không", "sai"}


class InputErrors(CriteriaError):
    """All inputs of a leaf that cannot be read, at once. `errors` has one InputError per field."""

    def __init__(self, errors: list[InputError]) -> None:
        super().__init__(" ".join(error.message for error in errors), code="invalid_inputs")
        self.errors = errors


def canonical_inputs(fields: Iterable[InputField], raw: Mapping[str, str]) -> dict[str, str]:
    """Return the typed inputs in canonical text. Blank inputs are left out, so a half-filled answer can be kept.

    "1.500" is refused where it can be read in two ways: see `cms.numbers.read_number`.
    Raises `InputErrors` naming every field that holds something unreadable or out of bounds.
    """
    result: dict[str, str] = {}
    errors: list[InputError] = []
    for field in fields:
        text = str(raw.get(field.name) or "").strip()
        if not text:
            continue
        try:
            if field.kind in {"decimal", "integer"}:
                refuse_doubtful_separator(text, largest=field.maximum)
            result[field.name] = _READERS[field.kind](field, text)
        except PortalError as error:
            errors.append(_input_error(field, error))
    if errors:
        raise InputErrors(errors)
    return result


def decimal_input(inputs: Mapping[str, str], field: InputField) -> Decimal:
    """Return a canonical decimal or integer input; InputError where it is absent or out of bounds."""
    text = str(inputs.get(field.name, "")).strip()
    if not text:
        raise InputError(_("“%(label)s” is not filled in.") % {"label": field.label}, field=field.name, code="missing")
    try:
        return Decimal(_READERS[field.kind](field, text))
    except PortalError as error:
        raise _input_error(field, error) from None


def choice_input(inputs: Mapping[str, str], field: InputField) -> str:
    """Return a choice input; InputError where it is absent or unknown."""
    text = str(inputs.get(field.name, "")).strip()
    if not text:
        raise InputError(_("“%(label)s” is not filled in.") % {"label": field.label}, field=field.name, code="missing")
    try:
        return _read_choice(field, text)
    except PortalError as error:
        raise _input_error(field, error) from None


def date_input(inputs: Mapping[str, str], field: InputField) -> dt.date:
    """Return a date input; InputError where it is absent or not a date."""
    text = str(inputs.get(field.name, "")).strip()
    if not text:
        raise InputError(_("“%(label)s” is not filled in.") % {"label": field.label}, field=field.name, code="missing")
    try:
        return dt.date.fromisoformat(_read_date(field, text))
    except PortalError as error:
        raise _input_error(field, error) from None


def _input_error(field: InputField, error: PortalError) -> InputError:
    """Return the error with the input's label, for places where it stands apart from the input."""
    return InputError(f"{field.label}: {error.message}", field=field.name, code=error.code, beside=str(error.message))


def _bounded(field: InputField, number: Decimal) -> Decimal:
    if number.adjusted() >= MAX_DIGITS_BEFORE or -int(number.as_tuple().exponent) > MAX_DECIMALS:
        raise PortalError(
            _("Enter at most %(digits)s digits before and %(decimals)s after the decimal sign.")
            % {"digits": MAX_DIGITS_BEFORE, "decimals": MAX_DECIMALS},
            code="too_many_digits",
        )
    if field.minimum is not None and number < field.minimum:
        raise PortalError(
            _("%(value)s is less than %(minimum)s.") % {"value": exact(number), "minimum": exact(field.minimum)},
            code="too_small",
        )
    if field.maximum is not None and number > field.maximum:
        raise PortalError(
            _("%(value)s is more than %(maximum)s.") % {"value": exact(number), "maximum": exact(field.maximum)},
            code="too_large",
        )
    if field.step and number % field.step:
        raise PortalError(
            _("%(value)s is not a multiple of %(step)s.") % {"value": exact(number), "step": exact(field.step)},
            code="off_step",
        )
    return number


def _read_decimal(field: InputField, text: str) -> str:
    return plain(_bounded(field, parse_decimal(text)))


def _read_integer(field: InputField, text: str) -> str:
    number = parse_decimal(text)
    if number != number.to_integral_value():
        raise PortalError(_("%(value)s is not a whole number.") % {"value": exact(number)}, code="not_whole")
    return plain(_bounded(field, number.to_integral_value()))


def _read_date(field: InputField, text: str) -> str:
    match = _VIETNAMESE_DATE.fullmatch(text)
    try:
        if match:
            day, month, year = map(int, match.groups())
            found = dt.date(year, month, day)
        else:
            found = dt.date.fromisoformat(text)
    except ValueError:
        raise PortalError(
            _("“%(text)s” is not a date. Write day/month/year, for instance 25/01/2024.") % {"text": text},
            code="not_a_date",
        ) from None
    check_year(found)
    return found.isoformat()


def _read_choice(field: InputField, text: str) -> str:
    if text not in {value for value, _label in field.choices}:
        raise PortalError(_("“%(text)s” is not one of the choices.") % {"text": text}, code="unknown_choice")
    return text


def _read_boolean(field: InputField, text: str) -> str:
    folded = text.casefold()
    if folded in _TRUE:
        return "true"
    if folded in _FALSE:
        return "false"
    raise PortalError(_("“%(text)s” is neither yes nor no.") % {"text": text}, code="not_boolean")


_READERS = {
    "decimal": _read_decimal,
    "integer": _read_integer,
    "date": _read_date,
    "choice": _read_choice,
    "boolean": _read_boolean,
}
