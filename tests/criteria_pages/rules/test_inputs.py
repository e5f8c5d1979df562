"""Typed text to canonical inputs."""

from decimal import Decimal

from django.utils import translation

import pytest

from criteria_pages.rules.base import InputField
from criteria_pages.rules.inputs import InputErrors, canonical_inputs

pytestmark = pytest.mark.unit
DECIMAL = InputField("n", "decimal", "Number", minimum=Decimal(0))
INTEGER = InputField("n", "integer", "Number")
DATE = InputField("n", "date", "Day")
BOOLEAN = InputField("n", "boolean", "Flag")
CHOICE = InputField("n", "choice", "Choice", choices=(("a", "A"),))


@pytest.mark.parametrize(
    ("field", "typed", "canonical"),
    [
        (DECIMAL, "1,5", "1.5"),
        (DECIMAL, " 1.50 ", "1.5"),
        (DECIMAL, "0,125", "0.125"),
        (DECIMAL, "0.125", "0.125"),
        (DECIMAL, "1.25", "1.25"),
        (INTEGER, "12", "12"),
        (INTEGER, "1500", "1500"),
        (INTEGER, "12,0", "12"),
        (DATE, "25/01/2024", "2024-01-25"),
        (DATE, "5-1-2024", "2024-01-05"),
        (DATE, "2024-01-25", "2024-01-25"),
        (BOOLEAN, "Có", "true"),
        (BOOLEAN, "off", "false"),
        (CHOICE, "a", "a"),
    ],
)
def test_canonical(field, typed, canonical):
    assert canonical_inputs([field], {"n": typed}) == {"n": canonical}


def test_blank_is_left_out():
    assert canonical_inputs([DECIMAL], {"n": "  "}) == {}


@pytest.mark.parametrize(
    ("field", "typed", "code"),
    [
        (DECIMAL, "1.234,5", "grouped"),
        (DECIMAL, "1.500", "grouped"),
        (INTEGER, "10.035", "grouped"),
        (DECIMAL, "hai", "not_a_number"),
        (DECIMAL, "1e3", "not_a_number"),
        (DECIMAL, "NaN", "not_a_number"),
        (DECIMAL, "٣", "not_a_number"),
        (DECIMAL, "-1", "too_small"),
        (DECIMAL, "1234567890123456", "too_many_digits"),
        (INTEGER, "1,5", "not_whole"),
        (DATE, "30/02/2024", "not_a_date"),
        (DATE, "soon", "not_a_date"),
        (DATE, "31/12/9999", "implausible_date"),
        (DATE, "0024-01-25", "implausible_date"),
        (BOOLEAN, "maybe", "not_boolean"),
        (CHOICE, "b", "unknown_choice"),
    ],
)
def test_refused(field, typed, code):
    with pytest.raises(InputErrors) as caught:
        canonical_inputs([field], {"n": typed})
    assert [(error.field, error.code) for error in caught.value.errors] == [("n", code)]


def test_all_errors_at_once():
    other = InputField("m", "date", "Day")
    with pytest.raises(InputErrors) as caught:
        canonical_inputs([DECIMAL, other], {"n": "x", "m": "y"})
    assert [error.field for error in caught.value.errors] == ["n", "m"]


def test_the_sentence_beside_an_input_leaves_its_label_out():
    with translation.override("en"), pytest.raises(InputErrors) as refused:
        canonical_inputs([DECIMAL], {"n": "-1"})
    [error] = refused.value.errors
    assert (error.message, error.beside) == ("Number: -1 is less than 0.", "-1 is less than 0.")


def test_a_point_before_three_digits_is_told_in_both_readings():
    with translation.override("en"), pytest.raises(InputErrors) as refused:
        canonical_inputs([DECIMAL], {"n": "1.500"})
    assert [error.beside for error in refused.value.errors] == ["“1.500” can be read in two ways. Type 1500, or 1.5."]


def test_below_a_thousand_three_digits_after_the_sign_are_decimals():
    points = InputField("n", "decimal", "Points", maximum=Decimal(2))
    for language in ("vi", "en"):
        with translation.override(language):
            read = [canonical_inputs([points], {"n": typed}) for typed in ("1.500", "1,500")]
        assert read == [{"n": "1.5"}] * 2


def test_on_vietnamese_pages_the_comma_is_always_the_decimal_sign():
    with translation.override("vi"):
        assert canonical_inputs([DECIMAL], {"n": "1,125"}) == {"n": "1.125"}
