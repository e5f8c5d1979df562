"""Is an uploaded file a PDF that may be kept as evidence? Decided by content, in a process with limits of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.utils.translation import gettext as _

from cms.numbers import format_points
from submissions.exceptions import FileRefused

MAGIC = b"%PDF-"
CHILD = Path(__file__).with_name("pdf_child.py")
WALL_SECONDS = 30
_CHUNK = 1024 * 1024
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PdfFindings:
    """What the check found in a file that may be kept."""

    pages: int
    version: str
    signature_fields: int
    warnings: tuple[str, ...]
    signatures: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the findings as they are kept with the stored file."""
        return {
            "pages": self.pages,
            "version": self.version,
            "signature_fields": self.signature_fields,
            "warnings": list(self.warnings),
            "signatures": list(self.signatures),
        }


def check_pdf(content: File | IO[bytes], *, name: str) -> PdfFindings:
    """Return the findings for a file that may be kept; its position is at the start again afterwards.

    Raises `FileRefused` with a sentence: empty, too large, no PDF by content, broken, encrypted, without pages, with
    active content or embedded files, too complex to check.
    """
    refuse_size(_size(content), name=name)
    content.seek(0)
    head = content.read(len(MAGIC))
    if head != MAGIC:
        content.seek(0)
        raise FileRefused(
            _("“%(name)s” is not a PDF, whatever its name says. Scan or export the document as PDF.") % {"name": name},
            code="not_pdf",
        )
    verdict = _run(content)
    content.seek(0)
    if not verdict.get("ok"):
        problem = str(verdict.get("problem", "too_complex"))
        raise FileRefused(_sentence(problem, name), code=problem)
    return PdfFindings(
        pages=int(verdict["pages"]),
        version=str(verdict["version"]),
        signature_fields=int(verdict["signature_fields"]),
        warnings=tuple(verdict.get("warnings", ())),
        signatures=tuple(verdict.get("signatures", ())),
    )


def refuse_size(size: int, *, name: str) -> None:
    """Raise `FileRefused` for an empty file and one that is too large."""
    limit = settings.PORTAL_EVIDENCE_MAX_BYTES
    if size == 0:
        raise FileRefused(_("“%(name)s” is empty.") % {"name": name}, code="empty")
    if size > limit:
        raise FileRefused(
            _("“%(name)s” has %(size)s MB; at most %(limit)s MB are taken. Scan it at a lower resolution or split it.")
            % {"name": name, "size": _megabytes(size), "limit": _megabytes(limit)},
            code="too_large",
        )


def _run(content: File | IO[bytes]) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(prefix="portal-pdf-", suffix=".pdf") as copy:
        content.seek(0)
        while chunk := content.read(_CHUNK):
            copy.write(chunk)
        copy.flush()
        command = [sys.executable, "-I", str(CHILD), copy.name]
        try:
            done = subprocess.run(  # noqa: S603 -- our own script on our own temporary file, no shell
                command, capture_output=True, timeout=WALL_SECONDS, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return {"ok": False, "problem": "too_complex"}
    if done.returncode != 0:
        return {"ok": False, "problem": "too_complex"}
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        return {"ok": False, "problem": "too_complex"}


def _sentence(problem: str, name: str) -> str:
    sentences = {
        "encrypted": _("“%(name)s” is encrypted or protected by a password. Save it without protection and try again."),
        "broken": _("“%(name)s” is damaged or incomplete as a PDF. Open it, save it again as PDF and try again."),
        "no_pages": _("“%(name)s” has no pages."),
        "embedded_files": _("“%(name)s” has other files embedded in it. Upload those as documents of their own."),
        "active_content": _(
            "“%(name)s” has active content (scripts or actions). Print it to PDF and upload the print."
        ),
        "too_complex": _("“%(name)s” could not be checked within the limits. Print it to PDF and upload the print."),
    }
    return sentences.get(problem, sentences["too_complex"]) % {"name": name}


def _size(content: File | IO[bytes]) -> int:
    content.seek(0, 2)
    size = content.tell()
    content.seek(0)
    return size


def _megabytes(size: int) -> str:

    return format_points(Decimal(size) / _MEGABYTE, places=1)
