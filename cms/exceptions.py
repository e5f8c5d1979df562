"""Errors whose message may be shown to the user as it is."""


class PortalError(Exception):
    """A refusal with a sentence for the user: what happened, where, and how to mend it."""

    def __init__(self, message: str, *, code: str = "refused") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class PermissionRefused(PortalError):
    """The actor may not do this to this object."""

    def __init__(self, message: str, *, code: str = "not_permitted") -> None:
        super().__init__(message, code=code)
