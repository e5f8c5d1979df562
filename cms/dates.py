"""Dates that people type: a year that can only be a slip of the finger is refused at once."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cms.exceptions import PortalError

# Documents of the present state go back to 1945; nothing that is planned or promised here reaches beyond the century.
EARLIEST_YEAR, LATEST_YEAR = 1945, 2100


class DateError(PortalError):
    """A date cannot be meant."""


def check_year(day: dt.date) -> None:
    """Raise `DateError` with a sentence where the year of a date (or moment) cannot be meant."""
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise DateError(
            _("%(day)s cannot be right: the year must lie between %(first)s and %(last)s. Check what was typed.")
            % {"day": f"{day.day:02}/{day.month:02}/{day.year}", "first": EARLIEST_YEAR, "last": LATEST_YEAR},
            code="implausible_date",
        )


def validate_year(day: dt.date) -> None:
    """The same for form fields."""
    try:
        check_year(day)
    except DateError as error:
        raise ValidationError(str(error.message), code="implausible_date") from error
