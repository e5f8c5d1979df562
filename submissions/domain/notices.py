"""Telling people: a notice in the portal, and mails as often as each person wants them."""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
from collections.abc import Callable, Iterable
from itertools import groupby

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from cms import clock
from cms.models import User
from submissions.enums import MailRhythm
from submissions.models import Notice, NoticeSetting

logger = logging.getLogger(__name__)

# What nobody could mail for so long is no news any more; it stands in the portal.
MAILED_WITHIN = dt.timedelta(days=3)
# Makes a sentence in the language that is active when it is called.
Words = Callable[[], str]


def notify(*, users: Iterable[User], key: str, title: Words, url: str, text: Words | str = "") -> list[Notice]:
    """Tell each person once per key; return the new notices. Mails go out by `mail_notices`.

    `title` and `text` are functions that make the words in the language of the moment: they are called once for each
    language of the interface, so that everybody reads what was told in the own one, whoever acted in whichever. A text
    that a person wrote is given as it is.
    """
    people = {user.pk: user for user in users if user.is_active}
    if not people:
        return []
    told = set(Notice.objects.filter(key=key[:200]).values_list("user_id", flat=True))
    new = [user for pk, user in people.items() if pk not in told]
    if not new:
        return []
    words = {language: _told_in(language, title, text) for language, _name in settings.LANGUAGES}
    first = words.pop(settings.LANGUAGE_CODE)
    rows = [
        Notice(user=user, key=key[:200], **first, translations=words, url=url, created_at=clock.now()) for user in new
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return rows


def _told_in(language: str, title: Words, text: Words | str) -> dict[str, str]:
    with override(language):
        return {"title": title()[:300], "text": text if isinstance(text, str) else text()}


def unread(user: User) -> QuerySet[Notice]:
    """Return what the person has not read yet."""
    return Notice.objects.filter(user=user, read_at__isnull=True)


def mark_read(*, user: User, pk: int | None = None) -> int:
    """Mark one notice (or all) of the person as read; return how many."""
    rows = unread(user)
    if pk is not None:
        rows = rows.filter(pk=pk)
    return rows.update(read_at=clock.now())


# --- mails ------------------------------------------------------------------------------------------------------------
def mail_rhythm(user: User) -> str:
    """Return how often the person wants mails."""
    return NoticeSetting.objects.filter(user=user).values_list("mail", flat=True).first() or MailRhythm.IMMEDIATE


def choose_mail_rhythm(*, user: User, rhythm: str) -> None:
    """Store how often the person wants mails. Raises `ValueError` for what is no rhythm."""
    NoticeSetting.objects.update_or_create(user=user, defaults={"mail": MailRhythm(rhythm)})


def choose_language(*, user: User, language: str) -> None:
    """Store in which language the portal writes to the person. Raises `ValueError` for one it does not speak."""
    if language not in dict(settings.LANGUAGES):
        raise ValueError(language)
    user.preferred_language = language
    user.save(update_fields=["preferred_language"])


def mail_notices(*, limit: int = 500) -> int:
    """Mail each person what is new, unread and not mailed yet, together in one mail; return how many mails went out.

    Who wants a daily mail gets it at the first run after `settings.PORTAL_DIGEST_HOUR`, once a day. May run twice: a
    notice is marked before its mail leaves, so after a crash in between a mail may be missing, none comes twice. A mail
    that fails is tried again at the next run. `limit` bounds the people of one run.
    """
    waiting = _waiting()
    users = list(waiting.order_by("user_id").values_list("user_id", flat=True).distinct()[:limit])
    rows = (
        waiting.filter(user__in=users)
        .select_related("user__notice_setting", "user__wagtail_userprofile")
        .order_by("user_id", "pk")
    )
    connection, sent = get_connection(), 0
    for _user_id, group in groupby(rows, key=lambda notice: notice.user_id):
        notices = list(group)
        if _mail_person(notices[0].user, notices, connection):
            sent += 1
    connection.close()
    return sent


def _waiting() -> QuerySet[Notice]:
    """Return what may be mailed now."""
    rows = Notice.objects.filter(
        mailed_at__isnull=True,
        read_at__isnull=True,
        created_at__gt=clock.now() - MAILED_WITHIN,
        user__is_active=True,
    ).exclude(user__email="")
    rows = rows.exclude(user__notice_setting__mail=MailRhythm.OFF)
    moment = timezone.localtime(clock.now())
    served = Q(user__notice_setting__digest_on=moment.date())
    daily = Q(user__notice_setting__mail=MailRhythm.DAILY)
    return rows.exclude(daily if moment.hour < settings.PORTAL_DIGEST_HOUR else daily & served)


def _mail_person(user: User, notices: list[Notice], connection: BaseEmailBackend) -> bool:
    """Claim the notices, mail them; return whether a mail left. What fails is given back."""
    before = getattr(user, "notice_setting", None)
    if before is not None and before.mail == MailRhythm.DAILY:
        today = timezone.localtime(clock.now()).date()
        mine = NoticeSetting.objects.filter(pk=before.pk).exclude(digest_on=today)
        if not mine.update(digest_on=today):
            return False
    claimed = [
        notice
        for notice in notices
        if Notice.objects.filter(pk=notice.pk, mailed_at__isnull=True).update(mailed_at=clock.now())
    ]
    if not claimed:
        return False
    try:
        _message(user, claimed, connection).send()
    except (smtplib.SMTPException, OSError):
        logger.exception(
            "Notices could not be mailed.",
            extra={"event": "notice_mail_failed", "notices": [notice.pk for notice in claimed]},
        )
        Notice.objects.filter(pk__in=[notice.pk for notice in claimed]).update(mailed_at=None)
        if before is not None:
            NoticeSetting.objects.filter(pk=before.pk).update(digest_on=before.digest_on)
        connection.close()
        return False
    return True


def _message(user: User, notices: list[Notice], connection: BaseEmailBackend) -> EmailMessage:
    base = settings.PORTAL_BASE_URL.rstrip("/")
    with override(user.language):
        number = len(notices)
        subject = notices[0].title_here
        if number > 1:
            subject = ngettext("%(number)d notice of the portal", "%(number)d notices of the portal", number) % {
                "number": number
            }
        parts = ["\n".join(filter(None, (one.title_here, one.text_here, base + one.url))) for one in notices]
        parts.append(
            _("This mail was sent by the portal; do not answer it.")
            + "\n"
            + _("How often mails come is chosen here: %(url)s") % {"url": base + reverse("submissions:notices")}
        )
    # A line break in a name must not become a header of the mail.
    return EmailMessage(" ".join(subject.split()), "\n\n".join(parts), None, [user.email], connection=connection)
