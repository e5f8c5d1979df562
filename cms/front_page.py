"""Blocks that other rooms give to the front page and to sections: latest results, calendar of rounds, plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.http import HttpRequest


def public_pages(pages: Any, request: HttpRequest) -> Any:
    """Return the pages of the query that are for everybody, as its `public` does; what is not is asked once."""
    closed: Q | None = getattr(request, "_portal_closed_pages", None)
    if closed is None:
        closed = request._portal_closed_pages = pages.private_q()  # type: ignore[attr-defined]
    return pages.exclude(closed)


@dataclass(frozen=True, slots=True)
class HomeBlock:
    """One block: its own template gets `block` and `data`. `wide` blocks take the whole width; lower `order` first."""

    name: str
    title: str
    template: str
    data: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    link: str = ""
    order: int = 100
    wide: bool = False


BlockFunction = Callable[[HttpRequest], HomeBlock | None]
SectionFunction = Callable[[Any, HttpRequest], HomeBlock | None]
ListFunction = Callable[[Any, Any, HttpRequest], HomeBlock | None]
_blocks: list[BlockFunction] = []
_section_lists: list[ListFunction] = []
_section_blocks: list[SectionFunction] = []


def register_home_block(function: BlockFunction) -> BlockFunction:
    """Register a function that returns a block for the request, or None where there is nothing to show."""
    if function not in _blocks:
        _blocks.append(function)
    return function


def home_blocks(request: HttpRequest) -> list[HomeBlock]:
    """Return the blocks of the front page in their order."""
    found = [block for block in (function(request) for function in _blocks) if block is not None]
    return sorted(found, key=lambda block: block.order)


def register_section_block(function: SectionFunction) -> SectionFunction:
    """Register a function that gets a section page and returns what stands below the list of its pages, or None."""
    if function not in _section_blocks:
        _section_blocks.append(function)
    return function


def register_section_list(function: ListFunction) -> ListFunction:
    """Register a function that gets those of a section's pages that a plain list would show, and the query of all.

    It returns a list of its own, or None. What is shown is loaded already, so that a look at it costs no query.
    """
    if function not in _section_lists:
        _section_lists.append(function)
    return function


def section_list(shown: Any, below: Any, request: HttpRequest) -> HomeBlock | None:
    """Return the list that a room has for these pages, None where the plain one does."""
    return next((found for function in _section_lists if (found := function(shown, below, request)) is not None), None)


def section_blocks(page: Any, request: HttpRequest) -> list[HomeBlock]:
    """Return the blocks of a section page in their order."""
    found = [block for block in (function(page, request) for function in _section_blocks) if block is not None]
    return sorted(found, key=lambda block: block.order)
