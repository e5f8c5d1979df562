"""Two writers at once, each with a connection and a transaction of its own, on SQLite's file and on PostgreSQL."""

import datetime as dt
import threading
import time
from collections.abc import Callable

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

import pytest

from cms.enums import Role
from cms.exceptions import PortalError
from submissions.domain.answers import write_answer
from submissions.domain.appraisal import record_appraisal
from submissions.domain.appraisal_drafts import keep_draft
from submissions.domain.gate import lock_submission
from submissions.domain.ledger import current_entry
from submissions.domain.rounds import advance_round
from submissions.domain.second_reader import record_reading
from submissions.domain.second_readings import draw_sample
from submissions.domain.sending import send
from submissions.domain.unit_appeals import file_appeal, set_appeal_period
from submissions.enums import RoundState, Stage
from submissions.exceptions import AlreadySent, Locked, StaleWrite, WrongState
from submissions.models import (
    Answer,
    AppraisalDraft,
    AssessmentRound,
    Discrepancy,
    Evidence,
    FiledAppeal,
    PhaseDeadline,
    Receipt,
    ScoreEntry,
    SecondReading,
    SecondReadingSample,
)
from tests.factories.appraisal import appraisal_round
from tests.factories.cms import user_with_role
from tests.factories.files import pdf_bytes
from tests.factories.filling import fill, sign
from tests.factories.publishing import published_release
from tests.factories.submissions import open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run the calls in threads that start together; return what each returned or raised."""
    results: list[object] = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(number: int, call: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[number] = call()
        except PortalError as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_two_writers_with_the_same_version__one_wins_and_the_other_is_told():
    this = open_round()
    submission = this.plain.submission

    def write(user, count: str) -> Callable[[], Answer]:
        return lambda: write_answer(
            user=user,
            submission=submission,
            code="1.2.3",
            expected_version=0,
            inputs={"count": count},
            explanation="",
        )

    results = at_once(*(write(user, str(n)) for n, user in enumerate([this.contributor, this.leader] * 3, start=1)))
    won = [result for result in results if isinstance(result, Answer)]
    lost = [result for result in results if isinstance(result, StaleWrite)]
    assert (len(won), len(lost)) == (1, 5)
    stored = Answer.objects.get(submission=submission, code="1.2.3")
    assert (stored.inputs, stored.version) == (won[0].inputs, 1)
    assert {tuple(error.current["inputs"].items()) for error in lost} == {tuple(stored.inputs.items())}


def test_two_leaves_at_once__both_are_kept():
    this = open_round()
    submission = this.plain.submission

    def write(code: str, inputs: dict[str, str]) -> Callable[[], Answer]:
        return lambda: write_answer(
            user=this.contributor,
            submission=submission,
            code=code,
            expected_version=0,
            inputs=inputs,
            explanation="",
        )

    at_once(write("1.1", {"answer": "yes"}), write("1.2.3", {"count": "3"}), write("1.2.1", {"level": "a"}))
    assert sorted(Answer.objects.values_list("code", flat=True)) == ["1.1", "1.2.1", "1.2.3"]


def test_send_twice_at_once__one_receipt():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    sign(submission, this.leader)
    results = at_once(
        lambda: send(user=this.contributor, submission=submission),
        lambda: send(user=this.leader, submission=submission),
    )
    assert {type(result) for result in results} == {Receipt, AlreadySent}
    assert (Receipt.objects.count(), ScoreEntry.objects.count()) == (1, 8)


def test_write_and_change_at_once__what_is_sent_is_what_was_signed():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    signed = sign(submission, this.leader)
    at_once(
        lambda: send(user=this.contributor, submission=submission),
        lambda: write_answer(
            user=this.leader,
            submission=submission,
            code="1.2.3",
            expected_version=1,
            inputs={"count": "1"},
            explanation="",
        ),
    )
    changed = Answer.objects.get(code="1.2.3").inputs == {"count": "1"}
    assert Receipt.objects.filter(content_sha256=signed.content_sha256).exists() is not changed


def test_two_appraisers_decide_one_leaf_at_once__one_decision_and_the_others_are_told_of_it():
    this = appraisal_round(both=False)
    seen = current_entry(this.plain, "1.2.2")
    colleague = user_with_role(Role.APPRAISER, this.agency)

    def decide(user, points: str) -> Callable[[], ScoreEntry]:
        return lambda: record_appraisal(
            user=user,
            participant=this.plain,
            code="1.2.2",
            accept=False,
            points=points,
            reason="Thiếu minh chứng",
            expected_entry_id=seen.pk,
        )

    results = at_once(*(decide(user, f"0.{n}") for n, user in enumerate([this.appraiser, colleague] * 2, start=1)))
    won = [result for result in results if isinstance(result, ScoreEntry)]
    lost = [result for result in results if isinstance(result, StaleWrite)]
    assert (len(won), len(lost)) == (1, 3)
    decided = ScoreEntry.objects.get(participant=this.plain, code="1.2.2", stage=Stage.APPRAISAL_1)
    assert (decided.pk, decided.points, decided.actor) == (won[0].pk, won[0].points, won[0].actor)
    assert {(error.current["entry"], error.current["actor"]) for error in lost} == {(decided.pk, str(decided.actor))}


def test_sample_and_reading_and_draft_at_once__each_is_stored_once():
    this = appraisal_round(both=False)
    claim = current_entry(this.plain, "1.2.2")
    colleague = user_with_role(Role.APPRAISER, this.agency)

    def keep(text: str) -> Callable[[], AppraisalDraft]:
        return lambda: keep_draft(
            user=this.appraiser, participant=this.plain, code="1.2.2", values={"reason": text}, expected_version=0,
            seen_entry=claim.pk,
        )  # fmt: skip

    kept = at_once(*(keep(text) for text in "abc"))
    assert sorted(type(result).__name__ for result in kept) == ["AppraisalDraft", "StaleWrite", "StaleWrite"]
    assert AppraisalDraft.objects.get().version == 1

    record_appraisal(user=this.appraiser, participant=this.plain, code="1.2.2", accept=True, expected_entry_id=claim.pk)

    def draw() -> SecondReadingSample:
        return draw_sample(round=this.round, agency=this.agency, reading_agency=this.agency, share=100,
                           user=this.secretary)  # fmt: skip

    drawn = at_once(draw, draw, draw)
    assert sorted(type(result).__name__ for result in drawn) == [
        "SecondReadingSample", "SubmissionError", "SubmissionError",
    ]  # fmt: skip
    reading = SecondReading.objects.get()

    def read(points: str) -> Callable[[], SecondReading]:
        return lambda: record_reading(
            user=colleague, reading=reading, accept=False, points=points, reason="Khác", expected_claim_id=claim.pk
        )

    given = at_once(read("0.5"), read("0.25"))
    assert sorted(type(result).__name__ for result in given) == ["SecondReading", "WrongState"]
    won = next(result for result in given if isinstance(result, SecondReading))
    assert (SecondReading.objects.get().points, Discrepancy.objects.count()) == (won.points, 1)


def test_round_advances_while_writing__no_write_after_it():
    this = open_round()
    submission = this.plain.submission
    times: dict[str, dt.datetime] = {}

    def advance() -> None:
        advance_round(round=this.round, to=RoundState.APPRAISAL, user=this.secretary)
        times["advanced"] = timezone.now()

    def write(code: str, inputs: dict[str, str]) -> Callable[[], object]:
        def run() -> object:
            written = write_answer(
                user=this.contributor,
                submission=submission,
                code=code,
                expected_version=0,
                inputs=inputs,
                explanation="",
            )
            times[code] = timezone.now()
            return written

        return run

    results = at_once(advance, write("1.1", {"answer": "yes"}), write("1.2.3", {"count": "3"}))
    stored = set(Answer.objects.values_list("code", flat=True))
    assert stored == {result.code for result in results if isinstance(result, Answer)}
    with pytest.raises(Locked):
        write("1.2.1", {"level": "a"})()


def test_write_that_waited_for_the_lock__sees_the_round_as_it_is_now():
    """PostgreSQL would give a query that waited for a row lock the joined rows of before the wait."""
    this = open_round()
    submission = this.plain.submission
    locked, waiting = threading.Event(), threading.Event()

    def move_on() -> None:
        with transaction.atomic():
            lock_submission(submission.pk)
            locked.set()
            waiting.wait(10)
            time.sleep(0.3)
            AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.COUNCIL)

    def write() -> Answer:
        locked.wait(10)
        waiting.set()
        return write_answer(
            user=this.contributor,
            submission=submission,
            code="1.1",
            expected_version=0,
            inputs={"answer": "yes"},
            explanation="",
        )

    _moved, refused = at_once(move_on, write)
    assert isinstance(refused, WrongState)
    assert Answer.objects.count() == 0


def test_deadline_between_two_writes():
    this = open_round()
    now = timezone.now()
    PhaseDeadline.objects.update(opens_at=now - dt.timedelta(days=1), closes_at=now - dt.timedelta(milliseconds=1))
    with pytest.raises(Locked):
        write_answer(
            user=this.contributor,
            submission=this.plain.submission,
            code="1.1",
            expected_version=0,
            inputs={"answer": "yes"},
            explanation="",
        )


def test_an_appeal_filed_twice_at_once_is_one():
    this = open_round()
    published_release(this)
    this.plain.round.refresh_from_db()
    until = timezone.now() + dt.timedelta(days=9)
    set_appeal_period(round=this.round, closes_at=until, user=this.secretary)

    def lodge() -> FiledAppeal:
        given = {"code": "1.1", "asked": "Xem lại", "reason": "Có văn bản"}
        return file_appeal(user=this.leader, participant=this.plain, **given)

    results = at_once(*[lodge] * 4)
    assert sum(isinstance(result, FiledAppeal) for result in results) == FiledAppeal.objects.count() == 1
    assert [result.code for result in results if isinstance(result, PortalError)] == ["filed_already"] * 3


def test_two_appeals_with_documents_at_once__the_refused_one_leaves_no_document(signed_in):
    this = open_round()
    published_release(this)
    until = timezone.now() + dt.timedelta(days=9)
    set_appeal_period(round=AssessmentRound.objects.get(pk=this.round.pk), closes_at=until, user=this.secretary)
    page = reverse("submissions:unit_appeals", args=[this.plain.submission.pk])

    def lodge(number: int) -> Callable[[], int]:
        document = SimpleUploadedFile(
            f"{number}.pdf", pdf_bytes(text=f"Trang {number}"), content_type="application/pdf"
        )
        data = {"viec": "nop", "code": "1.1", "asked": "Xem lại", "reason": "Có văn bản", "upload": document}
        return lambda: signed_in(this.leader).post(page, data).status_code

    assert sorted(at_once(*(lodge(number) for number in range(3)))) == [302, 422, 422]
    assert list(Evidence.objects.all()) == list(FiledAppeal.objects.get().evidence.all())
