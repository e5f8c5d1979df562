"""Files that nobody refers to: what an upload left behind that was broken off between storing the bytes and its row.

Only bytes without any row are removed, and only after a safe age. An upload of bytes that lie there already makes them
young again first (`refresh` of the storage), so it never builds on what is being swept away.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from django.conf import settings
from django.core.files.storage import Storage

from cms import clock
from cms.models import StoredFile
from cms.models.files import private_storage

# Only what `store_file` wrote: two levels by hash, then the hash, perhaps with the storage's suffix.
_OURS = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}\w*")
_BATCH = 500


def orphans(*, older_than: dt.timedelta | None = None) -> Iterator[str]:
    """Yield the names of files in the private storage that no row names and that are older than the safe age."""
    storage = private_storage()
    age = older_than if older_than is not None else dt.timedelta(hours=settings.PORTAL_ORPHAN_HOURS)
    limit = clock.now() - age
    names = _names(storage)
    while batch := [name for _number, name in zip(range(_BATCH), names, strict=False)]:
        known = set(StoredFile.objects.filter(file__in=batch).values_list("file", flat=True))
        for name in batch:
            if name not in known and _is_older(storage, name, limit):
                yield name


def sweep(*, older_than: dt.timedelta | None = None) -> list[str]:
    """Remove the orphans; return their names. Running it twice, or at the same time as uploads, does no harm."""
    storage = private_storage()
    age = older_than if older_than is not None else dt.timedelta(hours=settings.PORTAL_ORPHAN_HOURS)
    gone = []
    for name in list(orphans(older_than=age)):
        # Asked again at the last moment: meanwhile an upload of the same bytes may have taken the file over.
        if StoredFile.objects.filter(file=name).exists() or not _is_older(storage, name, clock.now() - age):
            continue
        storage.delete(name)
        gone.append(name)
    return gone


def _names(storage: Storage) -> Iterator[str]:
    for first in _folders(storage, ""):
        for second in _folders(storage, first):
            place = f"{first}/{second}"
            for file in storage.listdir(place)[1]:
                if _OURS.fullmatch(f"{place}/{file}"):
                    yield f"{place}/{file}"


def _folders(storage: Storage, place: str) -> list[str]:
    try:
        return [name for name in sorted(storage.listdir(place)[0]) if re.fullmatch("[0-9a-f]{2}", name)]
    except FileNotFoundError:
        return []


def _is_older(storage: Storage, name: str, limit: dt.datetime) -> bool:
    try:
        return storage.get_modified_time(name) <= limit
    except FileNotFoundError:
        return False
