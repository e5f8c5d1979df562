"""Who is told of what, how often mails come, and what becomes of a notice that was read."""

from __future__ import annotations

import datetime as dt
import smtplib

from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from wagtail.users.models import UserProfile

import pytest

from cms import audit, clock
from cms.enums import Role
from cms.models import User
from publishing.domain.release_life import return_release
from submissions.domain import explanations
from submissions.domain.answers import write_answer
from submissions.domain.event_notices import tell_about
from submissions.domain.notes import add_note
from submissions.domain.notices import choose_mail_rhythm, mail_notices, mark_read, notify
from submissions.domain.rounds import advance_round
from submissions.domain.sending import send
from submissions.enums import MailRhythm, RoundState
from submissions.models import Notice
from tests.factories.appraisal import appraisal_round
from tests.factories.cms import user_with_role
from tests.factories.filling import fill, sign
from tests.factories.publishing import built_release
from tests.factories.submissions import open_round
from tests.factories.survey import open_survey
from tests.submissions.test_survey import enter, people

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MORNING = dt.datetime(2026, 11, 30, 7, 30, tzinfo=timezone.get_default_timezone())


def told(key: str) -> set[User]:
    """Return who has a notice whose key begins so."""
    return {notice.user for notice in Notice.objects.filter(key__startswith=key).select_related("user")}


def places(user: User) -> set[str]:
    return set(Notice.objects.filter(user=user).values_list("url", flat=True))


def test_unit__signing_voiding_and_sending_are_told_to_the_colleagues():
    this = open_round()
    form = this.plain.submission
    fill(form, this.contributor)
    sign(form, this.leader)
    assert told("signed:") == {this.contributor}
    write_answer(
        user=this.contributor, submission=form, code="1.2.3", expected_version=1, inputs={"count": "2"}, explanation="x"
    )
    assert told("voided:") == {this.leader}
    sign(form, this.leader)
    send(user=this.contributor, submission=form)
    assert told("sent:") == {this.leader}
    assert reverse("submissions:receipt", args=[form.pk]) in places(this.leader)
    assert told("") == {this.contributor, this.leader}


def test_note__told_to_the_colleagues_without_its_words(signed_in):
    this = open_round()
    add_note(user=this.contributor, submission=this.plain.submission, code="1.2.3", text="Xem lại số liệu 😀")
    notice = Notice.objects.get()
    assert (notice.user, "1.2.3" in notice.title, notice.text) == (this.leader, True, "")
    assert notice.url == reverse("submissions:notes", args=[this.plain.submission.pk, "1.2.3"])
    client = signed_in(this.leader)
    assert client.get(client.post(reverse("submissions:notice", args=[notice.pk]))["Location"]).status_code == 200


def test_explanation__asked_answered_and_closed():
    this = appraisal_round()
    Notice.objects.all().delete()
    due = timezone.now() + dt.timedelta(days=1)
    request = explanations.ask(
        user=this.appraiser, participant=this.plain, code="1.2.2", question="Vì sao?", due_at=due
    )
    unit = set(User.objects.filter(memberships__unit=this.plain.unit))
    assert {this.contributor, this.leader} <= unit
    assert told("asked:") == unit
    colleague = user_with_role(Role.APPRAISER, this.agency)
    explanations.answer(user=this.contributor, request=request, text="Vì đã làm.")
    assert told("answered:") == {this.appraiser, colleague}
    request.refresh_from_db()
    explanations.withdraw(user=this.appraiser, request=request, note="Đã rõ")
    assert told("closed:") == unit


def test_round__each_step_is_told_to_those_whose_turn_it_is():
    this = open_round(state=RoundState.DRAFT)
    council = user_with_role(Role.COUNCIL_MEMBER, this.round.owner)
    auditor = user_with_role(Role.AUDITOR, this.round.owner)
    told_of = {}
    for state in (RoundState.OPEN, RoundState.APPRAISAL, RoundState.COUNCIL):
        advance_round(round=this.round, to=state, user=this.secretary)
        told_of[state] = told(f"round:{this.round.pk}:{state}:")
    assert told_of == {
        RoundState.OPEN: {this.contributor, this.leader, this.other_contributor},
        RoundState.APPRAISAL: {this.appraiser},
        RoundState.COUNCIL: {council},
    }
    audit.record("submissions.round_state", this.round, user=this.secretary, after={"state": RoundState.FINALISED})
    assert told(f"round:{this.round.pk}:finalised") == {this.approver, auditor}


def test_survey_list_and_release__officer_and_approver_are_told():
    case = open_survey()
    officer = user_with_role(Role.SURVEY_OFFICER, case.around.round.owner)
    enter(case, people(6, "dai-bieu"))  # entered, sent, accepted
    one = case.list_of(case.around.plain)
    assert officer in told(f"list:{one.pk}:")
    assert reverse("submissions:survey_review_list", args=[one.survey_id, one.pk]) in places(officer)
    release = built_release()
    approver = user_with_role(Role.APPROVER, release.owner)
    audit.record("publishing.release.build", release, user=release.built_by, after={"state": release.state})
    assert approver in told(f"release:{release.pk}:")
    return_release(release=release, user=approver, reason="Sai tên đơn vị")
    assert told(f"release:{release.pk}:returned") <= {
        *User.objects.filter(memberships__role=Role.SECRETARIAT, memberships__unit=release.owner)
    }


def test_an_action_that_concerns_nobody_tells_nobody(django_assert_num_queries):
    this = open_round()
    with django_assert_num_queries(0):
        tell_about(action="submissions.answer", instance=this.plain, user=this.contributor, after=None)
    assert Notice.objects.count() == 0


# --- mails ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def person() -> User:
    return user_with_role(Role.CONTRIBUTOR)


def tell(person: User, *keys: str) -> None:
    for key in keys:
        notify(users=[person], key=key, title=f"Việc {key}".strip, url=f"/lam-viec/{key}/", text="Chi tiết")


def test_mail__at_once_several_in_one_and_none_twice(person):
    tell(person, "a", "b")
    assert (mail_notices(), mail_notices()) == (1, 0)
    [message] = mail.outbox
    assert message.to == [person.email]
    assert message.subject == "2 thông báo của cổng"
    assert ["Việc a" in message.body, "/lam-viec/b/" in message.body] == [True, True]
    assert reverse("submissions:notices") in message.body
    tell(person, "c")
    assert mail_notices() == 1
    assert mail.outbox[1].subject == "Việc c"


def test_mail__daily_once_after_the_hour_and_off_never(person):
    choose_mail_rhythm(user=person, rhythm=MailRhythm.DAILY)
    other = user_with_role(Role.LEADER)
    choose_mail_rhythm(user=other, rhythm=MailRhythm.OFF)
    sent = []
    for hours, key in ((-1, "a"), (0, "b"), (1, "c"), (23, "d"), (24, "e")):
        with clock.at(MORNING + dt.timedelta(hours=hours)):
            tell(person, key)
            tell(other, key)
            sent.append(mail_notices() + mail_notices())
    assert sent == [0, 1, 0, 0, 1]
    assert [[f"Việc {key}\n" in message.body for key in "abcde"] for message in mail.outbox] == [
        [True, True, False, False, False],
        [False, False, True, True, True],
    ]
    assert {message.to[0] for message in mail.outbox} == {person.email}


def test_mail__not_what_was_read_is_old_or_has_no_address(person):
    nobody = user_with_role(Role.LEADER)
    User.objects.filter(pk=nobody.pk).update(email="")
    nobody.refresh_from_db()
    with clock.at(timezone.now() - dt.timedelta(days=4)):
        tell(person, "old")
    tell(person, "read")
    mark_read(user=person)
    tell(nobody, "x")
    assert (mail_notices(), mail.outbox) == (0, [])


def test_mail__a_line_break_in_a_name_is_no_header(person):
    notify(users=[person], key="x", title=lambda: "Tên\r\nBcc: ai@example.vn", url="/")
    assert mail_notices() == 1
    assert (mail.outbox[0].subject, mail.outbox[0].bcc) == ("Tên Bcc: ai@example.vn", [])


def test_mail__what_fails_is_tried_again_for_immediate_and_daily(person, monkeypatch):
    daily = user_with_role(Role.LEADER)
    choose_mail_rhythm(user=daily, rhythm=MailRhythm.DAILY)

    def broken(*_args: object) -> int:
        raise smtplib.SMTPServerDisconnected

    with clock.at(MORNING):
        tell(person, "a")
        tell(daily, "a")
        with monkeypatch.context() as patch:
            patch.setattr(EmailBackend, "send_messages", broken)
            assert mail_notices() == 0
        assert mail_notices() == 2


def test_choice__stored_and_refused_by_a_sentence(person, signed_in):
    client, address = signed_in(person), reverse("submissions:notices_mail")
    assert 'value="immediate" checked' in client.get(reverse("submissions:notices")).content.decode()
    shown = client.post(address, {"thu": "daily"}, follow=True).content.decode()
    assert 'value="daily" checked' in shown
    refused = client.post(address, {"thu": "hourly\x00"}, follow=True).content.decode()
    assert "Hãy chọn" in refused
    assert 'value="daily" checked' in refused
    assert client.get(address).status_code == 405


def test_list__unread_only_and_read_without_leaving(person, signed_in):
    tell(person, "a", "b")
    client, address = signed_in(person), reverse("submissions:notices")
    first = Notice.objects.get(key="a")
    answer = client.post(reverse("submissions:notice", args=[first.pk]), {"viec": "da-doc"})
    assert answer["Location"] == address
    shown = client.get(address, {"xem": "chua-doc"}).content.decode()
    assert ["Việc a" in shown, "Việc b" in shown] == [False, True]


def test_notice__is_told_in_each_readers_language(signed_in):
    """Who acts in English tells a Vietnamese reader in Vietnamese, on the page and by mail."""
    this = open_round()
    form = this.plain.submission
    fill(form, this.contributor)
    User.objects.filter(pk=this.leader.pk).update(preferred_language="en")
    other = user_with_role(Role.CONTRIBUTOR, unit=this.plain.unit)
    with override("en"):
        add_note(user=this.contributor, submission=form, code="1.2.3", text="Số liệu")
    english, vietnamese = (
        f"{this.contributor} noted something on 1.2.3",
        f"{this.contributor} ghi chú tại tiêu chí 1.2.3",
    )
    assert mail_notices() == 2
    told = {message.to[0]: message for message in mail.outbox}
    assert [this.leader.email in told, other.email in told] == [True, True]
    assert english in told[this.leader.email].subject
    assert vietnamese in told[other.email].subject
    assert "do not answer it" in told[this.leader.email].body
    page, client = reverse("submissions:notices"), signed_in(this.leader)
    assert vietnamese in client.get(page).content.decode()
    assert english in client.get(f"/en{page}").content.decode()


def test_mail__the_reader_chooses_the_language(signed_in, person):
    client = signed_in(person)
    for language, kept in (("en", "en"), ("fr", "en"), ("vi", "vi")):
        client.post(reverse("submissions:notices_mail"), {"thu": MailRhythm.IMMEDIATE, "tieng": language})
        person.refresh_from_db()
        assert person.language == kept
    UserProfile.objects.create(user=person, preferred_language="en")
    User.objects.filter(pk=person.pk).update(preferred_language="")
    assert User.objects.get(pk=person.pk).language == "en"
