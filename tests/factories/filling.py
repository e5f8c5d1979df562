"""Filling in the tiny form of `tests.factories.criteria` through the domain, as a unit would."""

from __future__ import annotations

from cms.models import User
from submissions.domain.answers import write_answer
from submissions.domain.content import content_of, content_sha256
from submissions.domain.definitions import definition_for
from submissions.domain.sending import send
from submissions.domain.sign_off import sign_off
from submissions.models import Receipt, SignOff, Submission
from tests.factories.submissions import OpenRound

INPUTS: dict[str, dict[str, str]] = {
    "1.1": {"answer": "yes"},
    "1.2.1": {"level": "a"},
    "1.2.2": {"numerator": "15", "denominator": "18"},
    "1.2.3": {"count": "3"},
    "1.3.1": {"count": "2"},
    "1.3.2": {"done": "yes", "date": "20/12/2025"},
    "2.1.1": {"a": "9", "b": "10"},
    "2.1.2": {"points": "1,25"},
    "2.6.1": {"answer": "yes"},
}


def fill(submission: Submission, user: User) -> None:
    """Answer everything that the unit is asked; leaves that have an answer are left as they are."""
    answered = set(submission.answers.exclude(version=0).values_list("code", flat=True))
    for leaf in definition_for(submission.participant).leaves:
        if leaf.scorer == "self" and leaf.code not in answered:
            write_answer(
                user=user,
                submission=submission,
                code=leaf.code,
                expected_version=0,
                inputs=INPUTS[leaf.code],
                explanation="Đã thực hiện theo kế hoạch.",
            )


def sign(submission: Submission, leader: User) -> SignOff:
    """Sign off the form as it is."""
    submission.refresh_from_db()
    return sign_off(user=leader, submission=submission, expected_sha256=content_sha256(content_of(submission)))


def fill_sign_send(this: OpenRound) -> Receipt:
    """Fill in, sign off and send the form of `this.plain`."""
    submission = this.plain.submission
    fill(submission, this.contributor)
    sign(submission, this.leader)
    return send(user=this.contributor, submission=submission)
