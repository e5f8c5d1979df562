"""Telling people: a notice in the portal and, unless there is no address, one mail."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cms import clock
from cms.models import User
from submissions.models import Notice

logger = logging.getLogger(__name__)


def notify(*, users: Iterable[User], key: str, title: str, url: str, text: str = "") -> list[Notice]:
    """Tell each person once per key; return the new notices. Mails go out by `mail_notices`."""
    people = {user.pk: user for user in users if user.is_active}
    told = set(Notice.objects.filter(key=key, user__in=people).values_list("user_id", flat=True))
    rows = [
        Notice(user=user, key=key[:200], title=title[:300], text=text, url=url, created_at=clock.now())
        for pk, user in people.items()
        if pk not in told
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    return rows


def mail_notices(*, limit: int = 200) -> int:
    """Mail what was not mailed yet; return how many went out. A mail that fails is tried again at the next run.

    A notice is marked before its mail leaves: after a crash in between a mail may be missing, none comes twice.
    """
    sent = 0
    for notice in Notice.objects.filter(mailed_at__isnull=True).select_related("user").order_by("pk")[:limit]:
        claimed = Notice.objects.filter(pk=notice.pk, mailed_at__isnull=True).update(mailed_at=clock.now())
        if not claimed or not notice.user.email:
            continue
        link = settings.PORTAL_BASE_URL.rstrip("/") + notice.url
        body = f"{notice.title}\n\n{notice.text}\n\n{link}\n\n" + _(
            "This mail was sent by the portal; do not answer it."
        )
        try:
            send_mail(notice.title, body, None, [notice.user.email])
        except (smtplib.SMTPException, OSError):
            logger.exception(
                "A notice could not be mailed.", extra={"event": "notice_mail_failed", "notice": notice.pk}
            )
            Notice.objects.filter(pk=notice.pk).update(mailed_at=None)
            continue
        sent += 1
    return sent


def unread(user: User) -> QuerySet[Notice]:
    """Return what the person has not read yet."""
    return Notice.objects.filter(user=user, read_at__isnull=True)


def mark_read(*, user: User, pk: int | None = None) -> int:
    """Mark one notice (or all) of the person as read; return how many."""
    rows = unread(user)
    if pk is not None:
        rows = rows.filter(pk=pk)
    return rows.update(read_at=clock.now())
