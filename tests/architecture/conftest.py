"""What the architecture tests look at: the files under version control."""

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tracked(repository: Path) -> list[Path]:
    """The files that git knows, relative to the repository, and those that are about to be added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True).stdout
    return sorted(Path(name) for name in listed.split("\0") if name and (repository / name).is_file())


@pytest.fixture(scope="session")
def product_modules(tracked: list[Path]) -> list[Path]:
    """The Python modules of the rooms, without migrations and tests."""
    rooms = {"cms", "criteria_pages", "submissions", "publishing", "fixtures"}
    return [p for p in tracked if p.suffix == ".py" and p.parts[0] in rooms and "migrations" not in p.parts]


@pytest.fixture(scope="session")
def templates(tracked: list[Path]) -> list[Path]:
    """The templates of the rooms."""
    return [p for p in tracked if "templates" in p.parts and p.suffix in {".html", ".txt", ".xml", ".svg"}]
