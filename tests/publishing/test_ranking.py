"""Ranks, ties and classes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing.ranking import COMPETITION, DENSE, ClassBand, Placing, Result, classify, rank, read_bands

pytestmark = pytest.mark.unit


def _ranks(indices: list[str], tie_rule: str) -> list[int | None]:
    placings = rank([Result(key=n, index=Decimal(text)) for n, text in enumerate(indices)], tie_rule)
    return [placings[n].rank for n in range(len(indices))]


def test_competition_skips_after_a_tie():
    assert _ranks(["90", "85", "85", "80"], COMPETITION) == [1, 2, 2, 4]


def test_dense_skips_nothing():
    assert _ranks(["90", "85", "85", "80"], DENSE) == [1, 2, 2, 3]


def test_equal_when_printed_is_not_a_tie():
    assert _ranks(["85.004", "85.001"], COMPETITION) == [1, 2]


def test_trailing_zeros_do_not_break_a_tie():
    assert _ranks(["85.50", "85.5"], COMPETITION) == [1, 1]


def test_not_ranked_and_not_assessed_take_no_place():
    placings = rank(
        [
            Result(key="a", index=Decimal(70)),
            Result(key="special", index=Decimal(99), ranked=False),
            Result(key="absent", index=None),
        ]
    )
    assert placings == {
        "a": Placing(rank=1, of=1),
        "special": Placing(rank=None, of=None),
        "absent": Placing(rank=None, of=None),
    }


def test_each_group_has_its_own_ranks():
    placings = rank(
        [
            Result(key="so", index=Decimal(70), group="so"),
            Result(key="huyen", index=Decimal(60), group="huyen"),
            Result(key="huyen 2", index=Decimal(50), group="huyen"),
        ]
    )
    assert [(placings[key].rank, placings[key].of) for key in ("so", "huyen", "huyen 2")] == [(1, 1), (1, 2), (2, 2)]


def test_an_unknown_tie_rule_is_refused():
    with pytest.raises(ValueError, match="lottery"):
        rank([], "lottery")


BANDS = (
    ClassBand("A", "Loại A", Decimal(90)),
    ClassBand("B", "Loại B", Decimal(80)),
    ClassBand("X", "Xuất sắc", Decimal(95), tiers=("xa",)),
)


@pytest.mark.parametrize(
    ("index", "tier", "expected"),
    [
        ("90", "so", "A"),
        ("89.999999999999", "so", "B"),
        ("79.99", "so", ""),
        ("96", "so", "A"),
        ("96", "xa", "X"),
    ],
)
def test_class_by_threshold_on_the_exact_index(index, tier, expected):
    assert classify(Decimal(index), BANDS, tier) == expected


def test_no_index_has_no_class():
    assert classify(None, BANDS) == ""


def test_bands_survive_the_way_into_the_release_and_back():
    assert read_bands([band.to_json() for band in BANDS]) == BANDS


@pytest.mark.parametrize("wrong", [{"code": "A", "name": "A"}, {"code": "A", "name": "A", "from": "x"}])
def test_a_band_without_a_threshold_is_refused(wrong):
    with pytest.raises(ValueError, match="A"):
        read_bands([wrong])


indices = st.lists(st.decimals(0, 100, places=6, allow_nan=False), max_size=40)


@given(indices, st.sampled_from([COMPETITION, DENSE]))
def test_higher_is_never_behind_and_equal_shares(values, tie_rule):
    placings = rank([Result(key=n, index=value) for n, value in enumerate(values)], tie_rule)
    for n, value in enumerate(values):
        for m, other in enumerate(values):
            if value > other:
                assert placings[n].rank < placings[m].rank
            if value == other:
                assert placings[n].rank == placings[m].rank
        assert placings[n].tied == (values.count(value) > 1)


@given(indices)
def test_a_competition_rank_is_one_more_than_those_ahead(values):
    placings = rank([Result(key=n, index=value) for n, value in enumerate(values)], COMPETITION)
    assert [placings[n].rank for n in range(len(values))] == [
        1 + sum(other > value for other in values) for value in values
    ]


@given(indices)
def test_dense_ranks_have_no_gaps(values):
    placings = rank([Result(key=n, index=value) for n, value in enumerate(values)], DENSE)
    assert {placing.rank for placing in placings.values()} == set(range(1, len(set(values)) + 1))


@given(indices, st.randoms(use_true_random=False))
def test_the_order_of_the_list_does_not_matter(values, random):
    results = [Result(key=n, index=value) for n, value in enumerate(values)]
    shuffled = list(results)
    random.shuffle(shuffled)
    assert rank(results) == rank(shuffled)
