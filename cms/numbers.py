"""Numbers as people type and read them. Points are `Decimal`; nothing here touches a float."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cms.exceptions import PortalError

_PLAIN = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:([., '\u00a0\u202f])[0-9]{3})+(?:[.,][0-9]+)?", re.ASCII)
_MAYBE_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}([.,])[0-9]{3}", re.ASCII)
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
    single separator is a decimal sign: "1.234" is one and a bit. What a person types for a figure that may be above a
    thousand goes through `read_number`.
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


def read_number(text: str, *, largest: Decimal | None = None) -> Decimal:
    """Read what a person types into a field: as `parse_decimal`, but a figure that may mean thousands is asked back.

    `largest` is the largest figure that the field takes, None where there is no bound. Raises `NumberError`.
    """
    refuse_doubtful_separator(text, largest=largest)
    return parse_decimal(text)


def refuse_doubtful_separator(text: str, *, largest: Decimal | None = None) -> None:
    """Refuse "1.500" with a `NumberError`: it is written for 1500 as well, and read as 1,5 it would cost points.

    On English pages "1,500" is as doubtful. Where 1500 is above `largest` only one and a half can be meant, and nothing
    is refused.
    """
    typed = text.strip()
    if not _is_doubtful(typed):
        return
    number = Decimal(typed.replace(",", "."))
    whole = number * 1000
    if largest is None or whole <= largest:
        raise NumberError(
            _("“%(text)s” can be read in two ways. Type %(whole)s, or %(decimal)s.")
            % {"text": typed, "whole": f"{whole:.0f}", "decimal": typed_number(number)},
            code="grouped",
        )


def typed_number(value: Decimal) -> str:
    """Return the number as a person types it on a page in this language, so that `read_number` is in no doubt."""
    text = exact(value)
    return f"{text}0" if _is_doubtful(text) else text


def _is_doubtful(typed: str) -> bool:
    found = _MAYBE_GROUPED.fullmatch(typed)
    return found is not None and (found[1] == "." or _is_english())


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
