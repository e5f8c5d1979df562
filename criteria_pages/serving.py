"""What answers a page's addresses: views register themselves here, so that models need not know them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

PageView = Callable[..., HttpResponseBase]
_views: dict[str, PageView] = {}


def serves(name: str) -> Callable[[PageView], PageView]:
    """Register the decorated view `(request, page, **arguments)` under a name."""

    def register(view: PageView) -> PageView:
        _views[name] = view
        return view

    return register


def serve(name: str, request: HttpRequest, page: Any, **arguments: Any) -> HttpResponseBase:
    """Answer with the registered view."""
    return _views[name](request, page, **arguments)
