"""Errors of criteria with sentences for the user."""

from cms.exceptions import PortalError


class CriteriaError(PortalError):
    """A criteria set, an edition or a rule cannot be used as asked."""


class InputError(CriteriaError):
    """An input of a leaf cannot be read or scored. `field` names the input.

    `beside` is the same sentence without the input's label, for a form that shows it at the input itself.
    """

    def __init__(self, message: str, *, field: str, code: str = "invalid_input", beside: str = "") -> None:
        super().__init__(message, code=code)
        self.field = field
        self.beside = beside or message
