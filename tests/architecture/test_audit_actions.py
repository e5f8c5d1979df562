"""Every action that the code records in the audit log is registered with a sentence for people."""

import ast
from pathlib import Path

from wagtail.log_actions import registry

import pytest

pytestmark = pytest.mark.unit


def _recorded(path: Path) -> set[str]:
    """Return the literal actions of `record("…")` and `audit.record("…")` calls."""
    actions = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "action")]
        if name == "record" and given and isinstance(given[0], ast.Constant) and isinstance(given[0].value, str):
            actions.add(given[0].value)
    return actions


def test_every_recorded_action_is_registered(repository: Path, product_modules: list[Path]) -> None:
    recorded = {action for path in product_modules for action in _recorded(repository / path)}

    assert {action for action in recorded if not registry.action_exists(action)} == set()


def test_every_registered_action_of_ours_has_a_label() -> None:
    rooms = ("cms.", "criteria_pages.", "submissions.", "publishing.")
    unlabelled = [name for name, label in registry.get_choices() if name.startswith(rooms) and not str(label).strip()]

    assert unlabelled == []
