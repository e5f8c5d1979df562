"""How a cell becomes a value. Strict: what would need guessing is refused with a sentence (a `ValidationError`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from import_export import widgets

from cms.exceptions import PortalError
from cms.numbers import parse_decimal
from cms.text import fold

_DATE_FORMS = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d")
_YES = frozenset({"x", "1", "co", "yes", "true", "dung"})
_NO = frozenset({"0", "khong", "no", "false", "sai"})


class TextWidget(widgets.Widget):
    """Text. A number in the cell is taken as the digits it shows."""

    def __init__(self, *, required: bool = False, max_length: int | None = None) -> None:
        super().__init__()
        self.required, self.max_length = required, max_length

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        """Return the text, "" for an empty cell."""
        text = "" if value is None else str(value)
        if self.required and not text:
            raise ValidationError(_("Fill in this cell."), code="required")
        if self.max_length is not None and len(text) > self.max_length:
            raise ValidationError(_("At most %(count)d characters.") % {"count": self.max_length}, code="too_long")
        return text

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        """Return the text as it is."""
        return "" if value is None else str(value)


class CodeWidget(TextWidget):
    """A code such as 1.10, which as a number would become 1.1: only text and whole numbers are taken."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        """Return the code."""
        if isinstance(value, Decimal):
            raise ValidationError(
                _("This code is stored as a number, so 1.10 and 1.1 look alike. Format the column as text."),
                code="code_is_number",
            )
        return super().clean(value, row, **kwargs)


class StrictDecimalWidget(widgets.Widget):
    """A decimal: a number cell, or text with one decimal comma or point; never thousand separators, never a float."""

    def __init__(
        self,
        *,
        required: bool = False,
        minimum: Decimal | None = None,
        maximum: Decimal | None = None,
        places: int | None = None,
    ) -> None:
        super().__init__()
        self.required, self.minimum, self.maximum, self.places = required, minimum, maximum, places

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Decimal | None:
        """Return the number, None for an empty cell."""
        if value is None or value == "":
            if self.required:
                raise ValidationError(_("Fill in this cell."), code="required")
            return None
        number = _decimal(value)
        if self.minimum is not None and number < self.minimum:
            raise ValidationError(_("Not below %(limit)s.") % {"limit": self.minimum}, code="too_small")
        if self.maximum is not None and number > self.maximum:
            raise ValidationError(_("Not above %(limit)s.") % {"limit": self.maximum}, code="too_large")
        exponent = number.as_tuple().exponent
        if self.places is not None and isinstance(exponent, int) and -exponent > self.places:
            if number != round(number, self.places):
                raise ValidationError(_("At most %(count)d decimals.") % {"count": self.places}, code="too_many_places")
            number = round(number, self.places)
        return number

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        """Return the number itself."""
        return value


class StrictIntegerWidget(StrictDecimalWidget):
    """A whole number."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int | None:  # type: ignore[override]
        """Return the number, None for an empty cell."""
        number = super().clean(value, row, **kwargs)
        if number is None:
            return None
        if number != number.to_integral_value():
            raise ValidationError(_("A whole number is needed here."), code="not_whole")
        return int(number)


class StrictDateWidget(widgets.Widget):
    """A day: a date cell, or text as 25/01/2024 or 2024-01-25."""

    def __init__(self, *, required: bool = False) -> None:
        super().__init__()
        self.required = required

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> dt.date | None:
        """Return the day, None for an empty cell."""
        if value is None or value == "":
            if self.required:
                raise ValidationError(_("Fill in this cell."), code="required")
            return None
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.date):
            return value
        for form in _DATE_FORMS:
            try:
                return dt.datetime.strptime(str(value), form).date()  # noqa: DTZ007 -- a day has no time zone
            except ValueError:
                continue
        raise ValidationError(
            _("“%(text)s” is not a date. Write it as 25/01/2024.") % {"text": value}, code="not_a_date"
        )

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        """Return the day itself."""
        return value


class YesNoWidget(widgets.Widget):
    """Yes or no: x, có, 1, yes; không, 0, no; an empty cell is no."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        """Return the answer."""
        if isinstance(value, bool):
            return value
        text = "" if value is None else fold(str(value))
        if text in _YES:
            return True
        if not text or text in _NO:
            return False
        raise ValidationError(_("Write x or leave the cell empty."), code="not_yes_no")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return x or nothing."""
        return "x" if value else ""


class LookupWidget(CodeWidget):
    """An object named by its code, found in a dictionary that is filled once: no query per row."""

    def __init__(
        self, found: Mapping[str, Any] | Callable[[str], Any], *, required: bool = True, missing: str = ""
    ) -> None:
        super().__init__(required=required)
        self._find = found.get if isinstance(found, Mapping) else found
        self._missing = missing

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """Return the object, None for an empty cell that need not be filled."""
        code = super().clean(value, row, **kwargs)
        if not code:
            return None
        thing = self._find(code)
        if thing is None:
            raise ValidationError(self._missing or _("There is no “%(code)s”.") % {"code": code}, code="unknown")
        return thing

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        """Return the code."""
        return "" if value is None else str(getattr(value, "code", value))


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise ValidationError(_("A number is needed here."), code="not_a_number")
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    if not isinstance(value, str):
        raise ValidationError(_("A number is needed here."), code="not_a_number")
    try:
        return parse_decimal(value)
    except PortalError as refusal:
        raise ValidationError(refusal.message, code=refusal.code) from refusal
