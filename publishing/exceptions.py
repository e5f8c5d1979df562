"""Refusals of publication, with sentences for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cms.exceptions import PortalError

if TYPE_CHECKING:
    from publishing.models import IndexRelease


class PublishingError(PortalError):
    """A release or a page cannot be made or published as asked."""


class ReleaseAbsent(PublishingError):
    """There is no such release for citizens at this moment: unknown, not approved, or before its time."""

    def __init__(self, message: str, *, code: str = "absent") -> None:
        super().__init__(message, code=code)


class ReleaseWithdrawn(PublishingError):
    """The release was public and was withdrawn; `release` says when and why."""

    def __init__(self, message: str, *, release: IndexRelease, code: str = "withdrawn") -> None:
        super().__init__(message, code=code)
        self.release = release
