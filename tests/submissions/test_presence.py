"""Who of the unit has the form open: two minutes, own unit only, at most one cache entry per request."""

import datetime as dt

from django.urls import reverse
from django.utils import timezone

import pytest

from cms import clock
from cms.enums import Role
from submissions.domain.presence import at_work, beat
from tests.factories.cms import user_with_role
from tests.factories.submissions import OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def seen_by(user: object, this: OpenRound) -> list[tuple[object, str]]:
    return [(row.user, row.domain) for row in at_work([this.plain.submission], besides=user)[this.plain.submission.pk]]


def test_at_work__two_minutes_after_the_last_sign():
    this = open_round()
    now = timezone.now()
    with clock.at(now):
        beat(user=this.contributor, submission=this.plain.submission, domain="1")
        assert seen_by(this.leader, this) == [(this.contributor, "1")]
        assert seen_by(this.contributor, this) == []
    with clock.at(now + dt.timedelta(minutes=2)):
        assert seen_by(this.leader, this) == [(this.contributor, "1")]
    with clock.at(now + dt.timedelta(minutes=2, seconds=1)):
        assert seen_by(this.leader, this) == []


def test_at_work__the_newest_domain_and_only_members():
    this = open_round()
    beat(user=this.contributor, submission=this.plain.submission, domain="1")
    beat(user=this.contributor, submission=this.plain.submission, domain="2")
    beat(user=this.secretary, submission=this.plain.submission, domain="2")
    assert seen_by(this.leader, this) == [(this.contributor, "2")]


def test_beat__writes_once_in_half_a_minute():
    this = open_round()
    now = timezone.now()
    seen = []
    for seconds in (0, 5, 29, 30):
        with clock.at(now + dt.timedelta(seconds=seconds)):
            beat(user=this.contributor, submission=this.plain.submission, domain="1")
        [colleague] = at_work([this.plain.submission], besides=this.leader)[this.plain.submission.pk]
        seen.append(round((colleague.seen_at - now).total_seconds()))
    assert seen == [0, 0, 0, 30]


def test_domain_page_and_autosave_are_signs_of_life_shown_to_colleagues(signed_in):
    this = open_round()
    submission = this.plain.submission
    signed_in(this.contributor).get(reverse("submissions:domain", args=[submission.pk, "1"]))
    colleague = user_with_role(Role.CONTRIBUTOR, this.plain.unit)
    data = {"2.1.2-points": "1", "2.1.2-version": "0"}
    signed_in(colleague).post(reverse("submissions:autosave", args=[submission.pk, "2.1.2"]), data)
    assert set(seen_by(this.leader, this)) == {(this.contributor, "1"), (colleague, "2")}
    home = signed_in(this.leader).get(reverse("submissions:forms")).content.decode()
    assert str(this.contributor) in home
    assert str(colleague) in home


def test_colleagues__others_learn_nothing(signed_in):
    this = open_round()
    beat(user=this.contributor, submission=this.plain.submission, domain="1")
    address = reverse("submissions:colleagues", args=[this.plain.submission.pk])
    assert str(this.contributor) in signed_in(this.leader).get(f"{address}?linh-vuc=2").content.decode()
    assert signed_in(this.secretary).get(f"{address}?linh-vuc=2").content.decode().strip() == ""
    assert signed_in(this.other_contributor).get(address).status_code == 403
    assert seen_by(this.contributor, this) == [(this.leader, "2")]
