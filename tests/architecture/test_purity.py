"""Mathematics stays apart from rows, pages and requests."""

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

PURE = ("criteria_pages/definition.py", "criteria_pages/rules", "criteria_pages/scoring", "publishing/ranking")
IMPURE = ("django.db", "django.apps", "django.http", "django.core.cache", "wagtail")
TRANSLATING = {"_", "gettext", "gettext_lazy", "ngettext", "pgettext", "npgettext"}
# The domain decides without knowing who asked over which wire.
NO_REQUEST = ("django.http", "django.contrib.messages", "django.shortcuts", "django.views")


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def _forbidden(path: Path, modules: tuple[str, ...]) -> set[str]:
    return {name for name in _imports(path) for module in modules if name == module or name.startswith(f"{module}.")}


def test_scoring_and_ranking_know_no_database(repository: Path, product_modules: list[Path]) -> None:
    found = {
        str(path): names
        for path in product_modules
        if str(path).startswith(PURE) and (names := _forbidden(repository / path, IMPURE))
    }

    assert found == {}


def test_the_domain_knows_no_request(repository: Path, product_modules: list[Path]) -> None:
    found = {
        str(path): names
        for path in product_modules
        if path.parts[1] == "domain" and (names := _forbidden(repository / path, NO_REQUEST))
    }

    assert found == {}


def test_no_text_for_people_hides_in_an_f_string(repository: Path, product_modules: list[Path]) -> None:
    """The catalogues are collected from calls that stand by themselves; what an f-string holds is never translated."""
    found = []
    for path in product_modules:
        tree = ast.parse((repository / path).read_text(encoding="utf-8"))
        strings = (node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr))
        calls = (call for node in strings for call in ast.walk(node) if isinstance(call, ast.Call))
        found += [
            f"{path}:{call.lineno}" for call in calls if isinstance(call.func, ast.Name) and call.func.id in TRANSLATING
        ]

    assert found == []


def test_no_float_is_made_in_scoring(repository: Path, product_modules: list[Path]) -> None:
    found = []
    for path in product_modules:
        if not str(path).startswith(PURE):
            continue
        for node in ast.walk(ast.parse((repository / path).read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
            is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            if is_call or is_literal:
                found.append(f"{path}:{node.lineno}")

    assert found == []
