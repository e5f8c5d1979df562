"""Refusals of rounds and submissions, with sentences for the user."""

from collections.abc import Mapping

from cms.exceptions import PortalError


class SubmissionError(PortalError):
    """A write or a step was refused."""


class Locked(SubmissionError):
    """The deadline that counts for this unit and leaf has passed, by the server's clock."""

    def __init__(self, message: str, *, code: str = "locked") -> None:
        super().__init__(message, code=code)


class WrongState(SubmissionError):
    """The workflow state does not allow the step."""

    def __init__(self, message: str, *, code: str = "wrong_state") -> None:
        super().__init__(message, code=code)


class DeadlinesRefused(SubmissionError):
    """Deadlines of several phases were refused together; `refusals` says why, by phase."""

    def __init__(self, message: str, *, refusals: Mapping[str, PortalError], code: str = "deadlines_refused") -> None:
        super().__init__(message, code=code)
        self.refusals = refusals


class Incomplete(SubmissionError):
    """The form is not complete; `missing` are the codes of the leaves that lack something."""

    def __init__(self, message: str, *, missing: tuple[str, ...], code: str = "incomplete") -> None:
        super().__init__(message, code=code)
        self.missing = missing


class AlreadySent(WrongState):
    """The form was sent before; `receipt` proves the first sending."""

    def __init__(self, message: str, *, receipt: object, code: str = "already_sent") -> None:
        super().__init__(message, code=code)
        self.receipt = receipt


class FileRefused(SubmissionError):
    """An uploaded file is not what may be kept as evidence."""

    def __init__(self, message: str, *, code: str = "file_refused") -> None:
        super().__init__(message, code=code)


class StaleWrite(SubmissionError):
    """Somebody else stored a newer version; `current` is what is stored now, `typed` what was refused."""

    def __init__(
        self, message: str, *, current: Mapping[str, object], typed: Mapping[str, object], code: str = "stale"
    ) -> None:
        super().__init__(message, code=code)
        self.current = current
        self.typed = typed


class Unfinished(SubmissionError):
    """A round cannot be finalised yet; `readiness` lists what is missing."""

    def __init__(self, message: str, *, readiness: object, code: str = "unfinished") -> None:
        super().__init__(message, code=code)
        self.readiness = readiness
