"""Counting votes: quorum, majorities, exclusion, ties."""

from __future__ import annotations

import pytest

from submissions.council_enums import MajorityRule, QuorumRule
from submissions.domain.tally import Ballot, Rules, is_quorate, quorum_needed, tally

pytestmark = pytest.mark.unit


def ballots(votes: str) -> list[Ballot]:
    """One letter a member: f, a, s (abstains), - (absent), . (present and silent), x (excluded); the first chairs."""
    choices = {"f": "for", "a": "against", "s": "abstain"}
    return [
        Ballot(
            seat=number,
            name=str(number),
            is_chair=number == 0,
            is_present=letter != "-",
            excluded="own unit" if letter == "x" else "",
            choice=choices.get(letter, ""),
        )
        for number, letter in enumerate(votes)
    ]


@pytest.mark.parametrize(
    ("rule", "members", "needed"),
    [
        (QuorumRule.TWO_THIRDS, 3, 2),
        (QuorumRule.TWO_THIRDS, 4, 3),
        (QuorumRule.TWO_THIRDS, 9, 6),
        (QuorumRule.TWO_THIRDS, 10, 7),
        (QuorumRule.HALF, 3, 2),
        (QuorumRule.HALF, 4, 3),
    ],
)
def test_quorum(rule, members, needed):
    assert quorum_needed(rule, members) == needed
    assert is_quorate(rule, members=members, present=needed)
    assert not is_quorate(rule, members=members, present=needed - 1)


def test_nobody_with_a_vote_is_no_quorum():
    assert not is_quorate(QuorumRule.HALF, members=0, present=0)
    assert not tally(ballots("xx"), Rules()).is_quorate


@pytest.mark.parametrize(
    ("votes", "rule", "carried"),
    [
        ("fffa", MajorityRule.PRESENT_HALF, True),
        ("affa", MajorityRule.PRESENT_HALF, False),
        ("ffss", MajorityRule.PRESENT_HALF, True),  # tie with abstentions: the chair voted for it
        ("sffs", MajorityRule.PRESENT_HALF, False),
        ("fffaaa", MajorityRule.PRESENT_TWO_THIRDS, False),
        ("ffffaa", MajorityRule.PRESENT_TWO_THIRDS, True),
        ("ff--", MajorityRule.PRESENT_HALF, False),  # no quorum
        ("fff---", MajorityRule.ALL_HALF, False),
        ("ffff--", MajorityRule.ALL_HALF, True),
        ("ssss", MajorityRule.PRESENT_TWO_THIRDS, False),
    ],
)
def test_majority(votes, rule, carried):
    assert tally(ballots(votes), Rules(majority=rule)).carried is carried


def test_tie__the_chair_breaks_it_only_where_the_rules_say_so():
    by_chair = tally(ballots("faf-a"), Rules())
    assert (by_chair.carried, by_chair.tie_broken) == (True, True)
    without = tally(ballots("faf-a"), Rules(chair_breaks_ties=False))
    assert (without.carried, without.tie_broken) == (False, False)


def test_tie__an_excluded_chair_breaks_nothing():
    assert not tally(ballots("xfaaf"), Rules()).carried


def test_excluded_members_count_neither_as_members_nor_as_present():
    result = tally(ballots("ffaxx"), Rules())
    assert (result.members, result.present, result.votes_for, result.carried) == (3, 3, 2, True)


def test_a_vote_of_an_excluded_or_absent_member_counts_nothing():
    absent = [Ballot(seat=1, name="1", is_present=False, choice="for"), *ballots("fa")]
    excluded = [Ballot(seat=1, name="1", is_present=True, excluded="own unit", choice="for"), *ballots("fa")]
    assert (tally(absent, Rules()).votes_for, tally(excluded, Rules()).votes_for) == (1, 1)


def test_silent_members_are_named():
    assert tally(ballots("f.f."), Rules()).silent == ("1", "3")
