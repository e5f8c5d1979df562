"""Files on their way: pieces that have arrived until the whole is checked and put into the library."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cms.models import Unit
from submissions.models.submissions import Evidence


class IncomingUpload(models.Model):
    """A file that arrives in pieces, in order. `parts` are the pieces' names in the private storage."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=255)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    received = models.PositiveBigIntegerField(_("bytes received"), default=0)
    parts = models.JSONField(_("pieces"), default=list, blank=True)
    finishing_at = models.DateTimeField(null=True, blank=True)
    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    touched_at = models.DateTimeField(_("last piece"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("upload on its way")
        verbose_name_plural = _("uploads on their way")
        constraints = [
            models.CheckConstraint(condition=Q(received__lte=F("size")), name="incoming_received_within_size")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_whole(self) -> bool:
        """Whether every byte has arrived."""
        return self.received == self.size
