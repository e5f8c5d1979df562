"""Finds the screens that a visitor or an account can reach by links, some of each kind."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from django.urls import Resolver404, resolve

from bs4 import BeautifulSoup
from playwright.sync_api import APIRequestContext, APIResponse

# Ways out, files and machine-readable addresses are no screens.
NO_SCREEN = re.compile(
    r"dang-xuat|/admin/|/api/|/files/|/documents/|/static/|/media/|/feed"
    r"|\.(?:xml|csv|xlsx|json|ics|pdf|docx|zip|txt|rss|atom|ttl|jsonld)$"
)


@dataclass(frozen=True)
class Screen:
    """One HTML screen that a link leads to. `acts`: whether it offers something to do by a form."""

    path: str
    route: str
    acts: bool

    @property
    def kind(self) -> tuple[str, bool]:
        """What kind of screen it is: a form that is open looks unlike the same form when it is closed."""
        return self.route, self.acts


def kind_of(path: str) -> str:
    """Return what kind of screen stands at the path: the route, and for pages of the tree section and depth.

    The same in both languages: routes are looked up without the prefix, which counts only where English is active.
    """
    try:
        match = resolve(path.removeprefix("/en") if path.startswith("/en/") else path)
    except Resolver404:
        return path
    if match.view_name != "wagtail_serve":
        return match.view_name or match.route
    parts = [part for part in path.strip("/").split("/") if part and part != "en"]
    return f"page:{parts[0] if parts else ''}:{len(parts)}"


def is_public_screen(path: str) -> bool:
    """Whether the path may lead to a screen outside the admin."""
    return not NO_SCREEN.search(path)


def walk(
    request: APIRequestContext,
    start: list[str],
    *,
    per_kind: int = 2,
    limit: int = 400,
    follow: Callable[[str], bool] = is_public_screen,
) -> Iterator[Screen]:
    """Yield the HTML screens that links lead to from the start, at most `per_kind` of a route, in order."""
    seen, counts = set(start), Counter()
    queue = deque((path, "") for path in start)

    def enqueue(path: str, query: str = "") -> None:
        # Filters and sort orders of a list are the same screen; a page number is kept out for the same reason.
        if path not in seen and follow(path):
            seen.add(path)
            queue.append((path, query))

    while queue and len(seen) < 5000 and counts.total() < limit:
        path, query = queue.popleft()
        route = kind_of(urlsplit(path).path)
        answer = _screen(request, path, query) if counts[route] < per_kind else None
        if answer is None:
            continue
        if urlsplit(answer.url).path != urlsplit(path).path:
            # Sent on (to the sign-in, say): what counts is where one arrives.
            enqueue(urlsplit(answer.url).path)
            continue
        counts[route] += 1
        page = BeautifulSoup(answer.text(), "html.parser")
        acts = page.select_one("main form[method=post]") is not None
        yield Screen(path=urlunsplit(("", "", *urlsplit(answer.url)[2:4], "")), route=route, acts=acts)
        for parts in _links(page, answer.url):
            enqueue(parts.path, parts.query)


def _screen(request: APIRequestContext, path: str, query: str) -> APIResponse | None:
    """Return the HTML at the path, or None. Some screens need to be told what to show (two editions to compare, say).

    Raises AssertionError for an answer of 500.
    """
    found = None
    for address in (path, f"{path}?{query}") if query else (path,):
        answer = request.get(address)
        if answer.status >= 500:
            raise AssertionError(f"{address} answers {answer.status}")
        if answer.status == 200 and "text/html" in answer.headers.get("content-type", ""):
            if urlsplit(answer.url).path == urlsplit(path).path:
                return answer
            # Sent on, perhaps because it was not told what to show.
            found = found or answer
    return found


def _links(page: BeautifulSoup, base: str) -> Iterator[SplitResult]:
    """Yield where the page's links within the portal lead, downloads left out."""
    for link in page.find_all("a", href=True):
        parts = urlsplit(urljoin(base, link["href"]))
        if parts.netloc == urlsplit(base).netloc and not link.has_attr("download"):
            yield parts


def reachable(request: APIRequestContext, start: list[str], *, per_kind: int = 2, limit: int = 400) -> list[str]:
    """Return the paths of HTML screens that links lead to from the start, at most `per_kind` of a kind, in order."""
    return [screen.path for screen in walk(request, start, per_kind=per_kind, limit=limit)]
