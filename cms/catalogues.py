"""Message catalogues: compiled without gettext, brought up to date, and checked to be complete.

Message ids are English, so English needs no catalogue; Vietnamese lives in `<app>/locale/vi/LC_MESSAGES/django.po`
and, over Wagtail's own, in `cms/locale_wagtail`. Compiled files are not committed: `make run` and `make test` compile
them with Babel. Only collecting the messages of the code (`make messages`, `make check`) needs Debian's gettext.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation.reloader import translation_file_changed

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOMS = ("cms", "criteria_pages", "submissions", "publishing", "fixtures")
LANGUAGE = "vi"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")
# Letters that English does not have: a message id with one of them was written in Vietnamese.
VIETNAMESE = re.compile(r"[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE)


class GettextMissing(Exception):
    """Collecting messages needs the programs of gettext (Debian: gettext)."""


@dataclass(frozen=True, slots=True)
class CatalogueProblem:
    """What is wrong with one message of one room."""

    room: str
    kind: str
    message: str

    def __str__(self) -> str:
        return f"{self.room}: {self.kind}: {self.message!r}"


def compile_all(base: Path | None = None) -> list[Path]:
    """Compile every catalogue of ours whose compiled file is absent or older; return the files that were written.

    Safe to run in several processes at once: each file is written beside its place and moved there.
    """
    written = []
    for source in sorted(_sources(base or Path(settings.BASE_DIR))):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with tempfile.NamedTemporaryFile(dir=source.parent, suffix=".part", delete=False) as handle:
            write_mo(handle, _read(source))
        Path(handle.name).chmod(0o644)
        os.replace(handle.name, target)
        written.append(target)
    if written:
        # A process that asked for a text before its catalogue was there keeps the empty one: the first start of all.
        translation_file_changed(None, written[0])
    return written


def update(room: str, base: Path | None = None) -> Path | None:
    """Bring a room's Vietnamese catalogue up to date with its code; return it, or None where it has no messages.

    New messages come in untranslated, messages that the code no longer has go, nothing is guessed (no fuzzy entries).
    Raises GettextMissing.
    """
    base = base or Path(settings.BASE_DIR)
    template = collect(room, base)
    if not len(template):
        return None
    target = _catalogue_path(room, base)
    catalogue = _read(target) if target.exists() else Catalog(locale=LANGUAGE)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    fresh = Catalog(locale=LANGUAGE, project=room, header_comment=f"# Vietnamese of {room}.", fuzzy=False)
    for message in catalogue:
        if message.id:
            fresh.add(message.id, message.string, flags=_kept_flags(message), context=message.context)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as handle:
        write_po(handle, fresh, width=120, sort_output=True, omit_header=True, no_location=True)
    body = target.read_text(encoding="utf-8")
    target.write_text(_header(room) + body, encoding="utf-8")
    return target


def check(room: str, base: Path | None = None) -> list[CatalogueProblem]:
    """Return what is missing, fuzzy, absent, broken or not English in a room's catalogue. Raises GettextMissing."""
    base = base or Path(settings.BASE_DIR)
    target = _catalogue_path(room, base)
    known = {_key(m): m for m in (_read(target) if target.exists() else Catalog(locale=LANGUAGE)) if m.id}
    problems = []
    for key, wanted in ((_key(m), m) for m in collect(room, base) if m.id):
        if VIETNAMESE.search(key[1]):
            problems.append(CatalogueProblem(room, "message id is not English", key[1]))
        found = known.get(key)
        if found is None:
            problems.append(CatalogueProblem(room, "absent from the catalogue", key[1]))
        else:
            problems += [CatalogueProblem(room, kind, key[1]) for kind in _faults(wanted, found)]
    return problems


def collect(room: str, base: Path) -> Catalog:
    """Return the messages in a room's code and templates, by Django's makemessages in a throw-away copy."""
    if shutil.which("xgettext") is None:
        raise GettextMissing("xgettext is not installed (Debian: gettext).")
    folder = base / room
    with tempfile.TemporaryDirectory(prefix="portal-messages-") as scratch:
        copy = Path(scratch) / room
        for source in _code(folder):
            target = copy / source.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        (copy / "locale").mkdir(parents=True)
        environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
        command = [sys.executable, "-P", "-m", "django", "makemessages", "-l", LANGUAGE, "--no-location", "-v", "0"]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- our own command
        if done.returncode:
            raise RuntimeError(f"makemessages failed in {room}: {done.stderr}")
        made = copy / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"
        return _read(made) if made.exists() else Catalog(locale=LANGUAGE)


def _faults(wanted: Message, found: Message) -> Iterator[str]:
    strings = found.string if isinstance(found.string, tuple | list) else (found.string,)
    if found.fuzzy:
        yield "fuzzy"
    if not all(strings):
        yield "not translated"
        return
    ids = wanted.id if isinstance(wanted.id, tuple | list) else (wanted.id,)
    named = set(PLACEHOLDER.findall(ids[-1]))
    if any(set(PLACEHOLDER.findall(text)) - named for text in strings):
        yield "placeholder that the message does not have"
    elif len(ids) == 1 and any(named - set(PLACEHOLDER.findall(text)) for text in strings):
        yield "placeholder lost"


def _sources(base: Path) -> Iterator[Path]:
    for room in ROOMS:
        for folder in ("locale", "locale_wagtail"):
            yield from (base / room / folder).glob("*/LC_MESSAGES/*.po")


def _code(folder: Path) -> Iterator[Path]:
    for suffix in ("*.py", "*.html", "*.txt"):
        for path in folder.rglob(suffix):
            if "migrations" not in path.parts and "node_modules" not in path.parts:
                yield path


def _catalogue_path(room: str, base: Path) -> Path:
    return base / room / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


def _read(path: Path) -> Catalog:
    with path.open("rb") as handle:
        return read_po(handle, locale=LANGUAGE)


def _key(message: Message) -> tuple[str, str]:
    return message.context or "", message.id if isinstance(message.id, str) else message.id[0]


def _kept_flags(message: Message) -> set[str]:
    return {flag for flag in message.flags if flag != "fuzzy"}


def _header(room: str) -> str:
    return (
        f"# Vietnamese of {room}. Sorted by message id and without dates, so that two people's additions merge.\n"
        'msgid ""\nmsgstr ""\n'
        f'"Project-Id-Version: {room}\\n"\n'
        f'"Language: {LANGUAGE}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    )
