"""Upload in pieces: a file goes on where the line broke, also after a reload of the page (docs/adr/0008).

The browser names the upload by a number of its own and sends pieces in order; repeating one does no harm. The pieces
lie in the private storage, so any web host can take the next one. When the last has come, the whole is checked and
stored by the same functions as a file that came at once.
"""

from __future__ import annotations

import datetime as dt
import logging
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TypeVar

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from cms import clock
from cms.domain.files import clean_name
from cms.exceptions import PermissionRefused, PortalError
from cms.models import Unit, User
from cms.models.files import private_storage
from cms.permissions import require_role
from submissions.domain.evidence import LIBRARY_ROLES
from submissions.domain.pdf_check import MAGIC, refuse_size
from submissions.exceptions import FileRefused, SubmissionError
from submissions.models import Evidence, IncomingUpload

logger = logging.getLogger(__name__)
PIECE_BYTES = 512 * 1024
MAX_PIECE_BYTES = 4 * PIECE_BYTES
FOLDER = "incoming"
KEPT = dt.timedelta(days=1)
# How many unfinished uploads one account may have; the oldest make room.
MAX_OPEN = 40
# A finishing that is silent for longer has died with its process; another may finish.
FINISHING = dt.timedelta(minutes=2)
_CHUNK = 1024 * 1024
Result = TypeVar("Result")


def take_piece(
    *, user: User, unit: Unit, uid: uuid.UUID, name: str, size: int, offset: int, piece: bytes
) -> IncomingUpload:
    """Keep a piece and return the upload; its `received` says from which byte to go on.

    A piece that is not the next one changes nothing. Raises `PermissionRefused`, `FileRefused` for a file that is empty
    or too large or that does not begin like a PDF, `SubmissionError` for a piece that does not fit the named size.
    """
    require_role(user, *LIBRARY_ROLES, unit=unit)
    name = clean_name(name)
    upload = IncomingUpload.objects.filter(uid=uid).first()
    if upload is None:
        if offset:
            # Begun long ago and dropped since: the browser has to begin again.
            return IncomingUpload(uid=uid, user=user, unit=unit, name=name, size=size, touched_at=clock.now())
        upload = _begin(user=user, unit=unit, uid=uid, name=name, size=size, piece=piece)
    if upload.user_id != user.pk or upload.unit_id != unit.pk or upload.size != size:
        raise PermissionRefused(_("This upload belongs to somebody else or to another file."))
    if offset != upload.received or upload.is_whole:
        return upload
    if not piece or offset + len(piece) > size or len(piece) > MAX_PIECE_BYTES:
        raise SubmissionError(
            _("A piece of “%(name)s” does not fit. Start the upload again.") % {"name": name}, code="bad_piece"
        )
    return _append(upload, offset=offset, piece=piece)


def received(*, user: User, unit: Unit, uid: uuid.UUID) -> int:
    """Return how many bytes of the user's upload have arrived; 0 where there is none."""
    found = IncomingUpload.objects.filter(uid=uid, user=user, unit=unit).first()
    return found.received if found else 0


def finish(upload: IncomingUpload, *, store: Callable[[IO[bytes]], Evidence]) -> Evidence | None:
    """Put the whole file together, let `store` check and keep it, and return the document; forget the pieces.

    Finishing again returns the same document; None while another request is at it. What `store` refuses is refused,
    and the pieces are forgotten.
    """
    if not _claim(upload):
        upload.refresh_from_db()
        return upload.evidence
    try:
        with _whole(upload) as content:
            evidence = store(content)
    except PortalError:
        drop(upload)
        raise
    except Exception:
        IncomingUpload.objects.filter(pk=upload.pk).update(finishing_at=None)
        raise
    parts = upload.parts
    IncomingUpload.objects.filter(pk=upload.pk).update(evidence=evidence, parts=[], touched_at=clock.now())
    _delete_parts(parts)
    return evidence


def drop(upload: IncomingUpload) -> None:
    """Forget an upload and its pieces."""
    parts = list(upload.parts)
    IncomingUpload.objects.filter(pk=upload.pk).delete()
    _delete_parts(parts)


def drop_stale_uploads() -> int:
    """Forget uploads that nobody went on with for a day, and pieces that no upload names; return how many.

    A piece without a name is left by a process that died between storing and naming it. Safe to run twice.
    """
    oldest = clock.now() - KEPT
    rows = list(IncomingUpload.objects.filter(touched_at__lt=oldest))
    for upload in rows:
        drop(upload)
    named = {path for parts in IncomingUpload.objects.values_list("parts", flat=True) for path in parts}
    storage = private_storage()
    nameless = [path for path in _pieces() if path not in named and storage.get_modified_time(path) < oldest]
    _delete_parts(nameless)
    return len(rows) + len(nameless)


def _begin(*, user: User, unit: Unit, uid: uuid.UUID, name: str, size: int, piece: bytes) -> IncomingUpload:
    refuse_size(size, name=name)
    if not piece.startswith(MAGIC[: len(piece)]):
        raise FileRefused(
            _("“%(name)s” is not a PDF, whatever its name says. Scan or export the document as PDF.") % {"name": name},
            code="not_pdf",
        )
    open_ones = IncomingUpload.objects.filter(user=user, evidence__isnull=True).order_by("-touched_at", "-pk")
    for old in open_ones[MAX_OPEN - 1 :]:
        drop(old)
    upload, _created = IncomingUpload.objects.get_or_create(
        uid=uid, defaults={"user": user, "unit": unit, "name": name, "size": size, "touched_at": clock.now()}
    )
    return upload


def _append(upload: IncomingUpload, *, offset: int, piece: bytes) -> IncomingUpload:
    """Store the piece first, then name it in the row; of two requests with the same piece one wins."""
    storage = private_storage()
    path = storage.save(f"{FOLDER}/{upload.uid.hex}-{offset:012d}", ContentFile(piece))
    with transaction.atomic():
        row = IncomingUpload.objects.select_for_update().filter(pk=upload.pk).first()
        if row is not None and row.received == offset:
            row.parts = [*row.parts, path]
            row.received = offset + len(piece)
            row.touched_at = clock.now()
            row.save(update_fields=["parts", "received", "touched_at"])
            return row
    storage.delete(path)
    return row or upload


def _claim(upload: IncomingUpload) -> bool:
    now = clock.now()
    free = Q(finishing_at__isnull=True) | Q(finishing_at__lt=now - FINISHING)
    return bool(
        IncomingUpload.objects.filter(pk=upload.pk, evidence__isnull=True, received=F("size"))
        .filter(free)
        .update(finishing_at=now)
    )


@contextmanager
def _whole(upload: IncomingUpload) -> Iterator[IO[bytes]]:
    storage = private_storage()
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as target:
        for path in upload.parts:
            with storage.open(path) as source:
                while chunk := source.read(_CHUNK):
                    target.write(chunk)
        target.seek(0)
        yield target


def _pieces() -> list[str]:
    """The names of all pieces in the storage; none where nothing was ever uploaded in pieces."""
    try:
        _folders, files = private_storage().listdir(FOLDER)
    except FileNotFoundError:
        return []
    return [f"{FOLDER}/{file}" for file in files]


def _delete_parts(parts: list[str]) -> None:
    storage = private_storage()
    for path in parts:
        storage.delete(path)
