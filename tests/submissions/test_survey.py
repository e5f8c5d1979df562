"""The survey from lists to the ledger, and what keeps answers apart from people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.core import mail, serializers

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cms import clock
from cms.exceptions import PermissionRefused
from criteria_pages.exceptions import CriteriaError
from submissions.domain.survey import (
    answering,
    deliveries,
    invitations,
    lists,
    mailing,
    mixing,
    results,
    selection,
    watch,
)
from submissions.domain.survey.lists import ListedPerson
from submissions.domain.survey.tokens import token_of
from submissions.exceptions import Locked, SubmissionError, WrongState
from submissions.models import Invitation, Respondent, ScoreEntry, SealedAnswer
from submissions.survey_enums import DeliveryState, IncidentState, ListState, RespondentState, SurveyState
from submissions.survey_scoring import ClassTally, merge_small, score_leaves
from tests.factories.survey import OpenSurvey, open_survey

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def people(count: int, group: str, *, start: int = 0, organisation: str = "Sở A") -> list[ListedPerson]:
    """Return rows of invented people, told apart by number."""
    return [
        ListedPerson(f"Người {group} {n}", "Trưởng phòng", organisation, f"{group}.{n}@example.vn", group)
        for n in range(start, start + count)
    ]


def enter(case: OpenSurvey, rows: Sequence[ListedPerson], *, accept: bool = True, other: bool = False) -> None:
    """Enter, send and accept a list through the domain."""
    participant, user = (
        (case.around.full, case.around.other_contributor) if other else (case.around.plain, case.around.contributor)
    )
    one = case.list_of(participant)
    one = lists.replace_rows(user=user, respondent_list=one, expected_version=one.version, rows=rows)
    one = lists.send_list(user=user, respondent_list=one)
    if accept:
        lists.accept_list(user=case.officer, respondent_list=one)


def invite(case: OpenSurvey) -> list[str]:
    """Select, invite; return the tokens in the order of the invitations."""
    selection.select_respondents(user=case.officer, survey=case.survey, seed=7)
    invitations.make_invitations(user=case.officer, survey=case.survey)
    case.survey.refresh_from_db()
    return [token_of(i) for i in Invitation.objects.order_by("pk")]


def answer(token: str, value: str = "A", second: str | None = None, address: str = "192.0.2.7") -> None:
    """Send a whole answer."""
    answering.send_answers(token=token, answers={"q1": value, "q2": second or value}, seconds=300, address=address)


def test_the_index_of_a_survey_equals_the_hand_worked_example() -> None:
    case = open_survey()
    enter(case, [*people(6, "dai-bieu"), *people(6, "truong-phong", start=100)])
    tokens = invite(case)
    # Deputies: four answer A/A (100), two B/C: (4*200 + 2*80) / 12 = 80. Heads: six C/C: 20.
    for token in tokens[:4]:
        answer(token)
    for token in tokens[4:6]:
        answer(token, "B", "C")
    for token in tokens[6:]:
        answer(token, "C")
    mixing.close_survey(survey=case.survey, user=case.officer)
    results.write_results(user=case.officer, survey=case.survey)
    # Weights 2 and 1: (2*80 + 1*20) / 3 = 60; of 2 points: 1.2.
    entry = ScoreEntry.objects.get(participant=case.around.plain, stage="survey")
    assert (entry.code, entry.points, entry.inputs) == (
        "2.2.1",
        Decimal("1.200000"),
        {"answers": "24", "mean": "60.0000000000"},
    )
    assert not ScoreEntry.objects.filter(participant=case.around.full, stage="survey").exists()


def test_cannot_say_is_not_counted() -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    for token in invite(case):
        answer(token, "B", "E")
    mixing.close_survey(survey=case.survey, user=case.officer)
    one = results.unit_results(case.survey)[0].leaves["2.2.1"]
    assert (one.mean, one.answers, one.respondents) == (Decimal("60.0000000000"), 5, 5)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("sizes", "merged"),
    [
        ([5, 6], (("g0",), ("g1",))),
        ([4, 6], (("g1", "g0"),)),
        ([3, 2, 9], (("g2",), ("g0", "g1"))),
        ([4], ()),
        ([2, 2], ()),
        ([0, 7], (("g1",),)),
        ([1, 8, 5], (("g1",), ("g2", "g0"))),
    ],
)
def test_small_groups_are_merged_by_the_declared_rule(sizes: list[int], merged: tuple[tuple[str, ...], ...]) -> None:
    named = {f"g{n}": size for n, size in enumerate(sizes)}
    found = merge_small(named, 5)
    assert found == merged
    assert all(sum(named[group] for group in together) >= 5 for together in found)


def tally(respondents: int, *codes: str) -> ClassTally:
    """Return a group in which everybody gave one full answer to each of the leaves."""
    one = ClassTally(("g",), Decimal(1))
    for _n in range(respondents):
        one.add([(code, Decimal(100)) for code in codes])
    return one


@pytest.mark.unit
def test_a_leaf_that_too_few_answered_is_missing_never_zero() -> None:
    few = tally(6, "1")
    few.leaves["2"] = tally(4, "2").leaves["2"]
    found = score_leaves([few], {"1": Decimal(2), "2": Decimal(3), "3": Decimal(1)}, smallest=5)
    assert {code: (result.points, result.respondents) for code, result in found.items()} == {"1": (Decimal(2), 6)}


@pytest.mark.unit
@settings(max_examples=200)
@given(sizes=st.lists(st.integers(0, 20), max_size=9))
def test_merging_never_shows_fewer_than_five_and_loses_nobody_it_need_not(sizes: list[int]) -> None:
    named = {f"g{n}": size for n, size in enumerate(sizes)}
    found = merge_small(named, 5)
    shown = [group for together in found for group in together]
    assert len(shown) == len(set(shown))
    assert all(sum(named[group] for group in together) >= 5 for together in found)
    assert set(shown) == ({group for group, size in named.items() if size} if sum(sizes) >= 5 and found else set())
    assert bool(found) == (sum(sizes) >= 5)


def test_a_person_on_two_lists_answers_as_deputy_only() -> None:
    case = open_survey()
    deputy = ListedPerson("Trần Văn Mẫu", "Đại biểu", "Hội đồng nhân dân", "mau@example.vn", "dai-bieu")
    same_mail = ListedPerson("Trần V. Mẫu", "Trưởng phòng", "Sở B", "MAU@example.vn", "truong-phong")
    same_person = ListedPerson("TRẦN VĂN MẪU", "Phó phòng", "Hội đồng Nhân dân", "khac@example.vn", "truong-phong")
    enter(case, [same_mail, same_person])
    enter(case, [deputy], other=True)
    counts = selection.select_respondents(user=case.officer, survey=case.survey, seed=1)
    assert counts == {"asked": 1, "duplicate": 2, "not_drawn": 0}
    left = Respondent.objects.filter(state=RespondentState.DUPLICATE)
    assert {row.group for row in left} == {case.second}
    assert ["Đại biểu" in row.state_reason for row in left] == [True, True]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (ListedPerson("", "Trưởng phòng", "Sở A", "", "dai-bieu"), "name"),
        (ListedPerson("A", "", "Sở A", "", "dai-bieu"), "position"),
        (ListedPerson("A", "B", "Sở A", "khong-phai-thu", "dai-bieu"), "mail"),
        (ListedPerson("A", "B", "Sở A", "", "nhom-la"), "group"),
        (ListedPerson("A" * 300, "B", "Sở A", "", "dai-bieu"), "name"),
        (ListedPerson("A", "B", "Sở A", "", "dai-bieu", rated="khong-co"), "rated"),
    ],
)
def test_each_bad_row_is_named(row: ListedPerson, column: str) -> None:
    case = open_survey()
    found = lists.check_rows(case.list_of(case.around.plain), [*people(1, "dai-bieu"), row])
    assert [(problem.row, problem.column) for problem in found] == [(2, column)]


def test_one_mail_twice_is_named_in_both_rows() -> None:
    case = open_survey()
    rows = [*people(1, "dai-bieu"), ListedPerson("Người khác", "B", "Sở A", "DAI-BIEU.0@example.vn", "dai-bieu")]
    found = lists.check_rows(case.list_of(case.around.plain), rows)
    assert [(p.row, p.column) for p in found] == [(1, "mail"), (2, "mail")]


def test_a_sent_list_is_locked_until_returned() -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"), accept=False)
    one = case.list_of(case.around.plain)
    with pytest.raises(WrongState):
        lists.replace_rows(user=case.around.contributor, respondent_list=one, expected_version=one.version, rows=[])
    lists.return_list(user=case.officer, respondent_list=one, reason="Thiếu nhóm trưởng phòng")
    one.refresh_from_db()
    assert one.state == ListState.RETURNED
    lists.replace_rows(
        user=case.around.contributor, respondent_list=one, expected_version=one.version, rows=people(6, "dai-bieu")
    )


def test_lists_are_refused_late_stale_and_from_others() -> None:
    case = open_survey()
    one = case.list_of(case.around.plain)
    with pytest.raises(PermissionRefused):
        lists.replace_rows(user=case.around.other_contributor, respondent_list=one, expected_version=0, rows=[])
    with pytest.raises(SubmissionError, match=r"."):
        lists.replace_rows(user=case.around.contributor, respondent_list=one, expected_version=9, rows=[])
    with clock.at(case.survey.lists_due + dt.timedelta(seconds=1)), pytest.raises(Locked):
        lists.replace_rows(user=case.around.contributor, respondent_list=one, expected_version=0, rows=[])


@pytest.mark.unit
def test_sample_size_follows_the_formula() -> None:
    assert [selection.sample_size(n, Decimal("0.05")) for n in (10, 400, 1000, 10000)] == [10, 200, 286, 385]


def test_the_same_words_for_unknown_and_used_tokens() -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    token = invite(case)[0]
    answer(token)
    messages = []
    for bad in (token, "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF"):
        with pytest.raises(SubmissionError) as refusal:
            answering.find_invitation(bad)
        messages.append(refusal.value.message)
    assert messages[0] == messages[1]
    assert SealedAnswer.objects.count() == 1


def test_tampered_questions_and_late_answers_are_refused_and_nothing_is_lost() -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    token = invite(case)[0]
    answering.keep_draft(token=token, answers={"q1": "B"})
    with pytest.raises(CriteriaError):
        answering.keep_draft(token=token, answers={"q99": "A"})
    with pytest.raises(CriteriaError):
        answer(token, "Z")
    with pytest.raises(SubmissionError) as refusal:
        answering.send_answers(token=token, answers={"q1": "A"}, seconds=60, address="")
    assert refusal.value.code == "incomplete"
    assert answering.read_draft(token=token).answers == {"q1": "B"}
    with clock.at(case.survey.answers_due + dt.timedelta(seconds=1)), pytest.raises(Locked):
        answer(token)


def test_mail_carries_the_link_and_the_tables_do_not_hold_the_token() -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    tokens = invite(case)
    ids = list(invitations.due_letters(case.survey).values_list("pk", flat=True))
    assert mailing.mail_batch(ids=ids) == 5
    assert mailing.mail_batch(ids=ids) == 0
    assert [token in message.body for token, message in zip(tokens, mail.outbox, strict=True)] == [True] * 5
    assert set(Invitation.objects.values_list("delivery", flat=True)) == {DeliveryState.SENT}
    dump = serializers.serialize("json", [*Invitation.objects.all(), *Respondent.objects.all()])
    assert [token in dump for token in tokens] == [False] * 5
    answer(tokens[0])
    assert invitations.order_reminders(user=case.officer, survey=case.survey) == 5  # who has answered is counted too


def test_replacing_an_address_kills_the_old_link() -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    token = invite(case)[0]
    changed = deliveries.replace_address(
        user=case.officer, invitation=Invitation.objects.order_by("pk")[0], mail="moi@example.vn"
    )
    with pytest.raises(SubmissionError):
        answering.find_invitation(token)
    assert answering.find_invitation(token_of(changed)).pk == changed.pk


def test_signs_of_interference_need_two_officers_and_cancel_by_the_declared_consequence() -> None:
    case = open_survey()
    enter(case, people(12, "dai-bieu"))
    for token in invite(case):
        answering.send_answers(token=token, answers={"q1": "A", "q2": "A"}, seconds=3, address="192.0.2.1")
    found = {incident.kind: incident for incident in mixing.look_through(user=case.officer, survey=case.survey)}
    assert set(found) == {"fast", "identical"}
    assert mixing.look_through(user=case.officer, survey=case.survey) == []
    watch.review(user=case.officer, incident=found["fast"], cancel=False, reason="Phiếu ngắn")
    watch.review(user=case.officer, incident=found["identical"], cancel=True, reason="Trả lời thay")
    with pytest.raises(SubmissionError) as refusal:
        watch.review(user=case.officer, incident=found["identical"], cancel=True, reason="Trả lời thay")
    assert refusal.value.code == "same_officer"
    mixing.close_survey(survey=case.survey, user=case.officer)
    with pytest.raises(SubmissionError) as undecided:
        results.write_results(user=case.officer, survey=case.survey)
    assert undecided.value.code == "undecided"
    done = watch.review(user=case.second_officer, incident=found["identical"], cancel=True, reason="Đồng ý")
    assert done.state == IncidentState.CANCELLED
    results.write_results(user=case.officer, survey=case.survey)
    entry = ScoreEntry.objects.get(participant=case.around.plain, stage="survey")
    assert (entry.points, entry.basis) == (Decimal(0), "set")
    assert "Trả lời thay" in entry.public_note


def test_progress_hides_counts_of_groups_under_five() -> None:
    case = open_survey()
    enter(case, [*people(6, "dai-bieu"), *people(3, "truong-phong", start=50)])
    for token in invite(case)[:7]:
        answer(token)
    rows = {row["group"]: (row["asked"], row["answered"]) for row in invitations.progress(case.survey)}
    assert rows == {"Đại biểu": (6, 6), "Trưởng phòng": (3, None)}


def test_results_only_after_closing_and_once() -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    invite(case)
    with pytest.raises(WrongState):
        results.unit_results(case.survey)
    mixing.close_survey(survey=case.survey, user=case.officer)
    results.write_results(user=case.officer, survey=case.survey)
    case.survey.refresh_from_db()
    assert case.survey.state == SurveyState.RESULTS
    with pytest.raises(WrongState):
        results.write_results(user=case.officer, survey=case.survey)


@pytest.mark.parametrize("step", ["select", "invite", "close", "results", "accept"])
def test_only_survey_officers_of_the_owner_run_the_survey(step: str) -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"), accept=False)
    stranger = case.around.secretary
    steps = {
        "select": lambda: selection.select_respondents(user=stranger, survey=case.survey, seed=1),
        "invite": lambda: invitations.make_invitations(user=stranger, survey=case.survey),
        "close": lambda: mixing.close_survey(survey=case.survey, user=stranger),
        "results": lambda: results.write_results(user=stranger, survey=case.survey),
        "accept": lambda: lists.accept_list(user=stranger, respondent_list=case.list_of(case.around.plain)),
    }
    with pytest.raises(PermissionRefused):
        steps[step]()
