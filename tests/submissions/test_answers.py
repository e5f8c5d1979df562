"""Answers: parsing, self-score on the server, row versions, what a change does to a sign-off."""

from decimal import Decimal

from wagtail.models import ModelLogEntry

import pytest

from criteria_pages.exceptions import InputError
from criteria_pages.rules.inputs import InputErrors
from submissions.domain.answers import (
    RefusedAnswers,
    TypedAnswer,
    write_answer,
    write_answers,
    write_report_texts,
)
from submissions.domain.sign_off import valid_sign_off
from submissions.enums import SubmissionState
from submissions.exceptions import StaleWrite, SubmissionError
from submissions.models import Answer, SignOff
from tests.factories.filling import fill, sign
from tests.factories.submissions import OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def write(this: OpenRound, code: str, inputs: dict[str, str], version: int = 0, explanation: str = "") -> Answer:
    return write_answer(
        user=this.contributor,
        submission=this.plain.submission,
        code=code,
        expected_version=version,
        inputs=inputs,
        explanation=explanation,
    )


@pytest.mark.parametrize("typed", ["1,25", "1.25", " 1,25 "])
def test_write_answer__vietnamese_decimals(typed: str):
    answer = write(open_round(), "2.1.2", {"points": typed})
    assert (answer.inputs, answer.self_points, answer.version) == ({"points": "1.25"}, Decimal("1.25"), 1)


@pytest.mark.parametrize(
    ("code", "inputs", "field"),
    [
        ("2.1.2", {"points": "1.000,5"}, "points"),
        ("2.1.2", {"points": "một"}, "points"),
        ("2.1.2", {"points": "1,3"}, "points"),
        ("2.1.2", {"points": "-1"}, "points"),
        ("2.1.2", {"points": "2,25"}, "points"),
        ("2.1.2", {"points": "1e3"}, "points"),
        ("2.1.2", {"points": "٣"}, "points"),
        ("1.2.2", {"numerator": "19", "denominator": "18"}, "numerator"),
        ("1.2.3", {"count": "1,5"}, "count"),
        ("1.3.2", {"done": "yes", "date": "12/31/2025"}, "date"),
        ("1.3.2", {"done": "yes", "date": "31/02/2025"}, "date"),
        ("1.3.2", {"done": "yes", "date": "hôm qua"}, "date"),
        ("1.2.1", {"level": "z"}, "level"),
        ("1.1", {"answer": "yes", "other": "1"}, "other"),
    ],
)
def test_write_answer__bad_input_gets_a_sentence_and_stores_nothing(code: str, inputs: dict[str, str], field: str):
    this = open_round()
    with pytest.raises((InputError, InputErrors)) as refused:
        write(this, code, inputs)
    errors = getattr(refused.value, "errors", [refused.value])
    assert [error.field for error in errors] == [field]
    assert len(errors[0].message) > 15
    assert not Answer.objects.exists()


def test_write_answer__bad_input_keeps_the_stored_answer():
    this = open_round()
    write(this, "2.1.2", {"points": "1"})
    with pytest.raises(InputErrors):
        write(this, "2.1.2", {"points": "abc"}, version=1)
    assert Answer.objects.get().inputs == {"points": "1"}


def test_write_answer__half_filled_is_kept_without_points():
    answer = write(open_round(), "1.2.2", {"numerator": "15", "denominator": ""})
    assert (answer.inputs, answer.self_points, answer.self_applicable) == ({"numerator": "15"}, None, True)


def test_write_answer__denominator_of_zero_follows_the_rule():
    answer = write(open_round(), "1.2.2", {"numerator": "0", "denominator": "0"})
    assert (answer.self_points, answer.self_applicable) == (None, False)


def test_write_answer__points_are_exact_to_six_places():
    answer = write(open_round(), "1.2.2", {"numerator": "15", "denominator": "18"})
    assert answer.self_points == Decimal("1.666667")


@pytest.mark.parametrize("text", ["😀 văn bản", "A" * 300, "dòng 1\r\ndòng 2", "“ngoặc” – gạch…\u00a0"])
def test_write_answer__pasted_text_survives(text: str):
    this = open_round()
    write(this, "1.1", {"answer": "yes"}, explanation=text)
    assert Answer.objects.get().explanation == text.replace("\r\n", "\n").strip()


def test_write_answer__control_characters_are_dropped_and_marks_composed():
    this = open_round()
    write(this, "1.1", {"answer": "yes"}, explanation="a\x00b\x07 e\u0302\u0301")
    assert Answer.objects.get().explanation == "ab ế"


def test_write_answer__explanation_too_long():
    with pytest.raises(InputError) as refused:
        write(open_round(), "1.1", {"answer": "yes"}, explanation="x" * 20_001)
    assert refused.value.field == "explanation"


def test_write_answer__stale_version_shows_both():
    this = open_round()
    write(this, "1.2.3", {"count": "3"}, explanation="một")
    write(this, "1.2.3", {"count": "4"}, version=1, explanation="hai")
    with pytest.raises(StaleWrite) as refused:
        write(this, "1.2.3", {"count": "5"}, version=1, explanation="ba")
    assert refused.value.current["inputs"] == {"count": "4"}
    assert refused.value.current["version"] == 2
    assert refused.value.typed == {"inputs": {"count": "5"}, "explanation": "ba"}
    assert Answer.objects.get().explanation == "hai"


def test_write_answer__same_content_sent_again_does_no_harm():
    this = open_round()
    first = write(this, "1.2.3", {"count": "3"})
    again = write(this, "1.2.3", {"count": "3"})
    assert (again.pk, again.version) == (first.pk, 1)


def test_write_answer__nothing_typed_makes_no_row():
    write(open_round(), "1.2.3", {"count": " "})
    assert Answer.objects.count() == 0


def test_write_answer__is_audited_with_before_and_after():
    this = open_round()
    write(this, "1.2.3", {"count": "3"})
    answer = write(this, "1.2.3", {"count": "4"}, version=1)
    entry = ModelLogEntry.objects.filter(action="submissions.answer", object_id=str(answer.pk)).first()
    assert entry.user == this.contributor
    assert entry.data["before"]["inputs"] == {"count": "3"}
    assert entry.data["after"]["inputs"] == {"count": "4"}


def test_write_answer__change_voids_the_sign_off_visibly():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    signed = sign(submission, this.leader)
    write(this, "1.2.3", {"count": "1"}, version=1, explanation="Đã thực hiện theo kế hoạch.")
    submission.refresh_from_db()
    voided = SignOff.objects.get(pk=signed.pk)
    assert submission.state == SubmissionState.DRAFT
    assert valid_sign_off(submission) is None
    assert voided.voided_at is not None
    assert "1.2.3" in voided.void_reason


def test_write_answer__unchanged_content_keeps_the_sign_off():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    sign(submission, this.leader)
    write(this, "1.2.3", {"count": "3"}, version=1, explanation="Đã thực hiện theo kế hoạch.")
    submission.refresh_from_db()
    assert submission.state == SubmissionState.SIGNED


def test_write_report_texts__version_and_sign_off():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    sign(submission, this.leader)
    stored = write_report_texts(
        user=this.contributor, submission=submission, expected_version=0, difficulties="Khó", proposals=""
    )
    assert (stored.difficulties, stored.report_version, stored.state) == ("Khó", 1, SubmissionState.DRAFT)
    with pytest.raises(StaleWrite) as refused:
        write_report_texts(
            user=this.leader, submission=submission, expected_version=0, difficulties="Khác", proposals=""
        )
    assert refused.value.current["difficulties"] == "Khó"


ROWS = {
    "1.1": TypedAnswer({"answer": "yes"}, "một"),
    "1.2.2": TypedAnswer({"numerator": "15", "denominator": "18"}, ""),
    "2.1.2": TypedAnswer({"points": "1,25"}, ""),
}


def test_write_answers__stores_all_and_only_what_changed():
    this = open_round()
    submission = this.plain.submission
    stored = write_answers(user=this.contributor, submission=submission, rows=ROWS)
    assert [(a.code, a.version) for a in stored] == [("1.1", 1), ("1.2.2", 1), ("2.1.2", 1)]
    again = ROWS | {"1.1": TypedAnswer({"answer": "no"}, "hai")}
    changed = write_answers(user=this.leader, submission=submission, rows=again)
    assert [(a.code, a.version) for a in changed] == [("1.1", 2)]
    row = Answer.objects.get(code="1.1")
    assert (row.inputs, row.explanation, row.updated_by, row.self_points) == (
        {"answer": "no"},
        "hai",
        this.leader,
        Decimal(0),
    )


def test_write_answers__all_or_none_with_every_refusal():
    this = open_round()
    write(this, "1.2.3", {"count": "3"})
    rows = ROWS | {
        "2.1.2": TypedAnswer({"points": "x"}, ""),
        "1.2.3": TypedAnswer({"count": "4"}, ""),
    }
    with pytest.raises(RefusedAnswers) as refused:
        write_answers(
            user=this.contributor, submission=this.plain.submission, rows=rows, expected_versions={"1.2.3": 0}
        )
    assert {code: type(error) for code, error in refused.value.errors.items()} == {
        "2.1.2": InputErrors,
        "1.2.3": StaleWrite,
    }
    assert Answer.objects.count() == 1


def test_write_answers__one_shut_leaf_shuts_all():
    this = open_round()
    with pytest.raises(SubmissionError) as refused:
        write_answers(
            user=this.contributor,
            submission=this.plain.submission,
            rows=ROWS | {"2.2.1": TypedAnswer({"points": "2"}, "")},
        )
    assert refused.value.code == "not_self_scored"
    assert not Answer.objects.exists()


def test_write_answers__queries_do_not_grow(django_assert_max_num_queries):
    this = open_round()
    with django_assert_max_num_queries(14):
        write_answers(user=this.contributor, submission=this.plain.submission, rows=ROWS)
