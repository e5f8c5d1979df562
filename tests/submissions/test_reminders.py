"""Reminders: who is told, when, and only once; notices in the portal and by mail."""

import datetime as dt

from django.core import mail
from django.urls import reverse
from django.utils import timezone

import pytest

from cms import clock
from submissions.domain.notices import mail_notices, mark_read, notify, unread
from submissions.domain.reminders import remind
from submissions.models import Notice, PhaseDeadline
from tests.factories.filling import fill_sign_send
from tests.factories.submissions import ExtensionFactory, OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def closes(this: OpenRound) -> dt.datetime:
    return PhaseDeadline.objects.get(round=this.round).closes_at


def run_at(moment: dt.datetime) -> int:
    with clock.at(moment):
        return remind()


def test_remind__seven_three_one_days_and_at_the_lock_each_once():
    this = open_round()
    lock = closes(this)
    told = [
        run_at(lock - dt.timedelta(days=8)),
        run_at(lock - dt.timedelta(days=7)),
        run_at(lock - dt.timedelta(days=6, hours=23)),
        run_at(lock - dt.timedelta(days=3)),
        run_at(lock - dt.timedelta(hours=20)),
        run_at(lock + dt.timedelta(minutes=1)),
        run_at(lock + dt.timedelta(hours=1)),
        run_at(lock + dt.timedelta(days=3)),
    ]
    assert told == [0, 3, 0, 3, 3, 4, 0, 0]
    receivers = set(Notice.objects.values_list("user_id", flat=True))
    assert receivers == {this.contributor.pk, this.leader.pk, this.other_contributor.pk, this.secretary.pk}
    summary = Notice.objects.get(user=this.secretary)
    assert (summary.text, summary.url) == (
        "0 trong 2 đơn vị đã gửi hồ sơ.",
        reverse("submissions:round_progress", args=[this.round.code]) + "?tinh-trang=chua-gui",
    )


def test_remind__days_and_the_word_at_the_lock_are_configured(settings):
    settings.PORTAL_REMINDER_DAYS = [5]
    this = open_round()
    lock = closes(this)
    moments = [dt.timedelta(days=-7), dt.timedelta(days=-5), dt.timedelta(days=-1), dt.timedelta(minutes=1)]
    assert [run_at(lock + moment) for moment in moments] == [0, 3, 0, 0]


def test_remind__not_after_sending():
    this = open_round()
    fill_sign_send(this)
    assert run_at(closes(this) - dt.timedelta(days=1)) == 1
    assert Notice.objects.get(key__startswith="lock:").user == this.other_contributor


def test_remind__extension_moves_the_reminder():
    this = open_round()
    lock = closes(this)
    ExtensionFactory(participant=this.plain, until=lock + dt.timedelta(days=20))
    assert run_at(lock - dt.timedelta(days=1)) == 1
    assert run_at(lock + dt.timedelta(days=19)) == 2


def test_mail_notices__each_mail_once():
    this = open_round()
    run_at(closes(this) - dt.timedelta(days=1))
    assert mail_notices() == 3
    assert mail_notices() == 0
    assert sorted(message.to[0] for message in mail.outbox) == sorted(
        user.email for user in (this.contributor, this.leader, this.other_contributor)
    )
    assert reverse("submissions:overview", args=[this.plain.submission.pk]) in "".join(m.body for m in mail.outbox)


def test_notices__list_open_and_read(signed_in):
    this = open_round()
    address = reverse("submissions:overview", args=[this.plain.submission.pk])
    [notice] = notify(users=[this.contributor], key="x", title=lambda: "Còn 3 ngày", url=address)
    notify(users=[this.contributor], key="x", title=lambda: "Còn 3 ngày", url=address)
    assert Notice.objects.count() == 1
    client = signed_in(this.contributor)
    assert "Còn 3 ngày" in client.get(reverse("submissions:notices")).content.decode()
    pk = Notice.objects.get().pk
    assert signed_in(this.leader).post(reverse("submissions:notice", args=[pk])).status_code == 404
    assert client.post(reverse("submissions:notice", args=[pk]))["Location"] == address
    assert list(unread(this.contributor)) == []
    assert notice.created_at <= timezone.now()
    assert mark_read(user=this.contributor) == 0
