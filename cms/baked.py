"""Baked pages: answers written as files under their address, for nginx or for the small server at the end of this file.

A file's presence is the permission to read it. Files are written where nobody reads (`staging_root`) and put into the
served place by renaming; what is taken away is gone with the next request, for nothing here or in deploy/nginx.conf
keeps a page after its file is gone.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

PAGE = "index.html"
# What clicks from elsewhere add to an address; it changes nothing in a page. The same words stand in deploy/nginx.conf.
TRACKING = re.compile(r"(?:(?:utm_[a-z]+|fbclid|gclid|zarsrc)=[^&]*(?:&|$))*")
_SAFE_PATH = re.compile(r"/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*(?:[A-Za-z0-9_-][A-Za-z0-9._-]*)?", re.ASCII)
# Pages whose text a browser may get compressed; workbooks and archives are compressed already.
_TEXT = (".html", ".json", ".csv", ".svg")
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
CACHE_CONTROL = "public, no-cache"
# Files in a folder of this name are saved, not shown.
DOWNLOADS = "tai-ve"


def served_root() -> Path:
    """Return the folder whose files citizens read."""
    return Path(settings.PORTAL_BAKED_ROOT) / "served"


def staging_root() -> Path:
    """Return the folder beside it, on the same file system, that no server reads."""
    return Path(settings.PORTAL_BAKED_ROOT) / "staging"


def place_of(address: str, root: Path | None = None) -> Path:
    """Return the folder of an address that ends in a slash. Raises ValueError for what is no plain address."""
    if not (_SAFE_PATH.fullmatch(address) and address.endswith("/")):
        raise ValueError(address)
    return (root or served_root()) / address.strip("/")


def file_of(address: str, root: Path | None = None) -> Path:
    """Return the file of an address: `index.html` in its folder, or the file it names."""
    if not _SAFE_PATH.fullmatch(address):
        raise ValueError(address)
    found = (root or served_root()) / address.strip("/")
    return found / PAGE if address.endswith("/") else found


def write(path: Path, content: bytes) -> None:
    """Write a file, and beside it the compressed one where it is text. The same content gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in _TEXT:
        _write_whole(path.with_name(path.name + ".gz"), gzip.compress(content, compresslevel=6, mtime=0))
    _write_whole(path, content)


def _write_whole(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    partial.write_bytes(content)
    partial.replace(path)


def put(staged: Path, place: Path) -> None:
    """Let a staged folder take the place of what was served; readers see the old or the new, for a moment neither."""
    place.parent.mkdir(parents=True, exist_ok=True)
    remove(place)
    staged.rename(place)


def remove(place: Path) -> None:
    """Take a folder out of service at once; the files themselves go after it."""
    away = staging_root() / f"away-{uuid.uuid4().hex}"
    away.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.rename(away)
    except FileNotFoundError:
        return
    shutil.rmtree(away, ignore_errors=True)


@lru_cache(maxsize=1)
def code_version() -> str:
    """Return a hash of all that pages are made of: code, templates, catalogues, style sheets and scripts."""
    digest = hashlib.sha256()
    for name in ("cms", "criteria_pages", "submissions", "publishing"):
        for path in sorted((settings.BASE_DIR / name).rglob("*")):
            if path.suffix in {".py", ".html", ".po", ".css", ".js", ".svg"} and path.is_file():
                digest.update(str(path.relative_to(settings.BASE_DIR)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


# --- serving in the one-command mode ----------------------------------------------------------------------------------
Environ = dict[str, Any]
StartResponse = Callable[..., Any]
_KEPT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file in memory, valid as long as the file on disk is the very same."""

    stamp: tuple[int, int, int]
    content: bytes
    headers: list[tuple[str, str]]
    etag: str
    modified: str


class BakedPages:
    """Answers from the baked files and hands everything else on to the application (WSGI).

    Each answer looks the file up, so that a page that was taken away is not given out again; its bytes are kept in
    memory.
    """

    def __init__(self, application: Callable[[Environ, StartResponse], Iterable[bytes]]) -> None:
        self.application = application
        self._kept: dict[str, _Kept] = {}
        self._bytes = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        kept = self._find(environ)
        if kept is None:
            return self.application(environ, start_response)
        if _has_it(environ, kept):
            start_response("304 Not Modified", [*kept.headers[:4], *standing_headers(_is_secure(environ))])
            return [b""]
        start_response("200 OK", [*kept.headers, *standing_headers(_is_secure(environ))])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else kept.content]

    def _find(self, environ: Environ) -> _Kept | None:
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or not TRACKING.fullmatch(environ.get("QUERY_STRING", "")):
            return None
        address = environ.get("PATH_INFO", "")
        if not _SAFE_PATH.fullmatch(address) or (settings.SECURE_SSL_REDIRECT and not _is_secure(environ)):
            return None
        name = f"{settings.PORTAL_BAKED_ROOT}/served{address}{PAGE if address.endswith('/') else ''}"
        if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
            return self._read(f"{name}.gz", name) or self._read(name, name)
        return self._read(name, name)

    def _read(self, path: str, name: str) -> _Kept | None:
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
        return self._keep(path, _kept(path, name, stamp, content, status.st_mtime))

    def _keep(self, path: str, kept: _Kept) -> _Kept:
        if self._bytes + len(kept.content) > _KEPT_BYTES:
            self._kept, self._bytes = {}, 0
        if len(kept.content) <= _KEPT_BYTES // 8:
            self._kept[path] = kept
            self._bytes += len(kept.content)
        return kept


def _kept(path: str, name: str, stamp: tuple[int, int, int], content: bytes, modified_at: float) -> _Kept:
    etag = f'"{int(modified_at):x}-{len(content):x}"'
    modified = formatdate(modified_at, usegmt=True)
    headers = [
        ("ETag", etag),
        ("Last-Modified", modified),
        ("Cache-Control", CACHE_CONTROL),
        ("Vary", "Accept-Encoding"),
        ("Content-Type", _TYPES.get(Path(name).suffix, "application/octet-stream")),
        ("Content-Length", str(len(content))),
    ]
    if path.endswith(".gz"):
        headers.append(("Content-Encoding", "gzip"))
    if Path(name).parent.name == DOWNLOADS:
        headers.append(("Content-Disposition", f'attachment; filename="{download_name(name)}"'))
    return _Kept(stamp=stamp, content=content, headers=headers, etag=etag, modified=modified)


def download_name(address: str) -> str:
    """Return the name under which a file is saved: the folder it belongs to and its own name."""
    parts = address.rsplit("/", 3)
    return f"{parts[-3]}-{parts[-1]}"


def _has_it(environ: Environ, kept: _Kept) -> bool:
    asked = environ.get("HTTP_IF_NONE_MATCH")
    if asked is not None:
        tags = {tag.strip().removeprefix("W/") for tag in asked.split(",")}
        return kept.etag in tags or "*" in tags
    return environ.get("HTTP_IF_MODIFIED_SINCE") == kept.modified


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
