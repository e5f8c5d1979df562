"""Baked pages: answers written as files under their address, for nginx or for `cms.baked_server`.

A file's presence is the permission to read it. Files are written where nobody reads (`staging_root`) and put into the
served place by renaming; what is taken away is gone with the next request, for nothing here or in deploy/nginx.conf
keeps a page after its file is gone.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import uuid
from functools import lru_cache
from pathlib import Path

from django.conf import settings

PAGE = "index.html"
# What clicks from elsewhere add to an address; it changes nothing in a page. The same words stand in deploy/nginx.conf.
TRACKING = re.compile(r"(?:(?:utm_[a-z]+|fbclid|gclid|zarsrc)=[^&]*(?:&|$))*")
SAFE_PATH = re.compile(r"/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*(?:[A-Za-z0-9_-][A-Za-z0-9._-]*)?", re.ASCII)
# Pages whose text a browser may get compressed; workbooks and archives are compressed already.
_TEXT = (".html", ".json", ".csv", ".svg")
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
    if not (SAFE_PATH.fullmatch(address) and address.endswith("/")):
        raise ValueError(address)
    return (root or served_root()) / address.strip("/")


def file_of(address: str, root: Path | None = None) -> Path:
    """Return the file of an address: `index.html` in its folder, or the file it names."""
    if not SAFE_PATH.fullmatch(address):
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
            if path.suffix in {".py", ".html", ".po", ".css", ".js", ".svg", ".typ"} and path.is_file():
                digest.update(str(path.relative_to(settings.BASE_DIR)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
