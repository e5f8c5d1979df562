"""Numbers inside the sentences of rules."""

from decimal import Decimal

from cms.numbers import exact, round_display


def number(value: Decimal, places: int = 4) -> str:
    """Return the value with as many digits as it needs, at most `places` decimals."""
    return exact(round_display(value, places))


def percent(value: Decimal) -> str:
    """Return a percentage (83.333 -> "83,33 %"), number and sign never parted."""
    return f"{number(value, 2)}\u00a0%"
