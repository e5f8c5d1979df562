"""Counting the votes of a council: who counts, whether there is a quorum, whether a motion is carried. No rows here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from submissions.council_enums import MajorityRule, QuorumRule, VoteChoice


@dataclass(frozen=True, slots=True)
class Ballot:
    """A member with a vote: whether present, why excluded (`Exclusion`), and what was voted; empty where nothing."""

    seat: int
    name: str
    represents: str = ""
    is_chair: bool = False
    is_present: bool = False
    excluded: str = ""
    choice: str = ""

    @property
    def counts(self) -> bool:
        """Whether the member takes part in this vote."""
        return self.is_present and not self.excluded


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a session."""

    quorum: str = QuorumRule.TWO_THIRDS
    majority: str = MajorityRule.PRESENT_HALF
    chair_breaks_ties: bool = True


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of a vote. `members` and `present` are those with a vote in this matter."""

    members: int
    present: int
    votes_for: int
    votes_against: int
    votes_abstain: int
    is_quorate: bool
    carried: bool
    tie_broken: bool
    silent: tuple[str, ...]


def quorum_needed(rule: str, members: int) -> int:
    """Return how many of the members must be present."""
    return -(-2 * members // 3) if rule == QuorumRule.TWO_THIRDS else members // 2 + 1


def is_quorate(rule: str, *, members: int, present: int) -> bool:
    """Whether enough members are present; never where nobody has a vote."""
    return members > 0 and present >= quorum_needed(rule, members)


def tally(ballots: Iterable[Ballot], rules: Rules) -> Tally:
    """Count a vote. Whoever is excluded counts neither among the members nor among those present."""
    entitled = [ballot for ballot in ballots if not ballot.excluded]
    voting = [ballot for ballot in entitled if ballot.counts]
    votes = {choice: sum(ballot.choice == choice for ballot in voting) for choice in VoteChoice}
    quorate = is_quorate(rules.quorum, members=len(entitled), present=len(voting))
    ahead, tied = _majority(rules.majority, votes[VoteChoice.FOR], members=len(entitled), present=len(voting))
    chair_for = any(ballot.is_chair and ballot.choice == VoteChoice.FOR for ballot in voting)
    by_chair = tied and rules.chair_breaks_ties and chair_for
    return Tally(
        members=len(entitled),
        present=len(voting),
        votes_for=votes[VoteChoice.FOR],
        votes_against=votes[VoteChoice.AGAINST],
        votes_abstain=votes[VoteChoice.ABSTAIN],
        is_quorate=quorate,
        carried=quorate and (ahead or by_chair),
        tie_broken=quorate and by_chair,
        silent=tuple(ballot.name for ballot in voting if not ballot.choice),
    )


def _majority(rule: str, votes_for: int, *, members: int, present: int) -> tuple[bool, bool]:
    """Return whether the votes suffice, and whether exactly half voted for it where half is the mark."""
    if rule == MajorityRule.PRESENT_TWO_THIRDS:
        return votes_for > 0 and 3 * votes_for >= 2 * present, False
    base = members if rule == MajorityRule.ALL_HALF else present
    return 2 * votes_for > base, votes_for > 0 and 2 * votes_for == base
