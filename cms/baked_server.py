"""Answers from baked files without nginx: for the web server's loop (`cms.web_worker`) and for WSGI.

Each answer looks its file up on disk, so that a page that was taken away is not given out again; the bytes of a file
that is still the very same, and the head that goes before them, are kept in memory.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.utils.translation import get_language_from_path

from cms.baked import CACHE_CONTROL, DOWNLOADS, PAGE, SAFE_PATH, TRACKING

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Headers = list[tuple[str, str]]
OK, NOT_MODIFIED = "200 OK", "304 Not Modified"
_WEIGHT = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_KEPT_BYTES = 64 * 1024 * 1024
# Names of files that are no addresses: the page itself and what is kept compressed beside it.
_ALIASES = (f"/{PAGE}", ".gz")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}
# Middleware that only adds headers; a baked page carries the same ones as the live page.
_HEADER_MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "cms.security.RefusalMiddleware",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request decides about a baked answer. The path is decoded; what was not sent is empty."""

    path: str
    host: str
    query: str = ""
    encodings: str = ""
    none_match: str = ""
    modified_since: str = ""
    secure: bool = False


@dataclass(frozen=True)
class Kept:
    """A file in memory, valid as long as the file on disk is the very same."""

    stamp: tuple[int, int, int]
    content: bytes
    headers: Headers
    etag: str
    modified: str

    def is_known(self, asked: Asked) -> bool:
        """Whether the reader has these bytes already."""
        if asked.none_match:
            tags = {tag.strip().removeprefix("W/") for tag in asked.none_match.split(",")}
            return self.etag in tags or "*" in tags
        return asked.modified_since == self.modified

    def head(self, *, known: bool, secure: bool) -> Headers:
        """Return the headers of the answer, with or without (`known`) the bytes."""
        return [*(self.headers[:4] if known else self.headers), *standing_headers(secure)]

    @cached_property
    def heads(self) -> tuple[bytes, bytes]:
        """Return the headers as they stand on the wire over plain HTTP: with the bytes, and for who knows them."""
        return _wire(self.head(known=False, secure=False)), _wire(self.head(known=True, secure=False))


def _wire(headers: Headers) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")


class BakedFiles:
    """The baked files, looked up one by one."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self._bytes = 0

    def find(self, asked: Asked) -> Kept | None:
        """Return the file that answers, None where the application has to."""
        if asked.query and not TRACKING.fullmatch(asked.query):
            return None
        if not SAFE_PATH.fullmatch(asked.path) or (settings.SECURE_SSL_REDIRECT and not asked.secure):
            return None
        if asked.path.endswith(_ALIASES) or not is_our_host(asked.host, tuple(settings.ALLOWED_HOSTS)):
            return None
        name = f"{settings.PORTAL_BAKED_ROOT}/served{asked.path}{PAGE if asked.path.endswith('/') else ''}"
        if takes_gzip(asked.encodings):
            return self._read(f"{name}.gz", asked.path) or self._read(name, asked.path)
        return self._read(name, asked.path)

    def _read(self, path: str, address: str) -> Kept | None:
        try:
            status = os.stat(path)
            stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
            kept = self._kept.get(path)
            if kept is not None and kept.stamp == stamp:
                return kept
            if not os.path.isfile(path):
                return None
            content = Path(path).read_bytes()
        except OSError:
            return None
        return self._keep(path, _kept(path, address, stamp, content, status.st_mtime))

    def _keep(self, path: str, kept: Kept) -> Kept:
        if self._bytes + len(kept.content) > _KEPT_BYTES:
            self._kept, self._bytes = {}, 0
        if len(kept.content) <= _KEPT_BYTES // 8:
            self._kept[path] = kept
            self._bytes += len(kept.content)
        return kept


class BakedPages:
    """Answers from the baked files and hands everything else on to the application (WSGI)."""

    def __init__(self, application: Callable[[Environ, StartResponse], Iterable[bytes]]) -> None:
        self.application = application
        self.files = BakedFiles()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        method = environ["REQUEST_METHOD"]
        asked = _asked(environ)
        kept = self.files.find(asked) if method in {"GET", "HEAD"} else None
        if kept is None:
            return self.application(environ, start_response)
        known = kept.is_known(asked)
        start_response(NOT_MODIFIED if known else OK, kept.head(known=known, secure=asked.secure))
        return [b"" if known or method == "HEAD" else kept.content]


def _asked(environ: Environ) -> Asked:
    return Asked(
        path=environ.get("PATH_INFO", ""),
        host=environ.get("HTTP_HOST", ""),
        query=environ.get("QUERY_STRING", ""),
        encodings=environ.get("HTTP_ACCEPT_ENCODING", ""),
        none_match=environ.get("HTTP_IF_NONE_MATCH", ""),
        modified_since=environ.get("HTTP_IF_MODIFIED_SINCE", ""),
        secure=_is_secure(environ),
    )


def _kept(path: str, address: str, stamp: tuple[int, int, int], content: bytes, modified_at: float) -> Kept:
    name = Path(f"{address}{PAGE if address.endswith('/') else ''}")
    etag = f'"{int(modified_at):x}-{len(content):x}"'
    modified = formatdate(modified_at, usegmt=True)
    headers = [
        ("ETag", etag),
        ("Last-Modified", modified),
        ("Cache-Control", CACHE_CONTROL),
        ("Vary", "Accept-Encoding"),
        ("Content-Type", _TYPES.get(name.suffix, "application/octet-stream")),
        ("Content-Language", get_language_from_path(address) or settings.LANGUAGE_CODE),
        ("Content-Length", str(len(content))),
    ]
    if path.endswith(".gz"):
        headers.append(("Content-Encoding", "gzip"))
    if name.parent.name == DOWNLOADS:
        headers.append(("Content-Disposition", f'attachment; filename="{download_name(address)}"'))
    return Kept(stamp=stamp, content=content, headers=headers, etag=etag, modified=modified)


@lru_cache(maxsize=256)
def is_our_host(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether Django would answer under this Host header; `allowed`, the setting, is part of what is kept."""
    request = HttpRequest()
    request.META["HTTP_HOST"] = host
    try:
        return bool(host and request.get_host())
    except DisallowedHost:
        return False


@lru_cache(maxsize=256)
def takes_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header names gzip with a weight above 0 (RFC 9110, 12.5.3)."""
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in {"gzip", "x-gzip"}:
            weights = [text.partition("=")[2].strip() for text in parameters if text.partition("=")[0].strip() == "q"]
            return all(_WEIGHT.fullmatch(weight) and float(weight) > 0 for weight in weights)
    return False


def download_name(address: str) -> str:
    """Return the name under which a file is saved: the folder it belongs to and its own name."""
    parts = address.rsplit("/", 3)
    return f"{parts[-3]}-{parts[-1]}"


def _is_secure(environ: Environ) -> bool:
    name, value = settings.SECURE_PROXY_SSL_HEADER or ("", "")
    return environ.get("wsgi.url_scheme") == "https" or bool(name and environ.get(name) == value)


@lru_cache(maxsize=2)
def standing_headers(secure: bool) -> tuple[tuple[str, str], ...]:
    """Return the headers that the middleware gives every page (security policies and the like)."""
    handler: Callable[[HttpRequest], HttpResponse] = _empty
    for name in reversed([name for name in settings.MIDDLEWARE if name in _HEADER_MIDDLEWARE]):
        handler = import_string(name)(handler)
    request = HttpRequest()
    request.method = "GET"
    # Asked as over HTTPS, for else the answer is only where to go instead.
    request._get_scheme = lambda: "https" if secure else "http"  # type: ignore[method-assign]
    return tuple(_without_type(handler(request).items()))


def _empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _without_type(items: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in items if name != "Content-Type")
