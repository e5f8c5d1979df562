"""Where private files lie."""

from django.core.files.storage import FileSystemStorage


class PrivateFileStorage(FileSystemStorage):
    """A folder without any address: what lies here is handed out by cms.views.files only."""

    def url(self, name: str | None) -> str:
        """Refuse."""
        raise NotImplementedError("Private files have no address.")
