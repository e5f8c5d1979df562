"""Finds the screens that a visitor or an account can reach by links, some of each kind."""

from __future__ import annotations

import re
from collections import Counter, deque
from urllib.parse import urldefrag, urljoin, urlsplit

from django.urls import Resolver404, resolve

from bs4 import BeautifulSoup
from playwright.sync_api import APIRequestContext

# Ways out, files and machine-readable addresses are no screens.
NO_SCREEN = re.compile(
    r"dang-xuat|/admin/|/api/|/files/|/documents/|/static/|/media/|/feed"
    r"|\.(?:xml|csv|xlsx|json|ics|pdf|docx|zip|txt|rss|atom|ttl|jsonld)$"
)


def kind_of(path: str) -> str:
    """Return what kind of screen stands at the path: the route, and for pages of the tree section and depth."""
    try:
        match = resolve(path)
    except Resolver404:
        return path
    if match.view_name != "wagtail_serve":
        return match.view_name or match.route
    parts = [part for part in path.strip("/").split("/") if part and part != "en"]
    return f"page:{parts[0] if parts else ''}:{len(parts)}"


def reachable(request: APIRequestContext, start: list[str], *, per_kind: int = 2, limit: int = 400) -> list[str]:
    """Return the paths of HTML screens that links lead to from the start, at most `per_kind` of a kind, in order."""
    seen, found, counts = set(start), [], Counter()
    queue = deque(start)
    while queue and len(seen) < 5000 and len(found) < limit:
        path = queue.popleft()
        kind = kind_of(urlsplit(path).path)
        if counts[kind] >= per_kind:
            continue
        answer = request.get(path)
        if answer.status >= 500:
            raise AssertionError(f"{path} answers {answer.status}")
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        base = answer.url
        if urlsplit(base).path != urlsplit(path).path:
            # Sent on (to the sign-in, say): what counts is where one arrives.
            if urlsplit(base).path not in seen:
                seen.add(urlsplit(base).path)
                queue.append(urlsplit(base).path)
            continue
        counts[kind] += 1
        found.append(path)
        for link in BeautifulSoup(answer.text(), "html.parser").find_all("a", href=True):
            target = urldefrag(urljoin(base, link["href"])).url
            parts = urlsplit(target)
            if parts.netloc != urlsplit(base).netloc or NO_SCREEN.search(parts.path) or link.has_attr("download"):
                continue
            # Filters and sort orders of a list are the same screen; a page number is kept out for the same reason.
            if parts.path not in seen:
                seen.add(parts.path)
                queue.append(parts.path)
    return found
