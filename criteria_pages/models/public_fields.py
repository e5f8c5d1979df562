"""How the content API gives what a page refers to: pages only while they are public, files with address and size."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Manager

from wagtail.models import Page

from rest_framework import serializers


class PublicPageField(serializers.Field):
    """Another page by number, title and address; nothing while it is not public."""

    def to_representation(self, page: Page) -> dict[str, Any] | None:
        """Return the reference, or None where readers may not know of the page."""
        if not Page.objects.live().public().filter(pk=page.pk).exists():
            return None
        return {"id": page.pk, "title": page.title, "url": f"{settings.PORTAL_BASE_URL}{page.url or ''}"}


class LegalBasisField(serializers.Field):
    """The legal documents that a page rests on."""

    def to_representation(self, documents: Manager) -> list[dict[str, Any]]:
        """Return each document by number, with its standing."""
        names = ("number", "title", "issuer", "issued_on", "effective_on", "status", "url")
        return [{name: getattr(document, name) for name in names} for document in documents.all()]


class AttachmentsField(serializers.Field):
    """The files of a page."""

    def to_representation(self, attachments: Manager) -> list[dict[str, Any]]:
        """Return name, full address, size in bytes and kind of each file."""
        rows = [item.as_row() for item in attachments.all()]
        return [{**row, "url": f"{settings.PORTAL_BASE_URL}{row['url']}"} for row in rows]


class EditionField(serializers.Field):
    """A frozen edition by title, number and hash, under which the read API gives its definition."""

    def to_representation(self, edition: Any) -> dict[str, Any]:
        """Return the reference."""
        return {"title": edition.title, "number": edition.number, "sha256": edition.sha256}
