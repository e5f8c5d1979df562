"""Accounts."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person who signs in. What the person may do follows from memberships, never from the account itself."""

    job_title = models.CharField(_("position"), max_length=255, blank=True)
    preferred_language = models.CharField(_("language"), max_length=10, blank=True)

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def language(self) -> str:
        """In which language the portal writes to the person: chosen beside the notices, else in the administration."""
        profile = getattr(self, "wagtail_userprofile", None)
        chosen = (self.preferred_language, profile.preferred_language if profile else "", settings.LANGUAGE_CODE)
        known = dict(settings.LANGUAGES)
        return next(language for language in chosen if language in known)
