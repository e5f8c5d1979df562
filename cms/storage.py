"""Where private files lie."""

import os

from django.core.files.storage import FileSystemStorage


class PrivateFileStorage(FileSystemStorage):
    """A folder without any address: what lies here is handed out by cms.views.files only."""

    def url(self, name: str | None) -> str:
        """Refuse."""
        raise NotImplementedError("Private files have no address.")

    def refresh(self, name: str) -> bool:
        """Make a file young again, so that nobody sweeps it away; whether it is there."""
        try:
            os.utime(self.path(name))
        except FileNotFoundError:
            return False
        return True
