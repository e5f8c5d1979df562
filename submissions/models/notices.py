"""What the portal tells people: kept until read, mailed once, as often as each person wants mails."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from submissions.enums import MailRhythm


class Notice(models.Model):
    """One thing told to one person. The key keeps a job that runs twice from telling it twice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    key = models.CharField(_("key"), max_length=200)
    title = models.CharField(_("title"), max_length=300)
    text = models.TextField(_("text"), blank=True)
    # The same in each of the other languages of the interface, by its code: what was told is read in any of them.
    translations = models.JSONField(_("in other languages"), default=dict, blank=True, editable=False)
    url = models.CharField(_("address"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("time"))
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    mailed_at = models.DateTimeField(_("mailed"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_once_per_person")]
        indexes = [
            models.Index(fields=["user", "read_at"], name="notice_unread"),
            models.Index(fields=["created_at"], condition=models.Q(mailed_at__isnull=True), name="notice_not_mailed"),
        ]

    def __str__(self) -> str:
        return self.title_here

    @property
    def day(self) -> dt.date:
        """The day on which it was told, by the clock of the portal."""
        return timezone.localtime(self.created_at).date()

    @property
    def title_here(self) -> str:
        """The title in the language of the reader; as it was told where it was told in no other."""
        return self._here("title", self.title)

    @property
    def text_here(self) -> str:
        """The text in the language of the reader."""
        return self._here("text", self.text)

    def _here(self, part: str, otherwise: str) -> str:
        told = self.translations.get(get_language() or settings.LANGUAGE_CODE, {})
        return str(told.get(part, otherwise))


class NoticeSetting(models.Model):
    """How often a person wants notices by mail. Nobody has a row before choosing: mails then come at once."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_setting")
    mail = models.CharField(_("mails"), max_length=10, choices=MailRhythm, default=MailRhythm.IMMEDIATE)
    digest_on = models.DateField(_("day of the last daily mail"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("choice of mails")
        verbose_name_plural = _("choices of mails")

    def __str__(self) -> str:
        return f"{self.user}: {self.get_mail_display()}"
