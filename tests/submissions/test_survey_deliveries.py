"""What becomes of letters: they come back, go out again, to another address, or on paper with a QR code."""

from __future__ import annotations

import io
from collections.abc import Callable
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

from django.core import mail
from django.core.mail import EmailMessage as DjangoMessage
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

import pypdf
import pytest

from cms.exceptions import PermissionRefused
from criteria_pages.questionnaire import Question, QuestionnaireDefinition
from submissions.domain.survey import answering, deliveries, invitations, letters, mixing
from submissions.domain.survey.lists import ListedPerson
from submissions.domain.survey.tokens import token_of
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Invitation, PrintedLetters
from submissions.survey_tasks import send_due_letters
from tests.factories.survey import OpenSurvey, open_survey, questionnaire_edition
from tests.submissions.test_survey import answer, enter, invite, people

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SignIn = Callable[..., Client]


def status_message(address: str, *, action: str = "failed", status: str = "5.1.1") -> bytes:
    """Return what a mail system sends back about an address (RFC 3464)."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["Subject"], report["From"] = "Undelivered Mail Returned to Sender", "MAILER-DAEMON@example.vn"
    report.attach(MIMEText("This is the mail system."))
    fields = MIMEBase("message", "delivery-status")
    whole, one = Message(), Message()
    whole["Reporting-MTA"] = "dns; mail.example.vn"
    one["Final-Recipient"] = f"rfc822; {address}"
    one["Action"], one["Status"] = action, status
    one["Diagnostic-Code"] = "smtp; 550 5.1.1 User unknown"
    fields.set_payload([whole, one])
    report.attach(fields)
    return report.as_bytes()


def mailed(case: OpenSurvey, count: int = 6) -> list[str]:
    """Invite people and mail their letters; return the codes."""
    enter(case, people(count, "dai-bieu"))
    tokens = invite(case)
    invitations.order_letters(user=case.officer, survey=case.survey)
    send_due_letters()
    return tokens


def states() -> dict[str, tuple[str, str]]:
    """Return {mail: (delivery, note)}."""
    rows = Invitation.objects.values_list("respondent__mail", "delivery", "delivery_note")
    return {address: (delivery, note) for address, delivery, note in rows}


def test_a_mailbox_of_returned_letters_is_read_and_other_mail_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = open_survey()
    mailed(case)
    holiday = EmailMessage()
    holiday["Subject"], holiday["From"] = "Nghỉ phép", "dai-bieu.2@example.vn"
    holiday.set_content("Tôi nghỉ phép. dai-bieu.3@example.vn")
    parts = [
        status_message("DAI-BIEU.0@example.vn"),
        status_message("dai-bieu.1@example.vn", action="delayed", status="4.4.1"),
        holiday.as_bytes(),
        status_message("nguoi-la@example.vn"),
        b"\xff\x00 no message at all",
    ]
    box = tmp_path / "returned.mbox"
    box.write_bytes(b"".join(b"From MAILER-DAEMON Mon Jan  5 10:00:00 2026\n" + part + b"\n\n" for part in parts))
    call_command("survey_bounces", str(box))
    told = (
        "5 messages read, 1 letters marked as come back, 1 addresses that no open survey has written to, "
        "0 messages unreadable."
    )
    assert capsys.readouterr().out.strip() == told
    expected = {f"dai-bieu.{n}@example.vn": ("sent", "") for n in range(1, 6)}
    expected["dai-bieu.0@example.vn"] = ("bounced", "smtp; 550 5.1.1 User unknown")
    assert states() == expected
    # One message on standard input, as a mail system hands it to a program; and the same once more.
    for marked in (1, 0):
        source = io.TextIOWrapper(io.BytesIO(status_message("dai-bieu.4@example.vn")))
        monkeypatch.setattr("sys.stdin", source)
        call_command("survey_bounces")
        assert f"{marked} letters marked" in capsys.readouterr().out
    # Who has no working address gets no reminder.
    assert invitations.order_reminders(user=case.officer, survey=case.survey) == 4


def test_a_hostile_message_in_the_mailbox_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    case = open_survey()
    mailed(case)
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (depth, depth) for depth in range(3000)
    )
    forwarded = b"Content-Type: message/rfc822\n\n" * 3000
    with_nul = status_message("dai-bieu.0@example.vn").replace(b"User unknown", b"User\0 unknown")
    sound = status_message("dai-bieu.1@example.vn")
    monkeypatch.setattr(deliveries, "MESSAGE_LIMIT", 200_000)
    counts = deliveries.take_bounces([nested, forwarded, with_nul, b"x" * 200_001, sound])
    assert counts == deliveries.BounceCounts(messages=5, marked=2, unknown=0, unreadable=3)
    assert states()["dai-bieu.0@example.vn"] == ("bounced", "smtp; 550 5.1.1 User unknown")
    assert states()["dai-bieu.1@example.vn"] == ("bounced", "smtp; 550 5.1.1 User unknown")


def test_a_printed_letter_opens_no_answers_that_were_kept_before(signed_in: SignIn, client: Client) -> None:
    case = open_survey()
    paper = ListedPerson("Ông Giấy", "Chủ tịch", "Hội Nông dân", "", "dai-bieu")
    enter(case, [*people(4, "dai-bieu"), paper])
    mailed_code, *_others, paper_code = invite(case)
    invitations.order_letters(user=case.officer, survey=case.survey)
    send_due_letters()
    one, *_rest, on_paper = Invitation.objects.order_by("pk")
    officer = signed_in(case.officer)
    letter = reverse("submissions:survey_letter", kwargs={"pk": case.survey.pk, "invitation": one.pk})
    print_all = reverse("submissions:survey_print", kwargs={"pk": case.survey.pk})

    def code_of(row: Invitation) -> str:
        return token_of(Invitation.objects.get(pk=row.pk))

    def opened(code: str) -> tuple[int, bool]:
        page = client.get(reverse("survey:answer", kwargs={"token": code}))
        return page.status_code, "checked" in page.content.decode() or "ý riêng" in page.content.decode()

    given = {"q1": "B", "y": "ý riêng"}
    answering.keep_draft(token=mailed_code, answers=given)
    assert opened(mailed_code) == (200, True)
    assert officer.post(letter, {"action": "print"}).status_code == 302
    printed = code_of(one)
    pdf = letters.open_printed(user=case.officer, printed=PrintedLetters.objects.latest("pk"))
    assert printed in pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert (opened(mailed_code)[0], opened(printed)) == (404, (200, False))
    # The code on paper is never mailed: no reminder carries it, and sending the letter again makes another.
    mail.outbox.clear()
    invitations.order_reminders(user=case.officer, survey=case.survey)
    send_due_letters()
    assert [message.to[0] for message in mail.outbox] == [f"dai-bieu.{n}@example.vn" for n in (1, 2, 3)]
    assert officer.post(letter, {"action": "resend"}).status_code == 302
    again = code_of(one)
    assert again in mail.outbox[-1].body
    assert (opened(printed)[0], opened(again)) == (404, (200, False))
    officer.post(letter, {"action": "resend"})
    assert code_of(one) == again  # what was only mailed keeps its link
    # Paper: the first letter has the code that nobody has seen; printed anew, all have new ones; returned, it is dead.
    officer.post(print_all, {"which": "new"})
    assert code_of(on_paper) == paper_code
    answering.keep_draft(token=paper_code, answers=given)
    officer.post(print_all, {"which": "all"})
    anew = code_of(on_paper)
    assert (opened(paper_code)[0], opened(anew)) == (404, (200, False))
    deliveries.record_bounce(user=case.officer, invitation=on_paper, note="bưu điện trả lại")
    assert opened(anew)[0] == 404
    # For somebody who has answered all of it looks the same: the code that was used is dead, the new one opens.
    answer(again)
    assert opened(again)[0] == 404
    assert officer.post(letter, {"action": "print"}).status_code == 302
    assert code_of(one) != again
    assert opened(code_of(one)) == (200, False)


def test_the_officer_records_replaces_and_sends_again_and_sees_nobodys_answer(signed_in: SignIn) -> None:
    case = open_survey()
    tokens = mailed(case)
    answer(tokens[1])
    rows = list(Invitation.objects.order_by("pk"))
    officer = signed_in(case.officer)

    def post(number: int, **data: str) -> int:
        address = reverse("submissions:survey_letter", kwargs={"pk": case.survey.pk, "invitation": rows[number].pk})
        return officer.post(address, data).status_code

    assert post(0, action="returned", note="") == 422
    assert post(0, action="returned", note="Thư bị trả lại") == 302
    assert states()["dai-bieu.0@example.vn"] == ("bounced", "Thư bị trả lại")
    mail.outbox.clear()
    assert post(0, action="replace", mail="khong-phai-thu") == 422
    # Person 1 has answered, person 0 has not: all steps look the same from outside.
    for number in (0, 1):
        assert post(number, action="replace", mail=f"moi.{number}@example.vn") == 302
        assert post(number, action="resend") == 302
        assert states()[f"moi.{number}@example.vn"] == ("sent", "")
    assert [message.to for message in mail.outbox] == [["moi.0@example.vn"]] * 2 + [["moi.1@example.vn"]] * 2
    new = [token_of(Invitation.objects.get(pk=rows[number].pk)) for number in (0, 0, 1, 1)]
    assert [code in message.body for code, message in zip(new, mail.outbox, strict=True)] == [True] * 4
    assert (new[0] != tokens[0], new[2] != tokens[1]) == (True, True)
    officer.get(reverse("submissions:survey_letters", kwargs={"pk": case.survey.pk}))  # what was done is told once
    pages = [
        officer.get(reverse("submissions:survey_letter", kwargs={"pk": case.survey.pk, "invitation": rows[n].pk}))
        for n in (0, 1)
    ]
    first, second = (page.content.decode().split("<main")[1].replace("dai-bieu", "") for page in pages)
    assert len(first) == len(second)
    assert post(0, action="gi-do") == 404


def test_letters_are_found_by_state_and_name_and_belong_to_the_officer(
    signed_in: SignIn, django_assert_max_num_queries: Callable[..., object]
) -> None:
    case = open_survey()
    mailed(case, 12)
    place = reverse("submissions:survey_letters", kwargs={"pk": case.survey.pk})
    officer = signed_in(case.officer)
    with django_assert_max_num_queries(28):
        assert officer.get(place).content.decode().count("@example.vn") == 12
    assert officer.get(place, {"loc": "bounced"}).content.decode().count("@example.vn") == 0
    assert officer.get(place, {"q": "dai-bieu.11"}).content.decode().count("dai-bieu.11@example.vn") == 1
    for stranger in (case.around.contributor, case.around.secretary):
        client = signed_in(stranger)
        assert client.get(place).status_code == 403
        assert client.post(reverse("submissions:survey_print", kwargs={"pk": case.survey.pk})).status_code == 403
    with pytest.raises(PermissionRefused):
        deliveries.resend(user=case.around.secretary, invitation=Invitation.objects.all()[0])
    mixing.close_survey(survey=case.survey, user=case.officer)
    with pytest.raises(WrongState):
        deliveries.resend(user=case.officer, invitation=Invitation.objects.all()[0])


def test_letters_for_those_without_mail_are_printed_sealed_and_deleted(
    signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "PER_FILE", 2)
    case = open_survey()
    paper = [ListedPerson(f"Ông Giấy {n}", "Chủ tịch", "Hội Nông dân", "", "dai-bieu") for n in range(3)]
    enter(case, [*people(3, "dai-bieu"), *paper])
    tokens = invite(case)
    officer = signed_in(case.officer)
    order = reverse("submissions:survey_print", kwargs={"pk": case.survey.pk})
    officer.post(order, {"which": "new"})
    files = list(PrintedLetters.objects.order_by("part"))
    assert [(f.part, f.letters) for f in files] == [(1, 2), (2, 1)]
    texts = []
    for file in files:
        address = reverse("submissions:survey_printed", kwargs={"pk": case.survey.pk, "printed": file.pk})
        assert signed_in(case.around.secretary).get(address).status_code == 403
        content = officer.get(address).content
        assert bytes(file.content)[:4] != b"%PDF"
        texts += [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]
    assert len(texts) == 3
    assert [token in text for token, text in zip(tokens[3:], texts, strict=True)] == [True] * 3
    assert ["Ông Giấy" in text and "/khao-sat/" in text for text in texts] == [True] * 3
    assert [delivery for delivery, _note in states().values()].count("printed") == 1  # all three under the mail ""
    assert set(Invitation.objects.filter(respondent__mail="").values_list("delivery", flat=True)) == {"printed"}
    with pytest.raises(SubmissionError):
        letters.require_printable(user=case.officer, survey=case.survey, invitation=None, again=False)
    officer.post(order, {"which": "all"})
    assert sum(PrintedLetters.objects.values_list("letters", flat=True)) == 6
    one = Invitation.objects.order_by("pk")[0]
    officer.post(
        reverse("submissions:survey_letter", kwargs={"pk": case.survey.pk, "invitation": one.pk}), {"action": "print"}
    )
    one.refresh_from_db()
    assert (PrintedLetters.objects.count(), one.delivery) == (5, "printed")  # no mail carries the code on paper
    mixing.close_survey(survey=case.survey, user=case.officer)
    assert PrintedLetters.objects.count() == 0


def test_the_desk_offers_invitations_only_from_accepted_lists(signed_in: SignIn) -> None:
    case = open_survey()
    desk = signed_in(case.officer)
    place = reverse("submissions:survey_desk", kwargs={"pk": case.survey.pk})
    assert 'value="invite"' not in desk.get(place).content.decode()
    enter(case, people(5, "dai-bieu"))
    page = desk.get(place).content.decode()
    assert ('value="invite"' in page, 'value="select"' in page) == (False, True)
    step = reverse("submissions:survey_step", kwargs={"pk": case.survey.pk})
    refused = desk.post(step, {"step": "invite"}, follow=True).content.decode()
    assert "Hãy chọn người được hỏi trước" in refused
    assert Invitation.objects.count() == 0
    desk.post(step, {"step": "select"})
    assert 'value="invite"' in desk.get(place).content.decode()
    # A list that is accepted afterwards may name the same people: they are selected anew.
    enter(case, people(5, "dai-bieu"), other=True)
    assert 'value="invite"' not in desk.get(place).content.decode()
    desk.post(step, {"step": "select"})
    desk.post(step, {"step": "invite"})
    assert Invitation.objects.count() == 5
    assert 'value="mail"' in desk.get(place).content.decode()


def test_the_desk_names_survey_criteria_that_no_question_asks_about(signed_in: SignIn) -> None:
    case = open_survey()
    place = reverse("submissions:survey_desk", kwargs={"pk": case.survey.pk})
    sentence = "không có câu hỏi nào"
    assert sentence not in signed_in(case.officer).get(place).content.decode()
    edition = questionnaire_edition(
        QuestionnaireDefinition(title="Phiếu", questions=(Question("y", "Ý kiến", "open"),))
    )
    case.survey.groups.update(edition=edition)
    assert f"{sentence}: 2.2.1." in signed_in(case.officer).get(place).content.decode()


def test_orders_of_letters_stand_on_the_desk_only_while_people_answer(signed_in: SignIn) -> None:
    case = open_survey()
    place = reverse("submissions:survey_desk", kwargs={"pk": case.survey.pk})
    desk = signed_in(case.officer)
    assert 'value="mail"' not in desk.get(place).content.decode()


def test_a_letter_that_comes_back_while_its_batch_goes_out_stays_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    case = open_survey()
    enter(case, people(6, "dai-bieu"))
    invite(case)
    invitations.order_letters(user=case.officer, survey=case.survey)
    send = DjangoMessage.send

    def bounce_at_once(message: DjangoMessage, *args: object, **fields: object) -> int:
        sent = send(message, *args, **fields)
        if message.to == ["dai-bieu.0@example.vn"]:
            row = Invitation.objects.get(respondent__mail="dai-bieu.0@example.vn")
            Invitation.objects.filter(pk=row.pk).update(delivery="bounced", delivery_note="550 5.1.1")
        return sent

    monkeypatch.setattr(DjangoMessage, "send", bounce_at_once)
    send_due_letters()
    found = states()
    assert found.pop("dai-bieu.0@example.vn") == ("bounced", "550 5.1.1")
    assert set(found.values()) == {("sent", "")}
