"""A front end of one's own: ranking, unit, plan and guidance made from the portal's interfaces alone.

    python docs/example_client/client.py http://127.0.0.1:8000

then open http://127.0.0.1:8090/. Nothing but Python's standard library; no code of the portal is imported. Figures come
as exact text and are rounded here, for display only.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

Get = Callable[[str], Any]


class Absent(Exception):
    """The portal has no such thing for readers now."""


class Site:
    """The pages. `get` returns the JSON of an address of the portal; it raises `Absent` where the portal says so."""

    def __init__(self, get: Get) -> None:
        self.get = get

    def page(self, path: str) -> str:
        """Return the HTML of a path of this site. Raises `Absent` for one that is unknown."""
        for pattern, method in self.routes:
            if found := re.fullmatch(pattern, path):
                return method(self, *found.groups())
        raise Absent(path)

    def every(self, address: str) -> Iterator[dict[str, Any]]:
        """Yield all rows of a list, page after page."""
        offset, count = 0, 1
        joint = "&" if "?" in address else "?"
        while offset < count:
            page = self.get(f"{address}{joint}limit=100&offset={offset}")
            count = page["count"]
            offset += max(1, len(page["results"]))
            yield from page["results"]

    def home(self) -> str:
        """List the results, the plans and the guidance."""
        results = [_link(f"/ranking/{row['slug']}", row["title"]) for row in self.every("/api/v1/releases")]
        plans = [_link(f"/plan/{row['id']}", row["title"]) for row in self.every("/api/v1/plans")]
        guidance = [_link(f"/guidance/{row['id']}", row["title"]) for row in self._guidance()]
        parts = (("Results", results), ("Plans", plans), ("Guidance", guidance))
        return _document("PAR Index", "".join(f"<h2>{name}</h2>{_items(items)}" for name, items in parts))

    def ranking(self, slug: str) -> str:
        """Show a ranking; units without a rank say why."""
        release = self.get(f"/api/v1/releases/{quote(slug)}")
        rows = [
            (
                entry["rank"] or "—",
                _link(f"/unit/{slug}/{entry['unit_code']}", entry["unit_name"]),
                shown(entry["index"]),
                escape(entry["class_code"] if "class_code" in entry else entry["class"]),
                escape(entry["reason"]),
            )
            for entry in self.every(f"/api/v1/releases/{quote(slug)}/entries")
        ]
        facts = f"<p>{escape(release['source'])} {escape(release['note'])}</p>"
        return _document(release["title"], facts + _table(("Rank", "Unit", "Index, %", "Class", "Why"), rows))

    def unit(self, slug: str, code: str) -> str:
        """Show a unit's result, its points, and the other years."""
        entry = self.get(f"/api/v1/releases/{quote(slug)}/entries/{quote(code)}")
        release = self.get(f"/api/v1/releases/{quote(slug)}")
        names = self._names(release)
        points = [
            (escape(f"{score['code']} {names.get(score['code'], '')}"), shown(score["points"]), shown(score["maximum"]))
            for score in entry["scores"]
        ]
        years = [
            (result["year"], shown(result["index"]), result["rank"] or "—", escape(result["why_not"]))
            for result in self.get(f"/api/v1/units/{quote(code)}")["results"]
        ]
        text = (
            f"<p>{escape(release['title'])}: {shown(entry['index'])} %, {entry['rank'] or '—'}/{entry['rank_of']}</p>"
        )
        return _document(
            entry["unit_name"],
            text
            + _table(("Criterion", "Points", "At most"), points)
            + _table(("Year", "Index, %", "Rank", "Comparable?"), years),
        )

    def plan(self, number: str) -> str:
        """Show a plan's tasks with how far they are."""
        plan = self.get(f"/api/v1/plans/{number}")
        rows = [
            (
                escape(task["number"]),
                escape(task["task"]),
                escape(task["time_text"]),
                escape("; ".join(unit["name"] for unit in task["units"] if unit["role"] == "lead")),
                escape(task["status"] or "—"),
            )
            for task in plan["tasks"]
        ]
        return _document(plan["title"], _table(("No.", "Task", "Time", "Lead", "Status"), rows))

    def guidance(self, number: str) -> str:
        """Show guidance: its text comes as HTML, what it rests on and its files as lists."""
        page = self.get(f"/api/v2/pages/{number}/")
        basis = [escape(f"{item['number']}: {item['title']}") for item in page["legal_basis"]]
        files = [_link(item["url"], item["name"]) for item in page["attachments"]]
        facts = " · ".join(escape(page[name] or "") for name in ("document_number", "issuer", "issued_on"))
        return _document(page["title"], f"<p>{facts}</p>{page['body']}{_items(basis)}{_items(files)}")

    def _guidance(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/api/v2/pages/?type=criteria_pages.GuidancePage&limit=100")["items"]
        return found

    def _names(self, release: dict[str, Any]) -> dict[str, str]:
        if release["edition"] is None:
            return {}
        definition = self.get(f"/api/v1/editions/{release['edition']['sha256']}")["definition"]
        return dict(_names_below(definition))

    routes: tuple[tuple[str, Callable[..., str]], ...] = (
        (r"/", home),
        (r"/ranking/([-\w]+)", ranking),
        (r"/unit/([-\w]+)/([-\w]+)", unit),
        (r"/plan/(\d+)", plan),
        (r"/guidance/(\d+)", guidance),
    )


def _names_below(node: Any) -> Iterator[tuple[str, str]]:
    """Yield code and name of everything in a definition that has both."""
    if isinstance(node, dict):
        if "code" in node and "name" in node:
            yield node["code"], node["name"]
        for child in node.values():
            yield from _names_below(child)
    elif isinstance(node, list):
        for child in node:
            yield from _names_below(child)


def shown(figure: str | None) -> str:
    """Return an exact figure rounded for display: two decimals, half up, with a comma."""
    if figure is None:
        return "—"
    return str(Decimal(figure).quantize(Decimal("0.01"), ROUND_HALF_UP)).replace(".", ",")


def _link(address: str, text: str) -> str:
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def _items(items: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>" if items else ""


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _document(title: str, content: str) -> str:
    return (
        f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f'<body><p><a href="/">PAR Index</a></p><h1>{escape(title)}</h1>{content}</body></html>'
    )


def over_http(portal: str) -> Get:
    """Return a function that asks the portal at the address."""

    def get(path: str) -> Any:
        try:
            with urlopen(portal.rstrip("/") + path, timeout=20) as answer:  # noqa: S310 -- the address that was given
                return json.load(answer)
        except HTTPError as error:
            if error.code in {404, 410}:
                raise Absent(path) from error
            raise

    return get


def serve(portal: str, port: int = 8090) -> None:
    """Serve the site on the loopback until interrupted."""
    site = Site(over_http(portal))

    class Handler(BaseHTTPRequestHandler):
        """Answers with the page of the path."""

        def do_GET(self) -> None:
            """Send a page, or that there is none."""
            try:
                status, text = 200, site.page(self.path)
            except Absent:
                status, text = 404, _document("404", "<p>The portal has no such page now.</p>")
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
