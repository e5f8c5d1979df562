"""What-if: other rules on a copy, exact, never stored, for those who may read the scores."""

from __future__ import annotations

from decimal import Decimal

import pytest

from publishing.domain.what_if import Assumption, what_if
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
