"""Private files."""

import uuid

from django.conf import settings
from django.core.files.storage import storages
from django.db import models
from django.utils.translation import gettext_lazy as _

from cms.enums import FileKind
from cms.models.units import Unit


def private_storage():
    """Return the private storage; a callable so that migrations do not pin a place."""
    return storages["private"]


class StoredFile(models.Model):
    """A file kept by hash in the private storage. It has no public address; reading asks cms.domain.files."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=32, choices=FileKind)
    file = models.FileField(_("file"), storage=private_storage, max_length=255)
    original_name = models.CharField(_("name"), max_length=255)
    content_type = models.CharField(_("type found by content"), max_length=100)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64, db_index=True)
    inspection = models.JSONField(_("findings of the content check"), default=dict, blank=True)
    owner_unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="files", verbose_name=_("owner unit")
    )
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("uploaded by")
    )
    created_at = models.DateTimeField(_("stored at"), auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("stored file")
        verbose_name_plural = _("stored files")

    def __str__(self) -> str:
        return self.original_name
