"""What people type into a leaf: read by the inputs its rule asks for, scored where it can be. Pure.

Typed text in, canonical text out (decimals with a dot, dates ISO, choices by value); the reading of single values is
that of `criteria_pages.rules.inputs`, the same for every way in.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from cms.numbers import typed_number
from cms.text import normal
from criteria_pages.definition import Leaf
from criteria_pages.exceptions import InputError
from criteria_pages.rules import get_rule
from criteria_pages.rules.base import InputField, Outcome
from criteria_pages.rules.inputs import canonical_inputs
from criteria_pages.scoring import score_leaf

MAX_EXPLANATION = 20_000
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_LINE_ENDS = dict.fromkeys(map(ord, "\r\x0b\x0c\u2028\u2029"), "\n")
# Marks that turn the direction of what follows: never part of Vietnamese text, and able to make a page lie.
_DIRECTIONS = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from the typed inputs of a leaf; `outcome` is None while required inputs are missing."""

    inputs: dict[str, str]
    outcome: Outcome | None


def input_fields(leaf: Leaf) -> tuple[InputField, ...]:
    """Return the inputs that the leaf's rule asks for."""
    return get_rule(leaf.rule, leaf.maximum).inputs()


def read_inputs(*, leaf: Leaf, typed: Mapping[str, str]) -> Reading:
    """Read typed inputs by the leaf's rule and score them.

    Blank inputs are left out; while a required one is missing there is no outcome, which is no error. Raises
    `InputErrors` with one error per field that cannot be read, `InputError` for what cannot be scored.
    """
    fields = input_fields(leaf)
    unknown = sorted(set(typed) - {field.name for field in fields})
    if unknown:
        raise InputError(
            _("Criterion %(code)s has no input called “%(name)s”.") % {"code": leaf.code, "name": unknown[0][:50]},
            field=unknown[0],
            code="unknown_input",
        )
    inputs = canonical_inputs(fields, {name: clean_text(value) for name, value in typed.items()})
    return Reading(inputs=inputs, outcome=outcome_of(leaf=leaf, inputs=inputs))


def outcome_of(*, leaf: Leaf, inputs: Mapping[str, str]) -> Outcome | None:
    """Score canonical inputs; None while a required input is missing. Raises `InputError` for what cannot be scored."""
    try:
        return score_leaf(leaf, inputs)
    except InputError as error:
        if error.code == "missing":
            return None
        raise


def typed_value(*, field: InputField, stored: str) -> str:
    """Return a canonical value as people type it in this language ("1.5" -> "1,5", "2025-01-31" -> "31/01/2025").

    What is no number is returned as it stands.
    """
    if field.kind == "date" and stored:
        try:
            return dt.date.fromisoformat(stored).strftime("%d/%m/%Y")
        except ValueError:
            return stored
    if field.kind in {"decimal", "integer"} and _NUMBER.fullmatch(stored):
        return typed_number(Decimal(stored))
    return stored


def typed_inputs(leaf: Leaf, stored: Mapping[str, str]) -> dict[str, str]:
    """Return canonical inputs as if a person had typed them for the leaf, to be read, and checked, by its rule."""
    fields = {field.name: field for field in input_fields(leaf)}
    return {
        name: typed_value(field=fields[name], stored=value) if name in fields else value
        for name, value in stored.items()
    }


def shown_value(*, field: InputField, stored: str) -> str:
    """Return a canonical value as people read it: as typed, with the words of a choice instead of its mark."""
    if field.kind == "choice":
        return dict(field.choices).get(stored, stored)
    if field.kind == "boolean":
        return {"true": _("Yes"), "false": _("No")}.get(stored, stored)
    return typed_value(field=field, stored=stored)


def clean_text(text: object) -> str:
    """Return the text in NFC without control characters other than line breaks and tabs, and without direction marks.

    A vertical tab is a line break: it is what Word calls one.
    """
    unified = normal(str(text or "")).replace("\r\n", "\n").translate(_LINE_ENDS).translate(_DIRECTIONS)
    return "".join(c for c in unified if c in "\n\t" or (c >= " " and c != "\x7f"))


def clean_line(text: object) -> str:
    """Return the text as `clean_text` does, on one line with single spaces: for titles, numbers and names."""
    return " ".join(clean_text(text).split())


def read_explanation(text: str) -> str:
    """Return an explanation as it is stored. Raises `InputError` where it is too long."""
    cleaned = clean_text(text).strip()
    if len(cleaned) > MAX_EXPLANATION:
        raise InputError(
            _("The text has %(length)s characters; at most %(limit)s fit. Attach a document instead.")
            % {"length": len(cleaned), "limit": MAX_EXPLANATION},
            field="explanation",
            code="too_long",
        )
    return cleaned
