"""What colleagues of one unit write to each other beside a criterion."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from submissions.models.submissions import Submission


class LeafNote(models.Model):
    """A remark of one colleague to the others. No part of the form: never signed, sent, appraised or published."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="notes")
    code = models.CharField(_("code"), max_length=32)
    text = models.TextField(_("note"))
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("time"))
    edited_at = models.DateTimeField(_("changed"), null=True, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("note between colleagues")
        verbose_name_plural = _("notes between colleagues")
        indexes = [models.Index(fields=["submission", "code"], name="note_leaf")]
        constraints = [models.CheckConstraint(condition=~models.Q(text=""), name="note_has_text")]

    def __str__(self) -> str:
        return f"{self.code}: {self.text[:40]}"
