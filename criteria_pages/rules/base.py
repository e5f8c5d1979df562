"""What every scoring rule is: one class that knows its parameters, its inputs, its points and its sentence.

A new kind of rule is one new file in this package with a `Rule` subclass decorated by `@register`, and one line in
`rules/__init__.py`. Rules are pure: they take and return plain values, touch no database and no page. The editor's
block is built from `parameters` by `criteria_pages/blocks/rules.py`; the unit's form fields from `inputs()` by
`submissions/forms.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from criteria_pages.definition import RuleSpec
from criteria_pages.exceptions import CriteriaError
from criteria_pages.rules.parameters import Parameter, read_parameters

NOT_APPLICABLE = "na"


@dataclass(frozen=True, slots=True)
class InputField:
    """One input of a leaf's form.

    `kind`: choice | decimal | integer | date | boolean. `choices`: (value, label) pairs for choice. `minimum`,
    `maximum`, `step` bound decimals and integers. Values travel and are stored as canonical text: decimals with a dot
    and no grouping, dates ISO, booleans "true"/"false", choices by value.
    """

    name: str
    kind: str
    label: str
    help: str = ""
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    step: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule makes of inputs: points, whether the leaf counts at all, and the sentence of the trace."""

    points: Decimal
    sentence: str
    applicable: bool = True
    detail: Mapping[str, str] = field(default_factory=dict)


class Rule:
    """Base of all rules. `spec.params` are the editor's parameters, `maximum` the leaf's maximum points."""

    kind: ClassVar[str]
    label: ClassVar[Any]
    description: ClassVar[Any]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    #: Name of a numeric input -> +1 where more of it never gives fewer points, -1 where it never gives more.
    directions: ClassVar[Mapping[str, int]] = {}

    def __init__(self, spec: RuleSpec, maximum: Decimal) -> None:
        self.spec = spec
        self.params = spec.params
        self.maximum = maximum

    @cached_property
    def _read(self) -> tuple[dict[str, Any], list[str]]:
        return read_parameters(self.parameters, self.params)

    @property
    def values(self) -> dict[str, Any]:
        """The parameters, typed (Decimal, int, date, bool, text, tuples of dicts); raises where one is unsound."""
        values, problems = self._read
        if problems:
            raise CriteriaError(" ".join(problems), code="unsound_rule")
        return values

    @property
    def is_monotone(self) -> bool:
        """Whether the points only rise or only fall with each numeric input named in `direction()`."""
        return bool(self.direction())

    def direction(self) -> Mapping[str, int]:
        """Return for numeric inputs +1 or -1: whether more of it never lowers, or never raises, the points."""
        return self.directions

    def problems(self) -> list[str]:
        """Return sentences on what is wrong with the parameters; empty where the rule is sound."""
        problems = list(self._read[1])
        return problems or self.check()

    def check(self) -> list[str]:
        """Return sentences on parameters that can be read but do not make sense together."""
        return []

    def inputs(self) -> tuple[InputField, ...]:
        """Return the inputs that the form asks for."""
        raise NotImplementedError

    def describe(self) -> str:
        """Return the rule as a sentence for people ("under 80 %: 0; 80 to under 100 %: ratio x 1.5; 100 %: 1.5")."""
        raise NotImplementedError

    def score(self, inputs: Mapping[str, str]) -> Outcome:
        """Return the points for canonical inputs, 0 <= points <= maximum, unrounded.

        Raises `criteria_pages.exceptions.InputError` (sentence and field) where inputs cannot be scored.
        """
        raise NotImplementedError

    def not_applicable(self) -> Outcome:
        """Return the outcome of a leaf that the unit says does not apply to it."""
        return Outcome(Decimal(0), _("Does not apply; the criterion leaves the unit's maximum."), applicable=False)

    def clamp(self, points: Decimal) -> Decimal:
        """Return the points held within 0 and the maximum."""
        return max(Decimal(0), min(points, self.maximum))


_REGISTRY: dict[str, type[Rule]] = {}


def register(cls: type[Rule]) -> type[Rule]:
    """Make a kind of rule known under its `kind`."""
    _REGISTRY[cls.kind] = cls
    return cls


def rule_class(kind: str) -> type[Rule]:
    """Return the class of a kind of rule; CriteriaError where there is none."""
    try:
        return _REGISTRY[kind]
    except KeyError:
        raise CriteriaError(
            _("There is no scoring rule of the kind “%(kind)s”.") % {"kind": kind}, code="unknown_rule"
        ) from None
