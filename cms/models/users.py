"""Accounts."""

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
