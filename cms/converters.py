"""Parts of addresses."""

from django.urls.converters import IntConverter


class IdConverter(IntConverter):
    """The number of a row: one that the database can hold, so that a longer one is not found instead of an error."""

    regex = "[0-9]{1,18}"
