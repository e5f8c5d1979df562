"""Where private files lie, and what is said when there is no room for more."""

from __future__ import annotations

import errno
import os
import sqlite3
import uuid
from contextlib import suppress

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from psycopg.errors import DiskFull


class PrivateFileStorage(FileSystemStorage):
    """A folder without any address: what lies here is handed out by cms.views.files only."""

    def url(self, name: str | None) -> str:
        """Refuse."""
        raise NotImplementedError("Private files have no address.")

    def _save(self, name: str, content: File) -> str:
        """Write beside the name and give it the name when it is whole: nobody finds half a file under it.

        What could not be written to its end (a full disk) is taken away again; what a killed process leaves bears a
        name that the sweep of orphans knows.
        """
        part = f"{name}_{uuid.uuid4().hex}"
        try:
            part = super()._save(part, content)
        except OSError:
            self.delete(part)
            raise
        while True:
            try:
                os.link(self.path(part), self.path(name))
            except FileExistsError:
                name = self.get_available_name(name)
            except OSError:
                # A file system without links: whole as well, only not found by the next upload of the same bytes.
                return part
            else:
                break
        with suppress(FileNotFoundError):
            os.unlink(self.path(part))
        return name

    def refresh(self, name: str) -> bool:
        """Make a file young again, so that nobody sweeps it away; whether it is there."""
        try:
            os.utime(self.path(name))
        except FileNotFoundError:
            return False
        return True


def tells_of_a_full_disk(error: BaseException | None) -> bool:
    """Whether an error, or one that it came from, says that a disk or a quota is full: of files or of the database."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        if isinstance(error, DiskFull) or getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return True
        error = error.__cause__ or error.__context__
    return False
