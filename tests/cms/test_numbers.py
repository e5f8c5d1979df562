"""Numbers as people type and read them."""

from decimal import Decimal

from django.utils import translation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms import numbers
from cms.numbers import (
    NumberError,
    exact,
    format_count,
    format_percent,
    format_points,
    parse_decimal,
    read_number,
    round_display,
    typed_number,
)

pytestmark = pytest.mark.unit
decimals = st.decimals(min_value=-(10**9), max_value=10**9, places=6, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,5", "1.5"),
        ("1.5", "1.5"),
        (" 2 ", "2"),
        ("0,125", "0.125"),
        ("1.234", "1.234"),
        ("-3", "-3"),
        ("+4,0", "4.0"),
        ("100", "100"),
    ],
)
def test_reads_what_people_type(text, value):
    assert parse_decimal(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "blank"),
        ("   ", "blank"),
        ("1.234,5", "grouped"),
        ("1,234.5", "grouped"),
        ("1.234.567", "grouped"),
        ("1 234", "grouped"),
        ("1\u00a0234,5", "grouped"),
        ("1e3", "not_a_number"),
        ("1_000", "not_a_number"),
        ("٣", "not_a_number"),
        ("NaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("1,", "not_a_number"),
        (",5", "not_a_number"),
        ("mười", "not_a_number"),
        ("1/2", "not_a_number"),
        ("=1+1", "not_a_number"),
        ("9" * 41, "too_long"),
    ],
)
def test_refuses_what_would_need_guessing(text, code):
    with pytest.raises(NumberError) as refusal:
        parse_decimal(text)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("language", "text", "largest", "value"),
    [
        ("vi", "1.500", "2", "1.5"),
        ("vi", "1.500", "1499", "1.5"),
        ("vi", "1,500", None, "1.5"),
        ("vi", "0.500", None, "0.5"),
        ("vi", "1.5", None, "1.5"),
        ("en", "1,500", "2", "1.5"),
        ("en", "1.500", "100", "1.5"),
        ("en", "0,500", None, "0.5"),
    ],
)
def test_a_figure_that_can_mean_one_thing_only_is_read(language, text, largest, value):
    with translation.override(language):
        assert read_number(text, largest=Decimal(largest) if largest else None) == Decimal(value)


@pytest.mark.parametrize(
    ("language", "text", "largest", "sentence"),
    [
        ("vi", "1.500", None, "“1.500” có thể hiểu theo hai cách. Hãy nhập 1500 hoặc 1,5."),
        ("vi", "1.500", "1500", "“1.500” có thể hiểu theo hai cách. Hãy nhập 1500 hoặc 1,5."),
        ("vi", "12.345", None, "“12.345” có thể hiểu theo hai cách. Hãy nhập 12345 hoặc 12,345."),
        ("en", "1,500", None, "“1,500” can be read in two ways. Type 1500, or 1.5."),
        ("en", "1.234", None, "“1.234” can be read in two ways. Type 1234, or 1.2340."),
    ],
)
def test_a_figure_that_may_mean_thousands_is_asked_back(language, text, largest, sentence):
    with translation.override(language), pytest.raises(NumberError) as refusal:
        read_number(text, largest=Decimal(largest) if largest else None)
    assert (refusal.value.code, refusal.value.message) == ("grouped", sentence)


@given(decimals)
def test_what_a_field_shows_is_read_again_without_a_question(value):
    for language in ("vi", "en"):
        with translation.override(language):
            assert read_number(typed_number(value)) == value


@given(decimals)
def test_reads_back_exact_output_in_both_languages(value):
    for language in ("vi", "en"):
        with translation.override(language):
            assert parse_decimal(exact(value)) == value


@given(st.text(max_size=50))
def test_any_text_is_a_finite_number_or_a_refusal(text):
    try:
        readable = parse_decimal(text).is_finite()
    except NumberError as refusal:
        readable = bool(refusal.message)
    assert readable


@given(decimals)
def test_rounding_moves_by_at_most_half_a_cent(value):
    assert abs(round_display(value) - value) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("value", "shown"), [("0.005", "0.01"), ("2.675", "2.68"), ("-0.005", "-0.01"), ("-0.001", "0.00")]
)
def test_rounds_half_away_from_zero_and_has_no_negative_zero(value, shown):
    assert str(round_display(Decimal(value))) == shown


@pytest.mark.parametrize(("language", "points", "count"), [("vi", "92,40", "10.035"), ("en", "92.40", "10,035")])
def test_formats_by_language(language, points, count):
    with translation.override(language):
        assert format_points(Decimal("92.4")) == points
        assert format_percent(Decimal("92.4")) == f"{points}\u00a0%"
        assert format_count(10035) == count
        assert exact(Decimal("1.250000")) == ("1,25" if language == "vi" else "1.25")


def test_nothing_is_a_dash_and_never_zero():
    assert format_points(None) == format_percent(None) == exact(None) == format_count(None) == numbers.ABSENT
