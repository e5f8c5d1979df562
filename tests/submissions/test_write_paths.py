"""Every write path passes the same gate: each refuses where the gate refuses, and writes where it does not."""

import datetime as dt
from collections.abc import Callable

from django.utils import timezone

import pytest

from cms.enums import Role
from cms.models import User
from submissions.enums import ParticipantStatus, RoundState, SubmissionState
from submissions.models import PhaseDeadline
from tests.factories.cms import UserFactory, user_with_role
from tests.factories.submissions import OpenRound, open_round
from tests.submissions.write_paths import WRITE_PATHS, WritePath, fingerprint

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
paths = pytest.mark.parametrize("path", WRITE_PATHS, ids=lambda path: path.name)


def writer(path: WritePath, this: OpenRound) -> User:
    return this.leader if path.needs_leader else this.contributor


def pass_the_deadline(this: OpenRound) -> None:
    now = timezone.now()
    PhaseDeadline.objects.filter(round=this.round).update(
        opens_at=now - dt.timedelta(days=3), closes_at=now - dt.timedelta(seconds=1)
    )


def close_the_round(this: OpenRound) -> None:
    this.round.state = RoundState.COUNCIL
    this.round.save()


def leave_out_the_unit(this: OpenRound) -> None:
    this.plain.status, this.plain.reason = ParticipantStatus.NOT_ASSESSED, "Giải thể"
    this.plain.save()


def finalise_the_form(this: OpenRound) -> None:
    this.plain.submission.state = SubmissionState.FINALISED
    this.plain.submission.save()


@paths
def test_write_path__writes_while_the_gate_is_open(path: WritePath):
    this = open_round()
    path.prepare(this)
    before = fingerprint(this.plain.submission)
    path.attempt(this, writer(path, this))
    assert fingerprint(this.plain.submission) != before


@paths
@pytest.mark.parametrize("shut", [pass_the_deadline, close_the_round, leave_out_the_unit, finalise_the_form])
def test_write_path__refuses_where_the_gate_is_shut(path: WritePath, shut: Callable[[OpenRound], None]):
    this = open_round()
    path.prepare(this)
    shut(this)
    before = fingerprint(this.plain.submission)
    path.attempt(this, writer(path, this))
    assert fingerprint(this.plain.submission) == before


@paths
def test_write_path__refuses_everybody_else(path: WritePath):
    """All roles of another unit, all other roles of this one, and a superuser without a role."""
    this = open_round()
    allowed = {Role.LEADER} if path.needs_leader else {Role.CONTRIBUTOR, Role.LEADER}
    strangers = [user_with_role(role, this.full.unit) for role in Role.values]
    strangers += [user_with_role(role, this.plain.unit) for role in Role.values if role not in allowed]
    strangers.append(UserFactory(is_superuser=True))
    path.prepare(this)
    before = fingerprint(this.plain.submission)
    for stranger in strangers:
        path.attempt(this, stranger)
        assert fingerprint(this.plain.submission) == before, stranger.memberships.first()
