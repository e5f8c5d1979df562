"""The house stands as docs and DESIGN say: few folders on top, modules named after concepts, none too long."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

TOP = {
    "cms",
    "criteria_pages",
    "submissions",
    "publishing",
    "fixtures",
    "tests",
    "docs",
    "deploy",
    "manage.py",
    "requirements.txt",
    "requirements-dev.txt",
    "pyproject.toml",
    "Makefile",
    "README.md",
    "LICENSE",
}
CATCH_ALLS = {"utils", "util", "helpers", "helper", "services", "service", "misc", "common", "functions"}
MOST_LINES = 500


def test_top_level_holds_the_rooms_and_nothing_else(tracked: list[Path]) -> None:
    top = {path.parts[0] for path in tracked if not path.parts[0].startswith(".")}

    assert top - TOP == set()


def test_no_module_or_package_is_a_catch_all(tracked: list[Path]) -> None:
    named = [p for p in tracked if p.suffix == ".py" and CATCH_ALLS & {p.stem, *(part for part in p.parts[:-1])}]

    assert named == []


def test_modules_are_short(repository: Path, product_modules: list[Path]) -> None:
    lengths = {str(p): len((repository / p).read_text(encoding="utf-8").splitlines()) for p in product_modules}

    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_every_module_says_what_it_is_for(repository: Path, product_modules: list[Path]) -> None:
    silent = [
        str(p)
        for p in product_modules
        if (text := (repository / p).read_text(encoding="utf-8").strip())
        and not text.startswith(('"""', "#!", "r'''", "'''", 'r"""'))
    ]

    assert silent == []
