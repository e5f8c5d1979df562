"""Letters of a survey: a mail server that is away, reminders, refused addresses; nobody gets one twice."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from smtplib import SMTPRecipientsRefused

from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import pytest

from cms import clock
from cms.enums import JobStatus
from cms.exceptions import PermissionRefused
from cms.models import JobRun
from submissions.domain.survey import deliveries, invitations, mailing
from submissions.domain.survey.tokens import token_of
from submissions.exceptions import WrongState
from submissions.models import Invitation, SealedAnswer
from submissions.survey_enums import DeliveryState
from submissions.survey_tasks import send_due_letters
from tests.factories.survey import open_survey
from tests.portal_process import free_port
from tests.submissions.test_survey import answer, enter, invite, people

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SMTP = "django.core.mail.backends.smtp.EmailBackend"


def press(client: Client, case, step: str) -> None:
    """Do a step of the desk."""
    client.post(reverse("submissions:survey_step", kwargs={"pk": case.survey.pk}), {"step": step})


def test_a_mail_server_that_is_away_loses_and_doubles_no_letter(signed_in) -> None:
    case = open_survey()
    enter(case, people(7, "dai-bieu"))
    invite(case)
    desk = signed_in(case.officer)
    with override_settings(EMAIL_BACKEND=SMTP, EMAIL_HOST="127.0.0.1", EMAIL_PORT=free_port()):
        press(desk, case, "mail")
        failed = JobRun.objects.get(task="submissions.survey_mail")
        assert failed.status == JobStatus.FAILED
        assert "0" in failed.error
        assert Invitation.objects.filter(delivery=DeliveryState.WAITING).count() == 7
        send_due_letters()  # the schedule tries again while it is still away
    assert len(mail.outbox) == 0
    send_due_letters()
    send_due_letters()
    assert len(mail.outbox) == 7
    assert len({message.to[0] for message in mail.outbox}) == 7


def test_nothing_goes_out_before_the_officer_orders_it() -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    invite(case)
    send_due_letters()
    assert mail.outbox == []


def test_a_reminder_goes_once_to_those_who_have_not_answered(signed_in) -> None:
    case = open_survey()
    enter(case, people(6, "dai-bieu"))
    tokens = invite(case)
    desk = signed_in(case.officer)
    press(desk, case, "mail")
    answer(tokens[0])
    assert invitations.order_reminders(user=case.officer, survey=case.survey) == 6  # the number tells nobody's answer
    answer(tokens[1])  # answers before the reminder goes out
    send_due_letters()
    send_due_letters()
    reminded = [message.to[0] for message in mail.outbox[6:]]
    assert sorted(reminded) == [f"dai-bieu.{n}@example.vn" for n in range(2, 6)]
    assert set(Invitation.objects.filter(used=False).values_list("reminders", flat=True)) == {1}


def test_an_address_that_is_refused_for_good_is_marked_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    invite(case)
    sound = EmailMessage.send

    def refuse_some(message: EmailMessage, *args: object, **kwargs: object) -> int:
        codes = {"dai-bieu.1@example.vn": 550, "dai-bieu.2@example.vn": 451}
        if message.to[0] in codes:
            raise SMTPRecipientsRefused({message.to[0]: (codes[message.to[0]], b"refused")})
        return sound(message, *args, **kwargs)

    monkeypatch.setattr(EmailMessage, "send", refuse_some)
    ids = list(invitations.due_letters(case.survey).values_list("pk", flat=True))
    assert mailing.mail_batch(ids=ids) == 3
    states = dict(Invitation.objects.values_list("respondent__mail", "delivery"))
    assert (states["dai-bieu.1@example.vn"], states["dai-bieu.2@example.vn"]) == ("bounced", "waiting")
    changed = deliveries.replace_address(
        user=case.officer, invitation=Invitation.objects.get(delivery="bounced"), mail="moi@example.vn"
    )
    monkeypatch.undo()
    assert mailing.mail_batch(ids=[changed.pk]) == 1
    assert mail.outbox[-1].to == ["moi@example.vn"]


def test_neither_jobs_nor_the_desk_tell_who_has_answered(signed_in) -> None:
    case = open_survey()
    enter(case, people(6, "dai-bieu"))
    tokens = invite(case)
    desk = signed_in(case.officer)
    press(desk, case, "mail")
    answer(tokens[1])
    rows = list(Invitation.objects.order_by("pk"))

    def told(number: int) -> tuple[object, ...]:
        """Send one letter again; return all that the officer can see of it."""
        place = reverse("submissions:survey_letter", kwargs={"pk": case.survey.pk, "invitation": rows[number].pk})
        before = JobRun.objects.count()
        assert desk.post(place, {"action": "resend"}).status_code == 302
        run = JobRun.objects.latest("pk")
        state = Invitation.objects.get(pk=rows[number].pk).delivery
        return JobRun.objects.count() - before, run.status, run.done, run.total, run.message, run.report, state

    assert told(0) == told(1) == (1, JobStatus.SUCCEEDED, 1, 1, "Số thư đã xử lý", {"due": 1}, "sent")
    assert [message.to for message in mail.outbox[6:]] == [["dai-bieu.0@example.vn"]]
    with override_settings(EMAIL_BACKEND=SMTP, EMAIL_HOST="127.0.0.1", EMAIL_PORT=free_port()):
        away = [told(0), told(1)]
    assert [(seen[1], seen[-1]) for seen in away] == [(JobStatus.FAILED, "waiting")] * 2
    send_due_letters()
    # One letter that came back is one letter less to remind of, whether that person has answered or not.
    totals = []
    for number in (0, 1):
        invitations.order_reminders(user=case.officer, survey=case.survey)
        deliveries.record_bounce(user=case.officer, invitation=rows[number], note="hỏng")
        press(desk, case, "remind")
        run = JobRun.objects.latest("pk")
        totals.append((run.done, run.total, run.report))
        assert told(number)[-1] == "sent"
    assert totals == [(5, 5, {"due": 5})] * 2
    for token in tokens[:1] + tokens[2:]:
        answer(token)
    page = desk.get(reverse("submissions:survey_desk", kwargs={"pk": case.survey.pk})).content.decode()
    assert 'value="remind"' in page  # it is offered as long as letters are out


def test_letters_are_refused_before_the_survey_is_open_and_to_strangers() -> None:
    case = open_survey()
    with pytest.raises(WrongState):
        invitations.order_letters(user=case.officer, survey=case.survey)
    enter(case, people(5, "dai-bieu"))
    invite(case)
    with pytest.raises(PermissionRefused):
        invitations.order_reminders(user=case.around.secretary, survey=case.survey)


def plain_of(response: HttpResponse) -> tuple[int, int, str]:
    """Return status, length and text of a page without what differs from one showing to the next by chance."""
    text = re.sub(r"([A-Z2-7]{4}-){5}[A-Z2-7]{4}", "CODE", response.content.decode())
    text = re.sub(r'((name="(csrfmiddlewaretoken|opened)" value|nonce)=")[^"]*', r"\1", text)
    return response.status_code, len(response.content), text


def test_a_letter_issued_anew_tells_nobody_whether_the_person_has_answered(signed_in, client: Client) -> None:
    case = open_survey()
    enter(case, people(7, "dai-bieu"))
    tokens = invite(case)
    desk = signed_in(case.officer)
    press(desk, case, "mail")
    answer(tokens[0])
    with_answer, without = Invitation.objects.order_by("pk")[:2]
    stranger = people(1, "dai-bieu")[0]

    def tried(row: Invitation) -> list[object]:
        """Have a letter printed and use its code as a respondent would; return all that is seen."""
        place = reverse("submissions:survey_letter", kwargs={"pk": case.survey.pk, "invitation": row.pk})
        assert desk.post(place, {"action": "print"}).status_code == 302
        page = reverse("survey:answer", kwargs={"token": token_of(Invitation.objects.get(pk=row.pk))})
        seen: list[object] = [plain_of(client.get(page))]
        marks = {"q-q1": "A", "q-q2": "B"}
        seen += [plain_of(client.post(page, {**marks, "action": action})) for action in ("keep", "review")]
        seen.append(plain_of(client.get(page)))
        receipt = client.post(page, {**marks, "action": "send"})
        seen += [receipt.status_code, plain_of(client.get(receipt["Location"])), plain_of(client.get(page))]
        return seen

    assert tried(with_answer) == tried(without)
    # One answer of each person counts; what the first one sent again is nowhere.
    assert (SealedAnswer.objects.count(), Invitation.objects.filter(used=True).count()) == (2, 2)
    # To a mailbox of the officer's own: letter and reminder arrive for both alike.
    answer(tokens[2])
    mail.outbox.clear()
    for row in Invitation.objects.order_by("pk")[2:4]:
        deliveries.replace_address(user=case.officer, invitation=row, mail=f"{row.pk}.{stranger.mail}")
    send_due_letters()
    mine = Invitation.objects.order_by("pk")[2:4]
    invitations.order_reminders(user=case.officer, survey=case.survey)
    send_due_letters()
    assert [sum(message.to == [row.respondent.mail] for message in mail.outbox) for row in mine] == [2, 2]
    assert {"thư trước" in message.body for message in mail.outbox if message.to[0][0].isdigit()} == {True}


def test_used_replaced_and_guessed_codes_get_one_answer_and_closing_adds_nothing(client: Client) -> None:
    case = open_survey()
    enter(case, people(6, "dai-bieu"))
    used, replaced, open_code = invite(case)[:3]
    answer(used)
    deliveries.replace_address(
        user=case.officer, invitation=Invitation.objects.order_by("pk")[1], mail="moi.1@example.vn"
    )
    guess = "AAAA-" * 5 + "AAAA"

    def pages(code: str) -> list[tuple[int, int, str]]:
        place = reverse("survey:answer", kwargs={"token": code})
        typed = client.post(reverse("survey:enter_code"), {"code": code})
        return [
            plain_of(client.get(place)),
            plain_of(client.post(place, {"q-q1": "A", "action": "keep"})),
            plain_of(typed),
        ]

    refused = pages(used)
    assert [page[0] for page in refused] == [404] * 3
    assert (pages(replaced), pages(guess)) == (refused, refused)
    assert pages(open_code)[0][0] == 200
    with clock.at(case.survey.answers_due + dt.timedelta(seconds=1)):
        late = pages(open_code)
        assert [page[0] for page in late] == [410] * 3
        assert pages(used) == late


def test_used_replaced_and_guessed_codes_cost_the_same_work(client: Client) -> None:
    case = open_survey()
    enter(case, people(6, "dai-bieu"))
    used, replaced, *_open = invite(case)
    answer(used)
    second = Invitation.objects.order_by("pk")[1]
    deliveries.replace_address(user=case.officer, invitation=second, mail="moi.1@example.vn")
    guesses = ["AAAA-" * 5 + "AAAA", used[:-1] + ("A" if used[-1] != "A" else "B"), "AAAA"]

    def work(code: str) -> list[int]:
        place = reverse("survey:answer", kwargs={"token": code})
        costs = []
        for ask in (
            lambda: client.get(place),
            lambda: client.post(place, {"q-q1": "A", "action": "send"}),
            lambda: client.post(place, {"q-q1": "A"}, headers={"Accept": "application/json"}),
            lambda: client.post(reverse("survey:enter_code"), {"code": code}),
        ):
            with CaptureQueriesContext(connection) as queries, counted_cache() as writes:
                ask()
            costs += [len(queries), len(writes)]
        return costs

    work("AAAA-" * 5 + "AAAB")  # what is read once is read now
    expected = work(used)
    assert expected[1::2] == [2] * 4
    assert [work(code) for code in (replaced, *guesses)] == [expected] * 4


@contextmanager
def counted_cache() -> Iterator[list[str]]:
    """Count what is written to the shared cache about refused codes."""
    writes: list[str] = []
    before = cache.add, cache.incr

    def noted(act: Callable[..., object]) -> Callable[..., object]:
        def noting(key: str, *arguments: object, **options: object) -> object:
            if key.startswith("survey-"):
                writes.append(key)
            return act(key, *arguments, **options)

        return noting

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "add", noted(before[0]))
        patch.setattr(cache, "incr", noted(before[1]))
        yield writes
