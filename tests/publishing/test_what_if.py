"""What-if: other rules on a copy, exact, never stored, for those who may read the scores."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.urls import reverse

import pytest

from cms import clock
from cms.domain.files import may_read
from cms.enums import JobStatus
from cms.models import JobRun, Membership, StoredFile, User
from publishing.domain.what_if import Assumption, what_if
from publishing.domain.what_if_runs import KEPT, TASK, drop_old, order_what_if, read_rows, runs_of
from publishing.exceptions import PublishingError
from publishing.models import IndexRelease
from submissions.models import ScoreEntry
from tests.factories.publishing import CLASSES, score_round
from tests.factories.submissions import OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = Assumption("competition", "tier", CLASSES)


@pytest.fixture
def this() -> OpenRound:
    """Unit A loses 1.1 (1 of 18 points), unit B half of 1.2.1 (1 of 20)."""
    made = open_round()
    score_round(made, {"Tỉnh A": {"1.1": "0"}, "Tỉnh B": {"1.2.1": "1"}})
    return made


def test_another_maximum_moves_points_in_proportion(this: OpenRound):
    lines = what_if(this.round, now=NOW, then=Assumption("competition", "tier", CLASSES, {"1.2.1": Decimal(8)}))
    found = {line.now.subject.unit_name: line for line in lines}
    b = found["Tỉnh B"]
    assert (b.now.points, b.now.maximum, b.then.points, b.then.maximum) == (19, 20, 22, 26)
    assert (found["Tỉnh A"].then.points, found["Tỉnh A"].then.maximum) == (23, 24)
    assert [(line.now.subject.unit_name, line.now.rank, line.then.rank, line.moves) for line in lines] == [
        ("Tỉnh A", 2, 1, 1),
        ("Tỉnh B", 1, 2, -1),
    ]


def test_another_threshold_and_a_criterion_taken_out(this: OpenRound):
    higher = [{**CLASSES[0], "from": "95"}, *CLASSES[1:]]
    lines = what_if(this.round, now=NOW, then=Assumption("competition", "tier", higher, {"1.1": Decimal(0)}))
    assert {line.now.subject.unit_name: (line.now.class_code, line.then.class_code) for line in lines} == {
        "Tỉnh A": ("A", "A"),
        "Tỉnh B": ("A", "B"),
    }
    assert lines[0].then.index == Decimal(100)


@pytest.mark.parametrize("maxima", [{"9.9": Decimal(1)}, {"1.1": Decimal(-1)}, {"1.1": Decimal("NaN")}])
def test_what_cannot_be_assumed_is_told(this: OpenRound, maxima: dict[str, Decimal]):
    with pytest.raises(PublishingError):
        what_if(this.round, now=NOW, then=Assumption("competition", "tier", (), maxima))


def test_screen__is_marked_stores_nothing_and_is_closed_to_others(signed_in, this: OpenRound):
    address = f"/lam-viec/dot/{this.round.code}/gia-dinh/"
    asked = {"tinh": "1", "tie_rule": "dense", "rank_scope": "all", "lop-TOTAL_FORMS": "0", "lop-INITIAL_FORMS": "0"}
    client = signed_in(this.secretary)
    rows = ScoreEntry.objects.count()
    page = client.get(address, {**asked, "leaf_0": "1.2.1", "maximum_0": "8"}).content.decode()
    assert ('id="assumed"' in page, "84,62" in page, 'name="build"' in page) == (True, True, False)
    assert "Giả định, không phải kết quả" in page
    assert client.get(address, {**asked, "leaf_0": "1.2.1", "maximum_0": "x"}).status_code == 422
    assert client.post(address, asked).status_code == 405
    assert (IndexRelease.objects.count(), ScoreEntry.objects.count()) == (0, rows)
    assert signed_in(this.contributor).get(address).status_code == 404


# --- rounds that are too big for a page -------------------------------------------------------------------------------
@pytest.fixture
def big(this: OpenRound, settings: Any) -> OpenRound:
    settings.PORTAL_BUILD_INLINE_UNITS = 1
    return this


ASKED = {
    "tie_rule": "competition",
    "rank_scope": "tier",
    "leaf_0": "1.2.1",
    "maximum_0": "8",
    "lop-TOTAL_FORMS": "0",
    "lop-INITIAL_FORMS": "0",
}


def address(this: OpenRound) -> str:
    return f"/lam-viec/dot/{this.round.code}/gia-dinh/"


def test_a_big_round_is_computed_by_a_job_and_shown_to_whoever_asked(signed_in, big: OpenRound):
    client, entries = signed_in(big.secretary), ScoreEntry.objects.count()
    answer = client.post(address(big), ASKED)
    run = JobRun.objects.get(task=TASK)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{address(big)}?viec={run.pk}")
    assert (run.status, run.done, run.total) == (JobStatus.SUCCEEDED, 2, 2)
    lines = what_if(big.round, now=NOW, then=Assumption("competition", "tier", (), {"1.2.1": Decimal(8)}))
    expected = [(line.then.subject.unit_name, line.then.rank, line.then.index) for line in lines]
    assert [(row.unit, row.rank_assumed, row.index_assumed) for row in read_rows(run.result_file)] == expected
    page = client.get(answer.headers["Location"]).content.decode()
    assert ('id="assumed"' in page, "84,62" in page, 'name="build"' in page) == (True, True, False)
    assert 'value="8"' in page
    assert (IndexRelease.objects.count(), ScoreEntry.objects.count()) == (0, entries)


def test_an_assumption_is_nobody_elses_and_of_its_round_alone(signed_in, big: OpenRound):
    signed_in(big.secretary).post(address(big), ASKED)
    run = JobRun.objects.get(task=TASK)
    here = f"{address(big)}?viec={run.pk}"
    assert signed_in(big.approver).get(here).status_code == 404
    assert signed_in(big.secretary).get(f"{address(big)}?viec={'9' * 30}").status_code == 404
    assert not may_read(big.approver, run.result_file)
    assert runs_of(user=big.approver, round=big.round) == []


def test_what_cannot_be_assumed_orders_nothing(signed_in, big: OpenRound):
    client = signed_in(big.secretary)
    assert client.post(address(big), {**ASKED, "maximum_0": "x"}).status_code == 422
    assert client.post(address(big), {**ASKED, "maximum_0": "-1"}).status_code == 422
    assert signed_in(big.contributor).post(address(big), ASKED).status_code == 404
    assert JobRun.objects.filter(task=TASK).count() == 0


def test_assumptions_are_cleared_away_with_their_files(big: OpenRound):
    then = Assumption("competition", "tier", CLASSES, {"1.2.1": Decimal(8)})
    order_what_if(round=big.round, user=big.secretary, now=NOW, then=then)
    young = order_what_if(round=big.round, user=big.secretary, now=NOW, then=then)
    old = JobRun.objects.filter(task=TASK).exclude(pk=young.pk).get()
    JobRun.objects.filter(pk=old.pk).update(created_at=clock.now() - KEPT - dt.timedelta(minutes=1))
    assert drop_old() == 1
    assert list(JobRun.objects.filter(task=TASK)) == [young]
    assert not StoredFile.objects.filter(pk=old.result_file_id).exists()
    assert drop_old() == 0


def test_the_result_is_closed_again_when_the_role_has_ended(signed_in, big: OpenRound):
    client = signed_in(big.secretary)
    client.post(address(big), ASKED)
    run = JobRun.objects.get(task=TASK)
    pages = [reverse("cms:file", args=[run.result_file.uid]), reverse("cms:job", args=[run.pk])]
    assert [client.get(page).status_code for page in pages] == [200, 200]
    assert str(run.result_file.uid) in client.get(pages[1]).content.decode()
    Membership.objects.filter(user=big.secretary).delete()
    # Whoever left the round's owner may still see that there was a job, and nothing of what it found.
    person = User.objects.get(pk=big.secretary.pk)
    assert not may_read(person, run.result_file)
    assert client.get(pages[0]).status_code == 403
    assert str(run.result_file.uid) not in client.get(pages[1]).content.decode()


def test_classes_that_did_not_arrive_whole_are_told(signed_in, this: OpenRound):
    asked = {**ASKED, "tinh": "1", "lop-TOTAL_FORMS": "x"}
    answer = signed_in(this.secretary).get(address(this), asked)
    assert (answer.status_code, "không đến đủ" in answer.content.decode()) == (422, True)
