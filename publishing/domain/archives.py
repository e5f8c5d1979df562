"""A release as a static archive: all its pages, files and style in one ZIP whose pages open from disk.

Links between the release's pages, and to style sheets, scripts and fonts, become relative; all other links lead to the
portal. Pages that a filter would give are not in it, the further pages of a long ranking are.
"""

from __future__ import annotations

import posixpath
import re
import tempfile
import zipfile
from collections.abc import Callable
from html import escape, unescape
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cms import clock
from cms.rendering import Renderer
from publishing.domain.baking import LANGUAGES, all_addresses
from publishing.exceptions import PublishingError
from publishing.models import IndexRelease

_LINK = re.compile(r'\b(href|src|action)="([^"]*)"')
_CSS_FILE = re.compile(r'url\("?([^")]+)"?\)')
_PAGER = re.compile(r"\?page=(\d{1,6})")
START = "index.html"
Progress = Callable[[int, int], None]


def static_archive(release: IndexRelease, *, progress: Progress) -> IO[bytes]:
    """Return an open file with the archive. Raises `PublishingError` where the release is not public."""
    if not release.is_public(clock.now()):
        raise PublishingError(_("An archive can be made from the time of publication on."), code="not_public")
    return _Archive(release).write(progress)


class _Archive:
    """Renders page after page and collects what they need."""

    def __init__(self, release: IndexRelease) -> None:
        self.release = release
        self.renderer = Renderer()
        self.addresses = [address for language in LANGUAGES for address in _addresses(release, language)]
        self.known = set(self.addresses)
        self.static: dict[str, bytes] = {}

    def write(self, progress: Progress) -> IO[bytes]:
        target = tempfile.TemporaryFile()  # noqa: SIM115 -- handed to the caller, who closes it
        moment = timezone.localtime(self.release.publish_at).timetuple()[:6]
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:

            def add(name: str, content: bytes) -> None:
                entry = zipfile.ZipInfo(f"{self.release.slug}/{name}", date_time=moment)
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                archive.writestr(entry, content)

            number = 0
            while number < len(self.addresses):
                address = self.addresses[number]
                add(file_name(address), self._content(address))
                number += 1
                progress(number, len(self.addresses))
            for name, content in sorted(self.static.items()):
                add(name, content)
            add(START, self._start())
        target.seek(0)
        return target

    def _content(self, address: str) -> bytes:
        page = self.renderer.get(address)
        if not page.content_type.startswith("text/html"):
            return page.content
        return self._with_own_links(address, page.content.decode()).encode()

    def _with_own_links(self, address: str, text: str) -> str:
        here = file_name(address)

        def replaced(match: re.Match[str]) -> str:
            return f'{match[1]}="{escape(self._target(match[1], unescape(match[2]), address, here))}"'

        return _LINK.sub(replaced, text)

    def _target(self, attribute: str, link: str, address: str, here: str) -> str:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc or link.startswith("#") or not link:
            return link
        path, mark = parts.path or urlsplit(address).path, f"#{parts.fragment}" if parts.fragment else ""
        if path.startswith(settings.STATIC_URL):
            return self._relative(self._keep(path), here)
        wanted = f"{path}?{parts.query}" if parts.query else path
        if attribute == "href":
            self._follow_pager(path, parts.query)
            if wanted in self.known:
                return self._relative(file_name(wanted), here) + mark
        return f"{settings.PORTAL_BASE_URL}{wanted}{mark}"

    def _follow_pager(self, path: str, query: str) -> None:
        """Take the further pages of a list in, where a page leads to them."""
        wanted = f"{path}?{query}"
        if path in self.known and _PAGER.fullmatch(f"?{query}") and wanted not in self.known:
            self.known.add(wanted)
            self.addresses.append(wanted)

    @staticmethod
    def _relative(name: str, here: str) -> str:
        return posixpath.relpath(name, posixpath.dirname(here) or ".")

    def _keep(self, path: str) -> str:
        """Take a static file in, with what it names in turn; return its name in the archive."""
        source = path.removeprefix(settings.STATIC_URL)
        name = f"static/{source}"
        if name not in self.static:
            self.static[name] = b""
            self.static[name] = content = _static_file(source)
            if source.endswith(".css"):
                for link in _CSS_FILE.findall(content.decode()):
                    if not urlsplit(link).scheme:
                        below = posixpath.normpath(str(PurePosixPath(source).parent / link))
                        self._keep(f"{settings.STATIC_URL}{below}")
        return name

    def _start(self) -> bytes:
        """Return the page that opens first and leads into both languages."""
        first, second = (file_name(_addresses(self.release, language)[0]) for language in LANGUAGES)
        title = escape(self.release.title)
        return (
            f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{title}</title>'
            f'<meta http-equiv="refresh" content="0; url={first}"></head>'
            f'<body><p><a href="{first}">{title}</a></p><p lang="en"><a href="{second}">English</a></p></body></html>'
        ).encode()


def _addresses(release: IndexRelease, language: str) -> list[str]:
    with translation.override(language):
        return list(all_addresses(release))


def file_name(address: str) -> str:
    """Return the file of an address in the archive."""
    path, _, query = address.partition("?")
    name = f"{path.lstrip('/')}{START}" if path.endswith("/") else path.lstrip("/")
    number = _PAGER.fullmatch(f"?{query}") if query else None
    return name.removesuffix(".html") + f"-{number[1]}.html" if number else name


def _static_file(source: str) -> bytes:
    if settings.STATIC_ROOT:
        from django.contrib.staticfiles.storage import staticfiles_storage  # noqa: PLC0415 -- needs STATIC_ROOT

        if staticfiles_storage.exists(source):
            with staticfiles_storage.open(source) as file:
                return bytes(file.read())
    found = finders.find(source)
    if found is None:
        raise PublishingError(_("The file %(name)s is missing.") % {"name": source}, code="static_missing")
    with open(found, "rb") as file:
        return file.read()
