"""A problem of a criteria set: what is wrong, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from criteria_pages.exceptions import CriteriaError


@dataclass(frozen=True, slots=True)
class Problem:
    """`code`: the node's code ("" for the whole set). `path`: the place in words ("1 › 1.2 › 1.2.3").

    `position`: indices of domain, criterion and sub-criterion from 0, as deep as the node lies; () for the whole set.
    `field`: the name of the node's or the page's field in which it is mended ("" where there is no single one).
    """

    code: str
    message: str
    path: str = ""
    position: tuple[int, ...] = ()
    field: str = ""

    @property
    def place(self) -> str:
        """The place as an address inside the editor ("0-1-2:maximum", ":declared_total")."""
        return f"{'-'.join(map(str, self.position))}:{self.field}"

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class PublishRefused(CriteriaError):
    """The set has problems and is not published. `problems` has all of them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        head = _("Not published: the set has %(count)s problems.") % {"count": len(self.problems)}
        super().__init__(" ".join([head, *(f"{problem}" for problem in self.problems[:20])]), code="publish_refused")
