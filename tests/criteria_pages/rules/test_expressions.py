"""The language of formulas: what it computes and what it refuses."""

from decimal import Decimal

from django.utils import translation

import pytest

from criteria_pages.rules.expressions import DivisionByZeroError, ExpressionError, parse

pytestmark = pytest.mark.unit
NAMES = frozenset({"a", "b"})
VALUES = {"a": Decimal(3), "b": Decimal(4), "maximum": Decimal(2)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a / b * maximum", "1.5"),
        ("0.1 + 0.2", "0.3"),
        ("a − b × 2", "-5"),
        ("-(a - b)", "1"),
        ("min(a, b, 1.5)", "1.5"),
        ("max(a, b)", "4"),
        ("abs(a - b)", "1"),
        ("maximum if a / b ≥ 0.75 else 0", "2"),
        ("maximum if a >= b else a / b", "0.75"),
        ("+a", "3"),
    ],
)
def test_evaluate(text, value):
    assert parse(text, NAMES).evaluate(VALUES) == Decimal(value)


def test_names_used():
    assert parse("a / maximum", NAMES).names == {"a"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The formula is empty."),
        ("a +", "“a +” cannot be read as a formula. Use + - * / and brackets."),
        ("c / a", "The formula uses “c”, which is not among its variables."),
        ("a ** 9 ** 9", "Powers are not allowed in formulas."),
        ("a.__class__", "Only min, max and abs may be called, and nothing may be looked up in a formula."),
        ("__import__('os')", "Only min, max and abs may be called, and nothing may be looked up in a formula."),
        ("a[0]", "Only min, max and abs may be called, and nothing may be looked up in a formula."),
        ("min(*a)", "Only min, max and abs may be called, and nothing may be looked up in a formula."),
        ("min(a, key=b)", "Only min, max and abs may be called, and nothing may be looked up in a formula."),
        ("min(a)", "min and max take at least two values, abs takes one."),
        ("'a' * 999999", "The formula holds something that is not a number."),
        ("True", "The formula holds something that is not a number."),
        ("1e400", "Write numbers with digits and a decimal point, for instance 0.5."),
        ("0x10", "Write numbers with digits and a decimal point, for instance 0.5."),
        ("1_000", "Write numbers with digits and a decimal point, for instance 0.5."),
        ("0,5 * a", "Write decimals in formulas with a point: 0.5, not 0,5."),
        ("a * 80%", "Write per cent as a division by 100, for instance 80/100."),
        ("a / 0", "The formula divides by 0."),
        ("[a for a in b]", "The formula uses something other than + - * /, brackets, min, max, abs and if."),
        ("lambda: a", "The formula uses something other than + - * /, brackets, min, max, abs and if."),
        ("a // b", "The formula uses something other than + - * /, brackets, min, max, abs and if."),
        ("a << 99", "The formula uses something other than + - * /, brackets, min, max, abs and if."),
        ("(a := 1)", "The formula uses something other than + - * /, brackets, min, max, abs and if."),
        ("a if b else 1", "A condition compares two values, for instance a / b >= 0.8."),
        ("a" * 301, "The formula is longer than 300 characters."),
        ("-" * 60 + "a", "The formula has too many parts. Split it or simplify it."),
        ("a" + "+a" * 100, "The formula has too many parts. Split it or simplify it."),
        ("(" * 140 + "a" + ")" * 140, None),
        ("a\x00", "“a\x00” cannot be read as a formula. Use + - * / and brackets."),
    ],
)
def test_hostile_or_wrong_formulas_are_refused(text, sentence):
    if sentence is None:
        assert parse(text, NAMES).evaluate(VALUES) == 3
        return
    with pytest.raises(ExpressionError) as caught:
        parse(text, NAMES)
    assert str(caught.value) == sentence


def test_division_by_zero_names_the_variable():
    with pytest.raises(DivisionByZeroError) as caught:
        parse("a / b", NAMES).evaluate({"a": Decimal(1), "b": Decimal(0)})
    assert caught.value.name == "b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a / b * maximum", "“Done” / “Asked” × the most"),
        ("(a + b) * 0.5", "(“Done” + “Asked”) × 0.5"),
        ("a - (b - 1)", "“Done” − (“Asked” − 1)"),
        ("a - b - 1", "“Done” − “Asked” − 1"),
        ("a / (b * 2)", "“Done” / (“Asked” × 2)"),
        ("-(a + b)", "−(“Done” + “Asked”)"),
        ("min(a, b / 2)", "the least of (“Done”; “Asked” / 2)"),
        ("maximum if a / b >= 0.8 else 0", "the most if “Done” / “Asked” ≥ 0.8, else 0"),
        ("1 + (a if a > b else b)", "1 + (“Done” if “Done” > “Asked”, else “Asked”)"),
    ],
)
def test_shown__with_the_words_of_the_form(text, shown):
    names = {"a": "“Done”", "b": "“Asked”", "maximum": "the most"}
    with translation.override("en"):
        assert parse(text, frozenset({"a", "b"})).shown(names) == shown


def test_shown__with_the_decimal_comma_in_vietnamese():
    with translation.override("vi"):
        assert parse("a * 0.5", frozenset({"a"})).shown({"a": "3"}) == "3 × 0,5"
