"""Private files: stored once by hash, read only through a permission check."""

from __future__ import annotations

import codecs
import hashlib
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import IO, Any

from django.core.files.base import File

from cms.enums import FileKind
from cms.models import JobRun, StoredFile, Unit, User
from cms.models.files import private_storage
from cms.permissions import Person, may_read_all
from cms.text import normal

Reader = Callable[[Person, StoredFile], bool]
ResultRule = Callable[[Person, Mapping[str, Any]], bool]

_readers: dict[str, list[Reader]] = {}
_result_rules: dict[str, ResultRule] = {}
_CHUNK = 1024 * 1024
_HEAD = 2048
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\"<>|:*?]")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def store_file(
    *,
    kind: str,
    content: File | IO[bytes],
    name: str,
    owner_unit: Unit | None,
    user: User | None,
    inspection: dict[str, Any] | None = None,
    content_type: str | None = None,
) -> StoredFile:
    """Store a file in the private storage and return its row.

    The bytes are kept once per SHA-256; each call makes a row of its own, because the row carries owner and kind. The
    type is found from the bytes unless the caller, who looked closer, names it. `name` is kept for display only.
    """
    digest, size = _digest(content)
    path = f"{digest[:2]}/{digest[2:4]}/{digest}"
    storage = private_storage()
    # Bytes that lie there already are made young before they are built on: the sweep takes only what is old.
    if not storage.refresh(path) or storage.size(path) != size:
        content.seek(0)
        path = storage.save(path, content if isinstance(content, File) else File(content))
    content.seek(0)
    stored = StoredFile(
        kind=FileKind(kind),
        original_name=clean_name(name),
        content_type=content_type or detect_type(content),
        size=size,
        sha256=digest,
        inspection=inspection or {},
        owner_unit=owner_unit,
        uploaded_by=user if user is not None and user.is_authenticated else None,
    )
    stored.file.name = path
    stored.save()
    return stored


def register_reader(kind: str, function: Reader) -> None:
    """Register who may read files of a kind: any registered function that returns True allows it."""
    readers = _readers.setdefault(FileKind(kind), [])
    if function not in readers:
        readers.append(function)


def register_result_rule(task: str, function: ResultRule) -> None:
    """Register who may read the results of a job: whoever ordered it, and only while `function` says so.

    The function is called with the person and the job's arguments each time that the file is read, for a role may have
    ended since the job ran.
    """
    _result_rules[task] = function


def may_read(user: Person, stored: StoredFile) -> bool:
    """Whether the user may read the file: its own kind's rules, or the right to read all."""
    return any(allows(user, stored) for allows in _readers.get(stored.kind, [])) or may_read_all(user)


def read_chunks(stored: StoredFile) -> Iterator[bytes]:
    """Yield the bytes of a stored file."""
    with stored.file.storage.open(stored.file.name or "") as source:
        while chunk := source.read(_CHUNK):
            yield chunk


def is_intact(stored: StoredFile) -> bool:
    """Whether the bytes in the storage still have the recorded hash."""
    digest = hashlib.sha256()
    for chunk in read_chunks(stored):
        digest.update(chunk)
    return digest.hexdigest() == stored.sha256


def clean_name(name: str) -> str:
    """Return the file's name without path, control and direction characters, in NFC, at most 200 characters."""
    bare = PurePosixPath(normal(name).replace("\\", "/")).name
    bare = _UNSAFE.sub("", "".join(c for c in bare if unicodedata.category(c) != "Cc")).strip(". ")
    stem, dot, suffix = bare.rpartition(".")
    if dot and len(suffix) <= 10:
        return f"{stem[:180]}.{suffix}" if stem else f"file.{suffix}"
    return bare[:200] or "file"


def detect_type(content: File | IO[bytes]) -> str:
    """Return the media type found in the bytes; the name and what the browser said are not believed."""
    content.seek(0)
    head = content.read(_HEAD)
    content.seek(0)
    for magic, media_type in (
        (b"%PDF-", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    ):
        if head.startswith(magic):
            return media_type
    if head.startswith(b"PK\x03\x04"):
        return _zip_type(content)
    return _text_type(head)


def _zip_type(content: File | IO[bytes]) -> str:
    try:
        with zipfile.ZipFile(content) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return "application/octet-stream"
    finally:
        content.seek(0)
    if "xl/workbook.xml" in names:
        return XLSX_TYPE
    return DOCX_TYPE if "word/document.xml" in names else "application/zip"


def _text_type(head: bytes) -> str:
    if not head:
        return "application/x-empty"
    if b"\x00" in head:
        return "application/octet-stream"
    try:
        # Not final where more follows: a multi-byte letter may be cut at the end of what was read.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head, final=len(head) < _HEAD)
    except UnicodeDecodeError:
        return "application/octet-stream"
    if text.lstrip()[:1] in {"{", "["}:
        return "application/json"
    return "text/csv" if any(mark in text for mark in (",", ";", "\t")) else "text/plain"


def _digest(content: File | IO[bytes]) -> tuple[str, int]:
    content.seek(0)
    digest, size = hashlib.sha256(), 0
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def _own_upload(user: Person, stored: StoredFile) -> bool:
    return user.is_authenticated and stored.uploaded_by_id == user.pk


def _own_result(user: Person, stored: StoredFile) -> bool:
    """Whether the user ordered the result and would still get it by the rule of its job."""
    if not user.is_authenticated:
        return False
    run = JobRun.objects.filter(result_file=stored).first()
    if run is None:
        return _own_upload(user, stored)
    rule = _result_rules.get(run.task)
    return run.created_by_id == user.pk and (rule is None or rule(user, run.arguments))


register_reader(FileKind.IMPORT, _own_upload)
register_reader(FileKind.RESULT, _own_result)
