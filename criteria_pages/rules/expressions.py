"""Formulas of officials: a small language over Decimals, parsed by Python's grammar and walked by us alone.

Allowed: numbers with a decimal point, the declared variables and `maximum`, + - * /, brackets, comparisons,
`a if condition else b`, and min, max, abs. Nothing else: no attributes, no calls of other names, no powers, no strings.
Length, number of parts and depth are bounded, so that neither parsing nor computing can run away.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, Overflow
from typing import Any

from django.utils.translation import gettext as _

from cms.numbers import exact
from criteria_pages.exceptions import CriteriaError

MAX_LENGTH = 300
MAX_NODES = 120
MAX_DEPTH = 25
MAXIMUM = "maximum"
NAME = re.compile(r"[a-z][a-z0-9_]{0,29}", re.ASCII)
FUNCTIONS: Mapping[str, Callable[..., Decimal]] = {"min": min, "max": max, "abs": abs}
RESERVED = frozenset({*FUNCTIONS, MAXIMUM, "if", "else", "and", "or", "not", "in", "is", "alternative"})

_OPERATORS: Mapping[type, Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type, Callable[[Decimal, Decimal], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_DOUBTFUL_COMMA = re.compile(r"(?<![\w.])\d+,\d+")
_SIGNS = str.maketrans({"×": "*", "÷": "/", "−": "-", "–": "-", "≤": "\0", "≥": "\1", "≠": "\2"})


class ExpressionError(CriteriaError):
    """A sentence on why a formula cannot be used."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="unsound_formula")


class DivisionByZeroError(ArithmeticError):
    """A divisor is 0. `name` is the variable that is 0, where the divisor is one."""

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True)
class Expression:
    """A formula that was found sound: its text, the variables it uses, and its parts."""

    text: str
    names: frozenset[str]
    tree: ast.expr

    def evaluate(self, values: Mapping[str, Decimal]) -> Decimal:
        """Return the value in the current Decimal context.

        Raises DivisionByZeroError, or ExpressionError where the numbers grow beyond all measure.
        """
        try:
            return _value(self.tree, values)
        except (InvalidOperation, Overflow):
            raise ExpressionError(_("The numbers are too large to compute.")) from None

    def shown(self, names: Mapping[str, str]) -> str:
        """Return the formula as people read it, with these words (or figures) in the places of the variables."""
        return _shown(self.tree, names)[0]


def parse(text: str, variables: frozenset[str]) -> Expression:
    """Read a formula. Raises ExpressionError with a sentence where it is hostile, too large or not understood."""
    source = _normal(text)
    if not source:
        raise ExpressionError(_("The formula is empty."))
    if len(source) > MAX_LENGTH:
        raise ExpressionError(_("The formula is longer than %(limit)s characters.") % {"limit": MAX_LENGTH})
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(
            _("“%(text)s” cannot be read as a formula. Use + - * / and brackets.") % {"text": text[:80]}
        ) from None
    if _depth(tree) > MAX_DEPTH or sum(1 for _node in ast.walk(tree)) > MAX_NODES:
        raise ExpressionError(_("The formula has too many parts. Split it or simplify it."))
    names = frozenset(_check(tree, source))
    unknown = sorted(names - variables - {MAXIMUM})
    if unknown:
        raise ExpressionError(
            _("The formula uses “%(names)s”, which is not among its variables.") % {"names": ", ".join(unknown)}
        )
    return Expression(text=text.strip(), names=names - {MAXIMUM}, tree=_numbers_exact(tree, source))


def refuse_doubtful_comma(text: str) -> None:
    """Refuse "1000,5" in a formula that is written now: inside min and max it would pass as two values.

    Not part of `parse`, so that a formula that was frozen as "min(1,2)" goes on to be computed.
    """
    if found := _DOUBTFUL_COMMA.search(text):
        raise ExpressionError(
            _(
                "“%(text)s” may be one number or two. Write decimals with a point (0.5), and a space after the comma "
                "that parts two values (1, 5)."
            )
            % {"text": found[0]}
        )


def _normal(text: str) -> str:
    source = text.strip().translate(_SIGNS).replace("\0", "<=").replace("\1", ">=").replace("\2", "!=")
    if re.search(r"\d\s*%", source):
        raise ExpressionError(_("Write per cent as a division by 100, for instance 80/100."))
    return source


def _depth(node: ast.AST) -> int:
    deepest, stack = 0, [(node, 1)]
    while stack:
        current, level = stack.pop()
        deepest = max(deepest, level)
        stack += [(child, level + 1) for child in ast.iter_child_nodes(current)]
    return deepest


def _check(node: ast.expr, source: str) -> Iterator[str]:
    """Yield the names used; raise ExpressionError at the first part that is not allowed."""
    if isinstance(node, ast.Name):
        yield node.id
        return
    if isinstance(node, ast.Constant):
        _check_number(node, source)
        return
    parts = _PARTS.get(type(node), _refused)
    for part in parts(node):
        yield from _check(part, source)


def _check_number(node: ast.Constant, source: str) -> None:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise ExpressionError(_("The formula holds something that is not a number."))
    if not re.fullmatch(r"\d{1,15}(\.\d{1,15})?", ast.get_source_segment(source, node) or "", re.ASCII):
        raise ExpressionError(_("Write numbers with digits and a decimal point, for instance 0.5."))


def _binary_parts(node: ast.BinOp) -> tuple[ast.expr, ...]:
    if isinstance(node.op, ast.Pow):
        raise ExpressionError(_("Powers are not allowed in formulas."))
    if type(node.op) not in _OPERATORS:
        return _refused(node)
    if isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant) and node.right.value == 0:
        raise ExpressionError(_("The formula divides by 0."))
    return node.left, node.right


def _sign_parts(node: ast.UnaryOp) -> tuple[ast.expr, ...]:
    return (node.operand,) if isinstance(node.op, ast.USub | ast.UAdd) else _refused(node)


def _call_parts(node: ast.Call) -> tuple[ast.expr, ...]:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name not in FUNCTIONS or node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
        raise ExpressionError(_("Only min, max and abs may be called, and nothing may be looked up in a formula."))
    if len(node.args) < 2 if name != "abs" else len(node.args) != 1:
        raise ExpressionError(_("min and max take at least two values, abs takes one."))
    return tuple(node.args)


def _condition_parts(node: ast.IfExp) -> tuple[ast.expr, ...]:
    test = node.test
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _COMPARISONS):
        raise ExpressionError(_("A condition compares two values, for instance a / b >= 0.8."))
    return test.left, test.comparators[0], node.body, node.orelse


def _refused(node: ast.expr) -> tuple[ast.expr, ...]:
    if isinstance(node, ast.Tuple):
        raise ExpressionError(_("Write decimals in formulas with a point: 0.5, not 0,5."))
    if isinstance(node, ast.Attribute | ast.Subscript):
        raise ExpressionError(_("Only min, max and abs may be called, and nothing may be looked up in a formula."))
    raise ExpressionError(_("The formula uses something other than + - * /, brackets, min, max, abs and if."))


_PARTS: Mapping[type, Callable[[Any], tuple[ast.expr, ...]]] = {
    ast.BinOp: _binary_parts,
    ast.UnaryOp: _sign_parts,
    ast.Call: _call_parts,
    ast.IfExp: _condition_parts,
}


class _ExactNumbers(ast.NodeTransformer):
    """Puts the Decimal that was written in the place of Python's number, so that no float ever appears."""

    def __init__(self, source: str) -> None:
        self.source = source

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        text = ast.get_source_segment(self.source, node) or "0"
        return ast.copy_location(ast.Constant(value=Decimal(text)), node)  # type: ignore[arg-type]


def _numbers_exact(tree: ast.expr, source: str) -> ast.expr:
    result: ast.expr = _ExactNumbers(source).visit(tree)
    return result


def _value(node: ast.expr, values: Mapping[str, Decimal]) -> Decimal:
    match node:
        case ast.Constant(value=number):
            return number  # type: ignore[return-value]
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(left, op, right, values)
        case ast.UnaryOp(op=op, operand=operand):
            value = _value(operand, values)
            return -value if isinstance(op, ast.USub) else value
        case ast.Call(func=ast.Name(id=function), args=args):
            return FUNCTIONS[function](*(_value(argument, values) for argument in args))
        case ast.IfExp(test=ast.Compare(left=left, ops=[op], comparators=[right]), body=body, orelse=orelse):
            holds = _COMPARISONS[type(op)](_value(left, values), _value(right, values))
            return _value(body if holds else orelse, values)
    raise ExpressionError(_("The formula cannot be computed."))


def _binary(left: ast.expr, op: Any, right: ast.expr, values: Mapping[str, Decimal]) -> Decimal:
    divisor = _value(right, values)
    if isinstance(op, ast.Div) and divisor == 0:
        raise DivisionByZeroError(right.id if isinstance(right, ast.Name) else "")
    return _OPERATORS[type(op)](_value(left, values), divisor)


_BINDS_LOOSELY, _BINDS_TIGHTLY, _STANDS_ALONE = 1, 2, 3
_SHOWN_OPERATORS: Mapping[type, tuple[str, int]] = {
    ast.Add: ("+", _BINDS_LOOSELY),
    ast.Sub: ("−", _BINDS_LOOSELY),
    ast.Mult: ("×", _BINDS_TIGHTLY),
    ast.Div: ("/", _BINDS_TIGHTLY),
}
_SHOWN_COMPARISONS: Mapping[type, str] = {
    ast.Lt: "<",
    ast.LtE: "≤",
    ast.Gt: ">",
    ast.GtE: "≥",
    ast.Eq: "=",
    ast.NotEq: "≠",
}


def _shown(node: ast.expr, names: Mapping[str, str]) -> tuple[str, int]:
    """Return the text of a part and how tightly it holds together, so that brackets stand only where they must."""
    match node:
        case ast.Constant(value=number):
            return exact(number), _STANDS_ALONE  # type: ignore[arg-type]
        case ast.Name(id=name):
            return names[name], _STANDS_ALONE
        case ast.BinOp(left=left, op=op, right=right):
            sign, binds = _SHOWN_OPERATORS[type(op)]
            after = binds + 1 if isinstance(op, ast.Sub | ast.Div) else binds
            return f"{_bracketed(left, names, binds)} {sign} {_bracketed(right, names, after)}", binds
        case ast.UnaryOp(op=op, operand=operand):
            text = _bracketed(operand, names, _STANDS_ALONE)
            return (f"−{text}", _BINDS_TIGHTLY) if isinstance(op, ast.USub) else (text, _STANDS_ALONE)
        case ast.Call(func=ast.Name(id=function), args=args):
            parts = "; ".join(_shown(argument, names)[0] for argument in args)
            return f"{_function_word(function)} ({parts})", _STANDS_ALONE
        case ast.IfExp(test=ast.Compare(left=left, ops=[op], comparators=[right]), body=body, orelse=orelse):
            test = f"{_shown(left, names)[0]} {_SHOWN_COMPARISONS[type(op)]} {_shown(right, names)[0]}"
            words = {"value": _shown(body, names)[0], "test": test, "other": _shown(orelse, names)[0]}
            return _("%(value)s if %(test)s, else %(other)s") % words, 0
    raise ExpressionError(_("The formula cannot be computed."))


def _bracketed(node: ast.expr, names: Mapping[str, str], at_least: int) -> str:
    text, binds = _shown(node, names)
    return text if binds >= at_least else f"({text})"


def _function_word(name: str) -> str:
    return {"min": _("the least of"), "max": _("the greatest of"), "abs": _("the absolute value of")}[name]
