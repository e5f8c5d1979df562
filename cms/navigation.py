"""What other rooms put into the menus: items of the workspace, things to do, links at the end of public pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class NavItem:
    """A link of the workspace's menu. `icon` is a heroicons name."""

    label: str
    url: str
    icon: str = ""
    active: bool = False


@dataclass(frozen=True, slots=True)
class Todo:
    """Something that waits for the user. `kind` chooses its mark ("form", "sign", "appraise", "explain" ...)."""

    title: str
    url: str
    due: dt.datetime | None = None
    kind: str = ""


ItemFunction = Callable[[HttpRequest], Iterable[NavItem]]
TodoFunction = Callable[[Any], Iterable[Todo]]
LinkFunction = Callable[[], Iterable[NavItem]]
_items: list[ItemFunction] = []
_links: list[LinkFunction] = []
_todos: list[TodoFunction] = []


def register_workspace_item(function: ItemFunction) -> ItemFunction:
    """Register a function that returns the menu items the request's user should see, in order of registration."""
    if function not in _items:
        _items.append(function)
    return function


def register_todo(function: TodoFunction) -> TodoFunction:
    """Register a function that returns what waits for a user."""
    if function not in _todos:
        _todos.append(function)
    return function


def register_public_links(function: LinkFunction) -> LinkFunction:
    """Register a function that returns links for the end of every public page, the same for everybody."""
    if function not in _links:
        _links.append(function)
    return function


def public_links() -> list[NavItem]:
    """Return the links for the end of public pages, in the active language."""
    return [link for function in _links for link in function()]


def workspace_items(request: HttpRequest) -> list[NavItem]:
    """Return the workspace's menu for the request."""
    return [item for function in _items for item in function(request)]


def todos_for(user: Any) -> list[Todo]:
    """Return everything that waits for the user, the nearest deadline first, then what has none."""
    found = [todo for function in _todos for todo in function(user)]
    return sorted(found, key=lambda todo: (todo.due is None, todo.due or dt.datetime.max.replace(tzinfo=dt.UTC)))
