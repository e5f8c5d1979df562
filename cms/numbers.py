"""Numbers as people type and read them. Points are `Decimal`; nothing here touches a float."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cms.exceptions import PortalError

_PLAIN = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:([., '\u00a0\u202f])[0-9]{3})+(?:[.,][0-9]+)?", re.ASCII)
_MAYBE_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}", re.ASCII)
MAX_LENGTH = 40
_ID_DIGITS = 18
ABSENT = "—"
# The number and its sign never break apart at the end of a line.
_NO_BREAK_SPACE = "\u00a0"


class NumberError(PortalError):
    """The text is not a number that can be read without guessing."""


def parse_decimal(text: str) -> Decimal:
    """Read a number typed by a person: digits with at most one decimal comma or point ("1,5", "1.5").

    Refuses with a `NumberError` sentence: nothing typed, thousand separators ("1.234,5"), exponents, other text. A
    single separator is a decimal sign: "1.234" is one and a bit. Where a figure may well be above a thousand, ask
    `refuse_doubtful_point` first.
    """
    typed = text.strip()
    if not typed:
        raise NumberError(_("Enter a number."), code="blank")
    if len(typed) > MAX_LENGTH:
        raise NumberError(_("The number is too long."), code="too_long")
    if _PLAIN.fullmatch(typed):
        return Decimal(typed.replace(",", "."))
    if _GROUPED.fullmatch(typed):
        raise NumberError(
            _("“%(text)s” has thousand separators. Type the number without them, for example 1234,5.")
            % {"text": typed},
            code="grouped",
        )
    raise NumberError(
        _("“%(text)s” is not a number. Type digits with at most one decimal comma or point, for example 1,5.")
        % {"text": typed},
        code="not_a_number",
    )


def refuse_doubtful_point(text: str) -> None:
    """Refuse "1.500" with a `NumberError`: in Vietnam it is written for 1500, and read as 1,5 it would cost points."""
    typed = text.strip()
    if _MAYBE_GROUPED.fullmatch(typed):
        raise NumberError(
            _("“%(text)s” can be read in two ways. Type %(whole)s, or with a decimal comma %(decimal)s.")
            % {"text": typed, "whole": typed.replace(".", ""), "decimal": typed.replace(".", ",")},
            code="grouped",
        )


def parse_id(text: str | None) -> int | None:
    """Read a number that an address or a form carries (a key, a version); None for anything else.

    `str.isdigit` alone lets "²" through, and a number too long for the database would be an error of the server.
    """
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS else None


def round_display(value: Decimal, places: int = 2) -> Decimal:
    """Round for display, half away from zero. The portal computes unrounded and rounds only here."""
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return rounded if rounded else abs(rounded)


def format_points(value: Decimal | None, places: int = 2) -> str:
    """Return points as people read them: "92,40" in Vietnamese, "92.40" in English, "—" where there are none."""
    return ABSENT if value is None else _localised(f"{round_display(value, places):f}")


def format_percent(value: Decimal | None, places: int = 2) -> str:
    """Return a figure that already is a percentage (92.4) with its sign: "92,40 %"."""
    return ABSENT if value is None else f"{format_points(value, places)}{_NO_BREAK_SPACE}%"


def exact(value: Decimal | None) -> str:
    """Return all digits of the number for people, without trailing zeros ("1,25"); not for storage or interchange."""
    if value is None:
        return ABSENT
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return _localised("0" if text in {"-0", ""} else text)


def format_count(value: int | None) -> str:
    """Return a count with thousands grouped: "10.035" in Vietnamese, "10,035" in English."""
    if value is None:
        return ABSENT
    text = f"{value:,}"
    return text if _is_english() else text.replace(",", ".")


def _is_english() -> bool:
    return (get_language() or "vi").startswith("en")


def _localised(text: str) -> str:
    return text if _is_english() else text.replace(".", ",")
