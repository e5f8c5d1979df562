"""Migrations are named, in one line per room, and touch no live code of abstract models."""

import re
from pathlib import Path

from django.db.migrations.loader import MigrationLoader

import pytest

pytestmark = pytest.mark.unit

ROOMS = ("cms", "criteria_pages", "submissions", "publishing")


@pytest.fixture(scope="module")
def loader() -> MigrationLoader:
    return MigrationLoader(None)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_one_last_migration(room: str, loader: MigrationLoader) -> None:
    assert len(loader.graph.leaf_nodes(room)) == 1


@pytest.mark.parametrize("room", ROOMS)
def test_migrations_are_named_after_what_they_do(room: str, loader: MigrationLoader) -> None:
    names = [name for app, name in loader.disk_migrations if app == room]

    assert [name for name in names if re.search(r"_auto_|_\d{8}|^\d{4}_alter_\w+_and_more$", name)] == []


def test_data_migrations_say_how_to_go_back(repository: Path, tracked: list[Path]) -> None:
    silent = []
    for path in tracked:
        if "migrations" in path.parts and path.suffix == ".py" and path.parts[0] in ROOMS:
            text = (repository / path).read_text(encoding="utf-8")
            if re.search(r"RunPython\(\s*[\w.]+\s*\)", text):
                silent.append(str(path))

    assert silent == []
